// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import Rendering

/// What a tree declares, as far as renders need it.
struct DeclaredFleet: Sendable {
    let fleet: Fleet
    let places: DeclarationPlaces
    /// What is wrong with applications, which are not in the fleet then.
    let applicationErrors: [Diagnostic]

    /// Reads the declarations. Anything but an application that has an error is a complaint, as the coordinator would refuse the commit.
    init(_ tree: any FileTree, root: String) throws {
        let files = try DeclarationFiles.read(tree).compactMap(FleetParser.read)
        guard !files.isEmpty else {
            throw Failure(
                "\(root): there are no declarations",
                hint: "they are in fleet/ and in environments/NAME/environment.yaml; --root FOLDER says below which folder")
        }
        let result = FleetParser.parse(files)
        guard let fleet = result.declarations else { throw Complaint(result.errors) }
        self.fleet = fleet
        applicationErrors = result.errors
        places = DeclarationPlaces(files)
    }

    // MARK: - Names

    /// The clusters that are meant, with their environments: one, or all of one environment; never none.
    func clusters(environment: String?, cluster: String?) throws(Failure) -> [Variables] {
        let named = try environment.map { name throws(Failure) in try self.environment(name) }
        guard let cluster else {
            guard let named else { return [] }
            let clusters = fleet.clusters(in: named)
            guard !clusters.isEmpty else { throw Failure("environment '\(named.name)' has no cluster") }
            return clusters.map { Variables(environment: named, cluster: $0) }
        }
        guard let found = fleet.cluster(cluster) else {
            throw Failure(
                "there is no cluster '\(cluster)'",
                hint: Suggestion.hint(for: cluster, among: fleet.clusters.map(\.name), what: "there are"))
        }
        let own = fleet.environment(of: found)
        if let named {
            guard named.clusterSelector.matches(found.labels) else {
                throw Failure(
                    "cluster '\(cluster)' is not in environment '\(named.name)'",
                    hint: own.map { "it is in '\($0.name)'" } ?? "no environment selects its labels")
            }
            return [Variables(environment: named, cluster: found)]
        }
        guard let own else { throw Failure("cluster '\(cluster)' is in no environment: none selects its labels") }
        return [Variables(environment: own, cluster: found)]
    }

    private func environment(_ name: String) throws(Failure) -> FleetModel.Environment {
        guard let found = fleet.environment(name) else {
            throw Failure(
                "there is no environment '\(name)'",
                hint: Suggestion.hint(for: name, among: fleet.environments.map(\.name), what: "there are"))
        }
        return found
    }

    // MARK: - Paths

    /// The application that is declared in the folder, or in the file, at `path`.
    func application(at path: String) throws -> Application? {
        let wrong = applicationErrors.filter { Self.isDeclared($0.file, at: path) }
        guard wrong.isEmpty else { throw Complaint(wrong) }
        let found = fleet.applications.filter { application in
            places.file(of: Subject(.application, application.name)).map { Self.isDeclared($0, at: path) } ?? false
        }
        guard found.count < 2 else {
            throw Failure("\(path): declares \(Self.list(found.map(\.name))): name the folder that one of them renders")
        }
        return found.first
    }

    private static func isDeclared(_ file: String, at path: String) -> Bool {
        file == path || (file.utf8.lastIndex(of: UInt8(ascii: "/")).map { file[..<$0] == path } ?? path.isEmpty)
    }

    /// The application whose source is at `path` for one of the clusters, with those clusters.
    func application(from path: String, for clusters: [Variables]) throws(Failure) -> (Application, [Variables])? {
        var found: [(Application, [Variables])] = []
        for application in fleet.applications {
            let there = clusters.filter { (try? Template.expand(application.source.path, $0)).map(LocalFile.plain) == path }
            if !there.isEmpty { found.append((application, there)) }
        }
        guard found.count < 2 else {
            throw Failure(
                "\(path): the applications \(Self.list(found.map(\.0.name))) are rendered from here",
                hint: found.first.flatMap { places.file(of: Subject(.application, $0.0.name)) }.map {
                    "name one by its own folder, as that of \($0)"
                }
            )
        }
        return found.first
    }

    /// Of the clusters, those that the application goes to; a failure where there is none.
    func clusters(_ clusters: [Variables], for application: Application) throws(Failure) -> [Variables] {
        guard let selector = application.clusterSelector else { return clusters }
        let left = clusters.filter { selector.matches($0.clusterLabels) }
        guard left.isEmpty, let first = clusters.first else { return left }
        let whose = clusters.count == 1 ? "cluster '\(first.clusterName)'" : "any cluster of environment '\(first.environmentName)'"
        throw Failure("application '\(application.name)' does not go to \(whose): its clusterSelector does not match")
    }

    /// What is wrong with the path of an application's source, where that stands.
    func error(_ application: Application, _ error: TemplateError) -> RenderError {
        let subject = Subject(.application, application.name)
        let mark = places.mark(of: subject, at: ["spec", "source", "path"])
        return RenderError(
            code: error.code, path: places.file(of: subject) ?? "", line: mark?.line, column: mark?.column, message: error.message,
            hint: error.hint)
    }

    /// What is said where no pipeline carries the application to the environment.
    func warning(_ application: Application, in environment: String) -> String? {
        let carried = fleet.pipelines.contains { pipeline in
            pipeline.stages.contains { $0.environment == environment } && pipeline.applications.contains(application)
        }
        return carried ? nil : "no pipeline carries application '\(application.name)' to environment '\(environment)'"
    }

    static func list(_ names: [String], limit: Int = 10) -> String {
        names.prefix(limit).map { "'\($0)'" }.joined(separator: ", ") + (names.count > limit ? " and \(names.count - limit) more" : "")
    }
}
