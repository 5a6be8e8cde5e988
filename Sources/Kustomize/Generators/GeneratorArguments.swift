// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What ConfigMap and Secret generators have in common.
struct GeneratorArguments {
    private static let fields = ["namespace", "name", "behavior", "options"] + DataSources.fields

    let name: String
    private let namespace: String
    private let behavior: Resource.Behavior
    private let options: GeneratorOptions
    private let sources: DataSources
    private let node: Node
    private let source: Resource.Source

    /// An entry of a kustomization.
    /// - Parameters:
    ///   - options: the kustomization's `generatorOptions`.
    ///   - more: members that only this kind of generator has.
    init(entry: Node, options: Node?, more: [String] = [], source: Resource.Source) throws(KustomizeFailure) {
        _ = try entry.map()
        try entry.requireOnly(Self.fields + more)
        var common = GeneratorOptions()
        if let options { common = try GeneratorOptions(options, strict: true) }
        try self.init(entry, common: common, metadata: nil, strict: true, source: source)
    }

    /// The configuration of a plugin: name and namespace may also stand in its `metadata`.
    init(plugin: Node) throws(KustomizeFailure) {
        let source = Resource.Source(path: plugin.file.path, document: plugin.document)
        try self.init(plugin, common: GeneratorOptions(), metadata: plugin["metadata"], strict: false, source: source)
    }

    private init(
        _ node: Node, common: GeneratorOptions, metadata: Node?, strict: Bool, source: Resource.Source
    ) throws(KustomizeFailure) {
        self.node = node
        self.source = source
        let name = try node.text("name")
        self.name = try name.isEmpty ? metadata?.text("name") ?? "" : name
        let namespace = try node.text("namespace")
        self.namespace = try namespace.isEmpty ? metadata?.text("namespace") ?? "" : namespace
        // Kustomize takes what it does not know for `create`.
        behavior = try Resource.Behavior(rawValue: node.text("behavior")) ?? .create
        var own = GeneratorOptions()
        if let options = node["options"] { own = try GeneratorOptions(options, strict: strict) }
        options = own.over(common)
        sources = try DataSources(node, single: strict)
    }

    func data(from files: any FileScope) throws(KustomizeFailure) -> [(key: String, bytes: [UInt8])] {
        try sources.load(for: name, from: files)
    }

    /// The resource with `fields` besides what all have.
    func resource(kind: String, _ fields: [Map.Entry]) throws(KustomizeFailure) -> Resource {
        guard !name.isEmpty else { throw node.failure("missing-name", "a generated \(kind) must have a name") }
        var metadata: [Map.Entry] = []
        func add(_ key: String, _ texts: [(key: String, text: String)]) {
            guard !texts.isEmpty else { return }
            metadata.append(Map.Entry(key: key, value: .map(Map(unique: texts.map { Map.Entry(key: $0.key, value: .string($0.text)) }))))
        }
        add("annotations", options.annotations)
        add("labels", options.labels)
        metadata.append(Map.Entry(key: "name", value: .string(name)))
        if !namespace.isEmpty { metadata.append(Map.Entry(key: "namespace", value: .string(namespace))) }
        var object = [Map.Entry(key: "apiVersion", value: "v1"), Map.Entry(key: "kind", value: .string(kind))]
        object.append(Map.Entry(key: "metadata", value: .map(Map(unique: metadata))))
        object += fields
        if options.isImmutable { object.append(Map.Entry(key: "immutable", value: true)) }
        let resource = Resource(.map(Map(unique: object)), source: source)
        resource.behavior = behavior
        resource.needsHash = !options.isHashDisabled
        return resource
    }
}
