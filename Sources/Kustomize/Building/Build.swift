// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One build: the recursion over kustomizations.
///
/// A kustomization reads its resources, then runs its generators, its components, its transformers and its validators, and hands all to the one
/// that refers to it. Hashes in names, references by name and variables come last, once, over everything. The order is kustomize's
/// (`api/internal/target/kusttarget.go`).
final class Build<Tree: FileTree> {
    let loader: Loader<Tree>
    let context: BuildContext
    let history: FieldHistory?
    private(set) var deprecations: [KustomizeProblem] = []
    private var kustomizationsBuilt = 0

    init(tree: Tree, limits: KustomizeLimits, history: FieldHistory? = nil) {
        let loader = Loader(tree: tree, limits: limits)
        self.loader = loader
        context = BuildContext(limits: limits, file: loader.known)
        self.history = history
    }

    /// Builds the kustomization in `folder` and all below it.
    func run(_ folder: String) throws(KustomizeFailure) -> [Resource] {
        let kustomization = try load(folder, chain: [])
        let node = kustomization.node
        let metadata = try buildMetadata(node)
        try readSchema(of: kustomization)
        var all = Accumulator()
        try accumulate(kustomization, chain: [], origin: metadata.isEmpty ? nil : Origin(), into: &all)
        try transform(&all.resources, by: HashTransformer(), named: "HashTransformer", at: nil, in: kustomization)
        try transform(
            &all.resources, by: NameReferenceTransformer(all.configuration.nameReferences), named: "name references", at: nil,
            in: kustomization)
        try transform(
            &all.resources, by: VariableResolution(all.variables, fields: all.configuration.varReferences), named: "vars", at: node["vars"],
            in: kustomization)
        var resources = all.resources.items.filter { !isLocal($0) }
        resources = (try SortOrder.read(node["sortOptions"]) ?? .standard).sorted(resources)
        finish(resources, metadata)
        return resources
    }

    private func buildMetadata(_ node: Node) throws(KustomizeFailure) -> Set<String> { Set(try node.texts("buildMetadata")) }

    /// Resources that are only there for kustomize itself.
    private func isLocal(_ resource: Resource) -> Bool {
        guard let text = resource.annotation("config.kubernetes.io/local-config") else { return false }
        return text != "false"
    }

    private func finish(_ resources: [Resource], _ metadata: Set<String>) {
        for resource in resources {
            if metadata.contains("managedByLabel") {
                if resource.value["metadata"]?["labels"]?.map == nil { resource.value["metadata"]?["labels"] = .map(Map()) }
                // What kubectl's kustomize calls its own version.
                resource.value["metadata"]?["labels"]?["app.kubernetes.io/managed-by"] = "kustomize-(devel)"
            }
            if !metadata.contains("originAnnotations") { resource.setAnnotation(Origin.annotation, nil) }
            if !metadata.contains("transformerAnnotations") { resource.setAnnotation(Origin.transformations, nil) }
            resource.normalizeAnnotations()
        }
    }

    // MARK: - Loading

    private func load(_ folder: String, chain: [String]) throws(KustomizeFailure) -> Kustomization {
        let here = KustomizeProblem(code: "not-found", path: folder, message: "")
        guard chain.count < context.limits.depthMax else {
            throw failure("too-deep", folder, "kustomizations refer to each other more than \(context.limits.depthMax) deep")
        }
        kustomizationsBuilt += 1
        guard kustomizationsBuilt <= context.limits.kustomizationsMax else {
            throw failure(
                "too-many-kustomizations", folder, "the build goes through more than \(context.limits.kustomizationsMax) kustomizations")
        }
        guard let (kind, real) = try loader.look(folder, for: here), kind == .folder else {
            throw failure("not-found", folder, "no such folder")
        }
        var found: [String] = []
        for name in Kustomize.fileNames {
            let path = real.isEmpty ? name : "\(real)/\(name)"
            if let (kind, place) = try loader.look(path, for: here), kind == .file, Paths.isBelow(place, real) { found.append(place) }
        }
        guard let path = found.first else {
            throw KustomizeFailure(
                KustomizeProblem(
                    code: "not-found", path: folder, message: "no kustomization file",
                    hint: "one of \(Kustomize.fileNames.joined(separator: ", "))"))
        }
        guard found.count == 1 else {
            throw failure("conflict", folder, "more than one kustomization: \(found.joined(separator: ", "))")
        }
        let file = try loader.parseKustomization(path) { deprecations.append($0) }
        let kustomization = try Kustomization(file, folder: real)
        deprecations += kustomization.deprecations
        return kustomization
    }

