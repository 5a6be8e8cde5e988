// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Reads declarations, and checks them together: every problem in one run.
package enum FleetParser {
    /// Whether a file can hold declarations: YAML below `fleet/`, and `environments/*/environment.yaml`. No other need be read.
    package static func isDeclarationPath(_ path: String) -> Bool { DeclarationPath.isCandidate(path) }

    /// Reads a fleet repository's files; those that hold no declarations are passed over.
    package static func parse(_ files: [SourceFile]) -> ParseResult {
        let reader = read(files)
        let declarations = reader.declarations
        let fleet = Fleet(declarations)
        NameChecks.check(declarations)
        EnvironmentChecks(declared: declarations.environments, fleet: fleet).check()
        PipelineChecks(declarations: declarations, fleet: fleet).check()
        ApplicationChecks(declared: declarations.applications, fleet: fleet).check()
        return ParseResult(all: fleet, diagnostics: reader.report.diagnostics.sorted())
    }

    /// Reads the applications of a pipeline's release, whose files are another commit's or repository's than the fleet's.
    ///
    /// - Parameter fleet: of the fleet commit that the release is judged by; its own applications do not matter.
    package static func release(_ files: [SourceFile], of pipeline: Pipeline, in fleet: Fleet) -> ReleaseResult {
        let reader = read(files)
        let declared = reader.declarations.applications
        let release = fleet.with(applications: declared.map(\.object))
        var applications = Declarations()
        applications.applications = declared
        NameChecks.check(applications)
        ApplicationChecks(declared: declared, fleet: release).check()
        if case .names(let names) = pipeline.applications { report(missing: names, of: pipeline, declared, reader.report) }
        let result = ParseResult(all: release, diagnostics: reader.report.diagnostics.sorted())
        return ReleaseResult(
            applications: release.applications(of: pipeline), diagnostics: result.diagnostics(concerning: pipeline))
    }

    private static func report(missing names: [String], of pipeline: Pipeline, _ declared: [Declared<Application>], _ report: Report) {
        for name in names where !declared.contains(where: { $0.object.name == name }) {
            report.add(
                Diagnostic(
                    file: "fleet/applications/\(name)/application.yaml", line: 1, column: 1, severity: .error, code: "missing-reference",
                    message: "the release has no application '\(name)', which pipeline '\(pipeline.name)' names",
                    subject: Subject(.application, name)))
        }
    }

    private static func read(_ files: [SourceFile]) -> DocumentReader {
        var reader = DocumentReader()
        for file in files.sorted(by: { $0.path < $1.path }) where isDeclarationPath(file.path) { reader.read(file) }
        return reader
    }
}

/// What a fleet repository declares, and what is wrong with it.
package struct ParseResult: Sendable {
    private let all: Fleet
    /// Errors and warnings, sorted by place.
    package let diagnostics: [Diagnostic]

    fileprivate init(all: Fleet, diagnostics: [Diagnostic]) {
        self.all = all
        self.diagnostics = diagnostics
    }

    package var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }

    /// Everything; `nil` where anything has an error.
    package var fleet: Fleet? { errors.isEmpty ? all : nil }

    /// Everything but the applications that have errors; `nil` where anything else has one.
    ///
    /// What a fleet commit is judged by: an invalid application refuses the release that carries it, not the fleet.
    package var declarations: Fleet? {
        guard errors.allSatisfy({ $0.subject?.kind == .application }) else { return nil }
        let invalid = Set(errors.compactMap { $0.subject?.name })
        return all.with(applications: all.applications.filter { !invalid.contains($0.name) })
    }

    /// What concerns the pipeline's applications, and applications of which it cannot be said whose they are.
    package func diagnostics(concerning pipeline: Pipeline) -> [Diagnostic] {
        diagnostics.filter { diagnostic in
            guard let subject = diagnostic.subject, subject.kind == .application else { return false }
            if let application = all.application(subject.name) {
                return pipeline.applications.contains(application)
                    || (diagnostic.severity == .error && all.pipeline(of: application) == nil)
            }
            if case .names(let names) = pipeline.applications { return names.contains(subject.name) }
            return true
        }
    }
}

/// The applications of one release of a pipeline, and what is wrong with them.
package struct ReleaseResult: Sendable {
    /// As far as they could be read; not to be used where there are errors.
    package let applications: [Application]
    /// Only what concerns this pipeline; sorted by place.
    package let diagnostics: [Diagnostic]

    package var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }

    /// Whether the release may be promoted.
    package var isValid: Bool { errors.isEmpty }
}

extension Fleet {
    /// The first of each name: a second one is an error of its own.
    fileprivate init(_ declarations: Declarations) {
        func first<Object>(_ declared: [Declared<Object>], _ name: (Object) -> String) -> [Object] {
            var seen: Set<String> = []
            return declared.map(\.object).filter { seen.insert(name($0)).inserted }
        }
        self.init(
            clusters: first(declarations.clusters, \.name), applications: first(declarations.applications, \.name),
            environments: first(declarations.environments, \.name), pipelines: first(declarations.pipelines, \.name),
            repositories: first(declarations.repositories, \.name), accessPolicies: first(declarations.accessPolicies, \.name),
            notifications: first(declarations.notifications, \.name))
    }
}
