// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Reads declarations, and checks them together: every problem in one run.
package enum FleetParser {
    /// Whether a file can hold declarations: YAML below `fleet/`, and `environments/*/environment.yaml`. No other need be read.
    package static func isDeclarationPath(_ path: String) -> Bool { DeclarationPath.isCandidate(path) }

    /// Whether files in or below a folder can hold declarations; others need not be walked.
    package static func canHoldDeclarations(folder: String) -> Bool { DeclarationPath.canHold(folder: folder) }

    /// Reads one file by itself; `nil` where it declares nothing and nothing is wrong with it.
    ///
    /// What is read of a file depends on its path and bytes alone, so it can be kept for as long as these stay the same.
    package static func read(_ file: SourceFile) -> ReadFile? {
        guard isDeclarationPath(file.path) else { return nil }
        var reader = DocumentReader()
        reader.read(file)
        guard !reader.declarations.isEmpty || !reader.report.diagnostics.isEmpty else { return nil }
        return ReadFile(path: file.path, declarations: reader.declarations, diagnostics: reader.report.diagnostics)
    }

    /// Reads a fleet repository's files; those that hold no declarations are passed over.
    package static func parse(_ files: [SourceFile]) -> ParseResult { parse(files.compactMap(read)) }

    /// Checks together what was read of a fleet repository's files.
    package static func parse(_ files: [ReadFile]) -> ParseResult {
        let report = Report()
        let declarations = collect(files, report)
        let fleet = Fleet(declarations)
        NameChecks(report: report).check(declarations)
        EnvironmentChecks(declared: declarations.environments, fleet: fleet, report: report).check()
        PipelineChecks(declarations: declarations, report: report).check()
        PolicyChecks(declared: declarations.accessPolicies, report: report).check()
        ApplicationChecks(declared: declarations.applications, fleet: fleet, report: report).check()
        return ParseResult(all: fleet, diagnostics: report.diagnostics.sorted())
    }

    /// Reads the applications of a pipeline's release, whose files are another commit's or repository's than the fleet's.
    ///
    /// - Parameter fleet: of the fleet commit that the release is judged by; its own applications do not matter.
    package static func release(_ files: [SourceFile], of pipeline: Pipeline, in fleet: Fleet) -> ReleaseResult {
        release(files.compactMap(read), of: pipeline, in: fleet)
    }

    /// Checks together what was read of a release's files.
    package static func release(_ files: [ReadFile], of pipeline: Pipeline, in fleet: Fleet) -> ReleaseResult {
        let report = Report()
        var applications = Declarations()
        applications.applications = collect(files, report).applications
        let declared = applications.applications
        let release = fleet.with(applications: declared.map(\.object))
        NameChecks(report: report).check(applications)
        ApplicationChecks(declared: declared, fleet: release, report: report).check()
        if case .names(let names) = pipeline.applications { note(missing: names, of: pipeline, declared, report) }
        let result = ParseResult(all: release, diagnostics: report.diagnostics.sorted())
        return ReleaseResult(
            applications: release.applications(of: pipeline), diagnostics: result.diagnostics(concerning: pipeline))
    }

    private static func note(missing names: [String], of pipeline: Pipeline, _ declared: [Declared<Application>], _ report: Report) {
        let known = Set(declared.lazy.map(\.object.name))
        for name in names where !known.contains(name) {
            report.add(
                Diagnostic(
                    file: "fleet/applications/\(name)/application.yaml", line: 1, column: 1, severity: .error, code: "missing-reference",
                    message: "the release has no application '\(name)', which pipeline '\(pipeline.name)' names",
                    subject: Subject(.application, name)))
        }
    }

    /// All declarations, by their files' paths, and what was wrong with each by itself.
    private static func collect(_ files: [ReadFile], _ report: Report) -> Declarations {
        var all = Declarations()
        for file in files.sorted(by: { $0.path < $1.path }) {
            all.add(file.declarations)
            for diagnostic in file.diagnostics { report.add(diagnostic) }
        }
        return all
    }
}

/// What one file declares, and what is wrong with it by itself.
package final class ReadFile: Sendable {
    /// Below the repository's root, parts separated by `/`.
    package let path: String
    let declarations: Declarations
    let diagnostics: [Diagnostic]

    fileprivate init(path: String, declarations: Declarations, diagnostics: [Diagnostic]) {
        self.path = path
        self.declarations = declarations
        self.diagnostics = diagnostics
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
        let errors = errors
        guard !errors.isEmpty else { return all }
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
            var seen: Set<String> = Set(minimumCapacity: declared.count)
            return declared.map(\.object).filter { seen.insert(name($0)).inserted }
        }
        self.init(
            clusters: first(declarations.clusters, \.name), applications: first(declarations.applications, \.name),
            environments: first(declarations.environments, \.name), pipelines: first(declarations.pipelines, \.name),
            repositories: first(declarations.repositories, \.name), accessPolicies: first(declarations.accessPolicies, \.name),
            notifications: first(declarations.notifications, \.name))
    }
}