    private func failure(_ code: String, _ path: String, _ message: String) -> KustomizeFailure {
        KustomizeFailure(KustomizeProblem(code: code, path: path, message: message))
    }

    private func readSchema(of kustomization: Kustomization) throws(KustomizeFailure) {
        guard let node = kustomization.node["openapi"] else { return }
        context.schema = try Schema.reading(node, files: Folder(kustomization.folder, loader: loader), after: context.schema)
    }

    // MARK: - One kustomization

    /// Gathers what the kustomization makes into `all`, which is empty, or for a component what its user has so far.
    private func accumulate(
        _ kustomization: Kustomization, chain: [String], origin: Origin?, into all: inout Accumulator
    ) throws(KustomizeFailure) {
        let node = kustomization.node
        let files = Folder(kustomization.folder, loader: loader)
        let chain = chain + [kustomization.folder]
        try addResources(
            try node.list("resources") + (try node.list("bases")), of: kustomization, chain: chain, origin: origin, into: &all)
        if let configurations = node["configurations"], configurations.value.list?.isEmpty == false {
            // What the files say is merged into the standard rules, and those into what there is: a narrow rule that comes before a wide one
            // of the same path takes its place, as in kustomize.
            var rules = TransformerConfiguration()
            for item in try configurations.items() {
                let file = try files.documents(try item.string(), for: item)
                let read = try TransformerConfiguration.read(file, for: item)
                do throws(FieldSpecConflict) {
                    try rules.merge(read)
                } catch {
                    throw item.failure("conflict", "the field \(error.spec.path) is configured both with create and without")
                }
            }
            var merged = TransformerConfiguration.standard
            do throws(FieldSpecConflict) {
                try merged.merge(rules)
            } catch {
                throw configurations.failure(
                    "conflict", "the field \(error.spec.path) is configured both with create and without")
            }
            try all.add(merged, at: configurations)
        } else {
            try all.addStandardRules(at: node)
        }
        if let crds = node["crds"], crds.value.list?.isEmpty == false {
            for item in try crds.items() {
                try all.add(try CRDConfiguration.read(try files.documents(try item.string(), for: item), for: item), at: item)
            }
        }
        try runGenerators(of: kustomization, files: files, chain: chain, origin: origin, into: &all)
        for item in try node.list("components") {
            try addFolder(item, of: kustomization, chain: chain, origin: origin, isComponent: true, into: &all)
        }
        try runTransformers(of: kustomization, files: files, chain: chain, origin: origin, on: &all)
        try runValidators(of: kustomization, files: files, chain: chain, on: &all)
        try all.variables.add(try node.list("vars"), marking: &all.resources)
    }

    private func addResources(
        _ items: [Node], of kustomization: Kustomization, chain: [String], origin: Origin?, into all: inout Accumulator
    ) throws(KustomizeFailure) {
        for item in items {
            let text = try item.string()
            if let (kind, path) = try find(text, item, kustomization), kind == .file {
                guard Paths.isBelow(path, kustomization.folder) else {
                    throw item.failure(
                        "outside",
                        "\(text) is outside of \(kustomization.folder.isEmpty ? "/" : kustomization.folder), the kustomization's folder",
                        hint: "give that folder a kustomization of its own, and name the folder")
                }
                let resources = try ResourceReading.resources(try loader.parse(path))
                context.schema.note(resources)
                if let origin {
                    let mark = origin.appending(text).text
                    for resource in resources { resource.setAnnotation(Origin.annotation, mark) }
                }
                history?.note(read: resources)
                try all.append(resources, at: item, limits: context.limits)
            } else {
                try addFolder(item, of: kustomization, chain: chain, origin: origin, isComponent: false, into: &all)
            }
        }
    }

