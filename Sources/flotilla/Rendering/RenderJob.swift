// SPDX-License-Identifier: Apache-2.0
import FleetCoordinator
import FleetModel
import Kustomize
import Manifests
import Rendering

/// One path to render, for one cluster where one is named.
struct RenderJob: Sendable {
    /// As it was written, for messages.
    var given: String
    /// From the tree's root.
    var path: String
    /// The tree's root, for messages.
    var root: String
    var environment: String?
    var cluster: String?
    var namespace: String?
    var substitute: Bool
    /// Said on the command line; they hide the cluster's.
    var variables: [String: String]

    struct Printed: Sendable {
        var text: String
        var warnings: [String] = []
    }

    /// What is to be rendered, found out.
    struct Found: Sendable {
        var request: RenderRequest
        var application: Application?
        /// The cluster that it is rendered for, and the others of its environment that get the same, it is to be hoped.
        var clusters: [Variables] = []
        var fleet: DeclaredFleet?
        var warnings: [String] = []
        /// Whether nothing of ours applies: a kustomization is printed just as its engine gives it.
        var isPlain: Bool { application == nil && !request.substitute && request.namespace == nil }
    }

    /// The stream of documents.
    func print(from tree: any FileTree) throws -> Printed {
        let found = try find(in: tree)
        if found.isPlain, let folder = try kustomization(found.request.path, in: tree) {
            let build = try Kustomize.run(folder, from: tree)
            return Printed(
                text: YAML.write(documents: build.objects.map(\.value)), warnings: found.warnings + build.deprecations.map(\.warning))
        }
        let rendered = try Renderer.render(found.request, from: tree)
        try confirm(found, rendered.trace)
        return Printed(text: YAML.write(documents: rendered.objects.map(\.value)), warnings: found.warnings + rendered.warnings)
    }

    /// How a field of one of the objects got its value.
    func explain(_ field: ObjectField, from tree: any FileTree, _ format: ExplanationFormat, _ style: Style) throws -> Printed {
        let found = try find(in: tree)
        if found.clusters.count > 1 { try confirm(found, try Renderer.render(found.request, from: tree).trace) }
        let text = ExplanationText(
            explanation: try Renderer.explain(field, of: found.request, from: tree), variables: Set(variables.keys),
            hasNamespace: namespace != nil, application: found.application, cluster: found.clusters.first, places: found.fleet?.places)
        switch format {
        case .text: return Printed(text: text.text(style: style), warnings: found.warnings)
        case .json: return Printed(text: JSON.text(text.document, pretty: true) + "\n", warnings: found.warnings)
        }
    }

    /// The folder that the path leads to, where it holds a kustomization.
    private func kustomization(_ path: String, in tree: any FileTree) throws -> String? {
        let real = try tree.resolve(path)
        guard case .folder? = try tree.entry(at: real), try Kustomize.kustomization(in: real, of: tree) != nil else { return nil }
        return real
    }

    // MARK: - Finding

    func find(in tree: any FileTree) throws -> Found {
        guard environment != nil || cluster != nil else {
            let found = Found(
                request: RenderRequest(
                    path: path, namespace: namespace, substitute: substitute, allowClearSecrets: true, variables: variables))
            try need(path, in: tree)
            try refuseDeclaration(in: tree)
            return found
        }
        let fleet = try DeclaredFleet(tree, root: root)
        let clusters = try fleet.clusters(environment: environment, cluster: cluster)
        if let application = try fleet.application(at: path) {
            let clusters = try fleet.clusters(clusters, for: application)
            return try request(application, clusters, fleet)
        }
        if let (application, clusters) = try fleet.application(from: path, for: clusters) {
            return try request(application, try fleet.clusters(clusters, for: application), fleet)
        }
        if fleet.fleet.application(path) != nil, let file = fleet.places.file(of: Subject(.application, path)),
            try tree.entry(at: path) == nil
        {
            throw Failure("\(given): no such file or folder", hint: "application '\(path)' is declared in \(file): name its folder")
        }
        try need(path, in: tree)
        let all = clusters.first.map { $0.flattened.merging(variables) { $1 } } ?? variables
        return Found(
            request: RenderRequest(path: path, namespace: namespace, substitute: substitute, allowClearSecrets: true, variables: all),
            clusters: clusters, fleet: fleet)
    }

    private func request(_ application: Application, _ clusters: [Variables], _ fleet: DeclaredFleet) throws -> Found {
        guard let first = clusters.first else { throw Failure("application '\(application.name)' goes to no cluster") }
        var request: RenderRequest
        do {
            request = try RenderRequest(application, for: first)
            for other in clusters.dropFirst() {
                guard try Template.expand(application.source.path, other) == request.path else {
                    throw several(clusters, "they render different folders")
                }
            }
        } catch {
            guard let wrong = error as? TemplateError else { throw error }
            throw RenderFailure(fleet.error(application, wrong))
        }
        request.namespace = namespace ?? request.namespace
        request.substitute = request.substitute || substitute
        request.variables.merge(variables) { $1 }
        return Found(
            request: request, application: application, clusters: clusters, fleet: fleet,
            warnings: fleet.warning(application, in: first.environmentName).map { [$0] } ?? [])
    }

    /// Makes sure that all the clusters get what was rendered for the first: that they give the same answers.
    func confirm(_ found: Found, _ trace: RenderTrace) throws(Failure) {
        for cluster in found.clusters.dropFirst() {
            let facts = ClusterFacts(variables: cluster.flattened.merging(variables) { $1 })
            if let answer = trace.answers.first(where: { facts[$0.question] != $0.value }) {
                throw several(found.clusters, "their \(answer.question) differs, and it is used")
            }
        }
    }

    private func several(_ clusters: [Variables], _ reason: String) -> Failure {
        Failure(
            "the clusters of environment '\(clusters.first?.environmentName ?? "")' get different renders: \(reason)",
            hint: "--cluster says which: \(DeclaredFleet.list(clusters.map(\.clusterName), limit: 24))")
    }

    private func need(_ path: String, in tree: any FileTree) throws {
        guard try tree.entry(at: try tree.resolve(path)) != nil else { throw Failure("\(given): no such file or folder") }
    }

    /// An application's folder holds a declaration, which is nothing that a cluster gets: without a cluster it is a question left open.
    private func refuseDeclaration(in tree: any FileTree) throws {
        for name in ["application.yaml", "application.yml"] {
            let file = path.isEmpty ? name : "\(path)/\(name)"
            guard FleetParser.isDeclarationPath(file), case .file? = try tree.entry(at: file), try kustomization(path, in: tree) == nil,
                let application = try DeclaredFleet(tree, root: root).application(at: path)
            else { continue }
            throw Failure(
                "\(given): declares application '\(application.name)', whose source is \(application.source.path)",
                hint: "--cluster says for which cluster it is rendered, or --environment")
        }
    }
}
