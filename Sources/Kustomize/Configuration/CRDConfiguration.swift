// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What OpenAPI definitions of custom kinds, listed under `crds`, say about their fields by `x-kubernetes-…` extensions.
///
/// The files are maps from type names to `{Schema: …}`, as code generators write them; a type is a kind where it has `kind`, `apiVersion` and
/// `metadata`, and the last part of its name is the kind's. Source: kustomize `api/internal/accumulator/loadconfigfromcrds.go`.
struct CRDConfiguration {
    /// How deep types may refer to each other; deeper, they refer to themselves.
    private static let depthMax = 64
    private static let propertiesMax = 200_000

    private let definitions: [String: Node]
    private let item: Node
    private var configuration = TransformerConfiguration()
    private var propertiesSeen = 0

    /// Reads a file that a kustomization lists, at `item`.
    static func read(_ file: SourceFile, for item: Node) throws(KustomizeFailure) -> TransformerConfiguration {
        guard !file.bytes.isEmpty else { throw item.failure("empty", "\(file.path) is empty") }
        let root = Node(file.documents.first ?? .null, of: file)
        if root.value.isNull { return TransformerConfiguration() }
        var reader = CRDConfiguration(definitions: try definitions(root), item: item)
        for name in reader.definitions.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard let definition = reader.definitions[name] else { continue }
            let names = Set(try properties(definition).map(\.key))
            guard names.isSuperset(of: ["kind", "apiVersion", "metadata"]) else { continue }
            let kind = name.split(separator: ".", omittingEmptySubsequences: false).last.map(String.init) ?? name
            try reader.read(name, of: kind, path: [])
        }
        reader.configuration.sort()
        return reader.configuration
    }

    private init(definitions: [String: Node], item: Node) {
        self.definitions = definitions
        self.item = item
    }

    private static func definitions(_ root: Node) throws(KustomizeFailure) -> [String: Node] {
        var definitions: [String: Node] = [:]
        for (name, node) in try root.members() where !node.value.isNull {
            guard node.value.map != nil else {
                throw node.failure(
                    "wrong-type", "must be the definition of a type, not \(node.value.kindName)",
                    hint: "crds lists OpenAPI definitions; a CustomResourceDefinition belongs under resources")
            }
            definitions[name] = node
        }
        return definitions
    }

    private static func properties(_ definition: Node) throws(KustomizeFailure) -> [(key: String, node: Node)] {
        guard let schema = definition["Schema"] else { return [] }
        _ = try schema.map()
        return try schema["properties"]?.members() ?? []
    }

    private mutating func read(_ type: String, of kind: String, path: [String]) throws(KustomizeFailure) {
        guard let definition = definitions[type] else { return }
        guard path.count < Self.depthMax else {
            throw definition.failure("cycle", "the type \(type) refers to itself, or \(Self.depthMax) types to each other", key: true)
        }
        for (name, property) in try Self.properties(definition) where !property.value.isNull {
            propertiesSeen += 1
            guard propertiesSeen <= Self.propertiesMax else {
                throw item.failure("too-large", "the definitions have more than \(Self.propertiesMax) properties, counted wherever used")
            }
            _ = try property.map()
            let path = path + [name]
            func field(_ path: [String]) -> FieldSpec { FieldSpec(kind: kind, path: path.joined(separator: "/")) }
            if Self.extension("x-kubernetes-annotation", property) != nil { add(field(path), to: \.commonAnnotations) }
            if Self.extension("x-kubernetes-label-selector", property) != nil { add(field(path), to: \.commonLabels) }
            if Self.extension("x-kubernetes-identity", property) != nil { add(field(path), to: \.namePrefix) }
            if let version = Self.extension("x-kubernetes-object-ref-api-version", property),
                let referred = Self.extension("x-kubernetes-object-ref-kind", property)
            {
                let key = Self.extension("x-kubernetes-object-ref-name-key", property) ?? "name"
                addReference(version: version, kind: referred, field(path + [key]))
            }
            if let next = property["$ref"] { try read(try next.string(), of: kind, path: path) }
        }
    }

    private mutating func add(_ field: FieldSpec, to list: WritableKeyPath<TransformerConfiguration, [FieldSpec]>) {
        if !configuration[keyPath: list].contains(where: { $0.covers(field) }) { configuration[keyPath: list].append(field) }
    }

    private mutating func addReference(version: String, kind: String, _ field: FieldSpec) {
        if let index = configuration.nameReferences.firstIndex(where: { $0.kind == kind && $0.version == version }) {
            if !configuration.nameReferences[index].fields.contains(where: { $0.covers(field) }) {
                configuration.nameReferences[index].fields.append(field)
            }
        } else {
            configuration.nameReferences.append(.init(version: version, kind: kind, fields: [field]))
        }
    }

    /// An extension's text; its name's letters may be of either case.
    private static func `extension`(_ name: String, _ property: Node) -> String? { property[name]?.value.string }
}