    private func addFolder(
        _ item: Node, of kustomization: Kustomization, chain: [String], origin: Origin?, isComponent: Bool, into all: inout Accumulator
    ) throws(KustomizeFailure) {
        let text = try item.string()
        guard let (kind, path) = try find(text, item, kustomization) else {
            throw item.failure("not-found", "\(Paths.join(kustomization.folder, text) ?? text): no such file or folder")
        }
        guard kind == .folder else {
            throw item.failure("not-a-folder", "\(text) is a file", hint: "a component is a folder with a kustomization of kind Component")
        }
        if let around = chain.first(where: { Paths.isBelow($0, path) }) {
            throw item.failure(
                "cycle",
                around == path ? "\(text) leads back to \(path.isEmpty ? "/" : path)" : "\(text) contains the kustomization in \(around)")
        }
        let below = try load(path, chain: chain)
        try readSchema(of: below)
        guard below.isComponent == isComponent else {
            throw item.failure(
                "wrong-kind", "\(below.path) is of kind \(below.isComponent ? "Component" : "Kustomization")",
                hint: below.isComponent ? "list it under components" : "list it under resources")
        }
        let origin = origin?.appending(text)
        if isComponent {
            // A component works on all that its user has so far.
            var own = all
            all = Accumulator()
            try accumulate(below, chain: chain, origin: origin, into: &own)
            try all.merge(own, at: item, limits: context.limits)
        } else {
            var own = Accumulator()
            try accumulate(below, chain: chain, origin: origin, into: &own)
            try all.merge(own, at: item, limits: context.limits)
        }
    }

    /// What a reference to a file or folder leads to.
    private func find(
        _ text: String, _ item: Node, _ kustomization: Kustomization
    ) throws(KustomizeFailure) -> (Loader<Tree>.Found, path: String)? {
        if text.isEmpty { throw item.failure("wrong-value", "an empty path") }
        if let path = Paths.join(kustomization.folder, text), let found = try loader.look(path, for: item.problem("", "")) { return found }
        if Paths.isRemote(text) {
            throw item.failure(
                "remote", "\(text) is remote: rendering reads the repository only", hint: "keep a copy in the repository, and name that")
        }
        if Paths.join(kustomization.folder, text) == nil {
            throw item.failure(
                "outside", text.hasPrefix("/") ? "\(text) is absolute" : "\(text) is outside of the repository",
                hint: "paths are relative to the kustomization's folder")
        }
        return nil
    }

    // MARK: - Generators, transformers, validators

    private func runGenerators(
        of kustomization: Kustomization, files: Folder<Tree>, chain: [String], origin: Origin?, into all: inout Accumulator
    ) throws(KustomizeFailure) {
        let node = kustomization.node
        let source = Resource.Source(path: kustomization.path, document: 0)
        var generators: [(generator: any Generator, node: Node, configured: Origin.Configured)] = []
        let file = configuredIn(kustomization, origin)
        for entry in try node.list("configMapGenerator") {
            let generator = try ConfigMapGenerator(entry, options: node["generatorOptions"], files: files, source: source)
            generators.append((generator, entry, Origin.Configured(file: file, kind: "ConfigMapGenerator")))
        }
        for entry in try node.list("secretGenerator") {
            let generator = try SecretGenerator(entry, options: node["generatorOptions"], files: files, source: source)
            generators.append((generator, entry, Origin.Configured(file: file, kind: "SecretGenerator")))
        }
        for field in ["helmCharts", "helmChartInflationGenerator"] {
            if let charts = node[field], charts.value.list?.isEmpty != true { throw Plugins.helm(charts) }
        }
        for plugin in try plugins("generators", of: kustomization, chain: chain, origin: origin) {
            let (plugin, configured) = plugin
            generators.append((try Plugins.generator(plugin, files: files), plugin, configured))
        }
        for (generator, entry, configured) in generators {
            let made = try generator.generate()
            for resource in made { resource.ensureAnnotations() }
            if origin != nil { Origin.markMade(made, by: configured) }
            history?.note(made: made, by: configured.kind, at: entry)
            try Absorption.absorb(made, into: &all.resources, for: entry)
        }
    }

    private func runTransformers(
        of kustomization: Kustomization, files: Folder<Tree>, chain: [String], origin: Origin?, on all: inout Accumulator
    ) throws(KustomizeFailure) {
        let file = configuredIn(kustomization, origin)
        var steps: [(step: TransformerStep, configured: Origin.Configured)] = []
        for step in try FieldTransformers.steps(
            of: kustomization, rules: all.configuration, files: files, asKustomizeCounts: origin != nil)
        {
            steps.append((step, Origin.Configured(file: file, kind: step.name)))
        }
        for (plugin, configured) in try plugins("transformers", of: kustomization, chain: chain, origin: origin) {
            let transformer = try Plugins.transformer(plugin, files: files)
            steps.append((TransformerStep(name: configured.kind, node: plugin, transformer: transformer), configured))
        }
        for (step, configured) in steps {
            try transform(&all.resources, by: step.transformer, named: step.name, at: step.node, in: kustomization)
            if origin != nil { Origin.markChanged(all.resources.items, by: configured) }
        }
    }

    private func runValidators(
        of kustomization: Kustomization, files: Folder<Tree>, chain: [String], on all: inout Accumulator
    ) throws(KustomizeFailure) {
        for (plugin, _) in try plugins("validators", of: kustomization, chain: chain, origin: nil) {
            let before = all.resources.items.map(\.value)
            var validated = all.resources
            try Plugins.transformer(plugin, files: files).transform(&validated, in: context)
            let after = validated.items.map { resource in
                var value = resource.value
                if var labels = value["metadata"]?["labels"]?.map, labels["validated-by"] != nil {
                    labels["validated-by"] = nil
                    value["metadata"]?["labels"] = labels.isEmpty ? nil : .map(labels)
                }
                return value
            }
            guard before == after else {
                throw plugin.failure("validator-changes", "a validator must not change resources")
            }
            all.resources = validated
        }
    }

    private func transform(
        _ resources: inout ResourceMap, by transformer: any Transformer, named name: String, at node: Node?, in kustomization: Kustomization
    ) throws(KustomizeFailure) {
        try context.spend(resources.items.count, at: node ?? kustomization.node)
        try transformer.transform(&resources, in: context)
        for resource in resources.items { resource.settleSharedTexts() }
        if resources.items.contains(where: { $0.value.isNull || $0.value.map?.isEmpty == true }) {
            resources.items.removeAll { $0.value.isNull || $0.value.map?.isEmpty == true }
        }
        resources.identitiesChanged()
        history?.note(
            changed: resources.items, by: name, at: node ?? kustomization.node, files: Folder(kustomization.folder, loader: loader))
    }

    private func configuredIn(_ kustomization: Kustomization, _ origin: Origin?) -> String {
        Paths.clean((origin.map { $0.path.isEmpty ? "" : $0.path + "/" } ?? "") + kustomization.fileName)
    }

    /// The configurations under `generators`, `transformers` or `validators`: documents written there, files, or folders.
    private func plugins(
        _ field: String, of kustomization: Kustomization, chain: [String], origin: Origin?
    ) throws(KustomizeFailure) -> [(Node, Origin.Configured)] {
        let items = try kustomization.node.list(field)
        guard !items.isEmpty else { return [] }
        var found = Accumulator()
        var inline: [String: SourceFile] = [:]
        var paths: [Node] = []
        for item in items {
            guard let file = try? SourceFile(inline: try item.string(), at: item), file.documents.allSatisfy({ $0.isNull || $0.map != nil })
            else {
                paths.append(item)
                continue
            }
            let resources = try ResourceReading.resources(file)
            context.schema.note(resources)
            for resource in resources {
                inline[resource.id.description] = file
                if let origin { resource.setAnnotation(Origin.annotation, origin.appending(kustomization.fileName).text) }
            }
            try found.append(resources, at: item, limits: context.limits)
        }
        try addResources(paths, of: kustomization, chain: chain, origin: origin, into: &found)
        var result: [(Node, Origin.Configured)] = []
        for resource in found.resources.items {
            let id = resource.id
            let file = inline[id.description] ?? loader.known(resource.source.path)
            let place = file ?? SourceFile(path: resource.source.path, bytes: [], documents: [])
            let path = resource.annotation(Origin.annotation).flatMap { try? YAML.documents($0).first?["path"]?.scalarText } ?? ""
            let configured = Origin.Configured(
                file: path, apiVersion: resource.value["apiVersion"]?.string ?? "", kind: id.kind, name: id.name, namespace: id.namespace)
            result.append((Node(resource.value, of: place, document: resource.source.document, at: resource.source.steps), configured))
        }
        return result
    }
}
