// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Reads an OpenAPI (version 2) document for what it says of how lists merge.
///
/// Only its `definitions` count. Those with `x-kubernetes-group-version-kind` are kinds, the others parts of them, which `$ref` names.
struct OpenAPIReading {
    /// How many types a document may have; what one uses is much less (all of Kubernetes has 5,000).
    private static let typesMax = 200_000
    /// How deep types may be written inside each other.
    private static let depthMax = 500

    /// Whether the built-in schema is there as well.
    enum Base {
        case none
        /// Names in the document win over built-in ones.
        case replaceable
        /// Built-in names win.
        case winning
    }

    private let definitions: Map
    private let base: Base
    private var types: [Schema.TypeFacts] = []
    private var named: [String: Int] = [:]
    /// Positions by name, so that large documents stay linear.
    private let positions: [String: Int]

    private struct Malformed: Error {
        let code: String
        let message: String
        init(_ code: String, _ message: String) {
            self.code = code
            self.message = message
        }
    }

    /// - Parameter node: where the file is named, for errors.
    static func schema(_ bytes: [UInt8], path: String, for node: Node, over base: Base = .none) throws(KustomizeFailure) -> Schema {
        let document: Value
        do throws(DocumentError) {
            document =
                bytes.first == UInt8(ascii: "{") ? try JSON.read(bytes) : try YAML.documents(bytes, scalars: .kubernetes).first ?? .null
        } catch {
            throw KustomizeFailure(
                KustomizeProblem(
                    code: error.code, path: path, line: error.line > 0 ? error.line : nil, column: error.line > 0 ? error.column : nil,
                    message: error.message))
        }
        do throws(Malformed) {
            return try schema(document, over: base)
        } catch {
            throw node.failure(error.code, "\(path) is no OpenAPI schema: \(error.message)")
        }
    }

    private static func schema(_ document: Value, over base: Base) throws(Malformed) -> Schema {
        guard document.map != nil || document.isNull else { throw Malformed("wrong-type", "it is \(document.kindName), not a map") }
        let definitions: Map
        switch document["definitions"] {
        case .map(let map)?: definitions = map
        case nil, .null?: definitions = Map()
        case let other?: throw Malformed("wrong-type", "definitions is \(other.kindName), not a map")
        }
        var reading = OpenAPIReading(definitions, over: base)
        var kinds: [String: Int] = [:]
        for (name, definition) in definitions.entries.map({ ($0.key, $0.value) }) {
            guard definition.map != nil else {
                throw Malformed("wrong-type", "the definition \(name) is \(definition.kindName), not a map")
            }
            guard case .list(let marks)? = definition["x-kubernetes-group-version-kind"] else { continue }
            // A kind that is only a reference to another definition has no members of its own: references are followed for fields only.
            let type = definition["$ref"] == nil ? try reading.type(named: name, depth: 0) : try reading.add(Schema.TypeFacts())
            for mark in marks where mark.map != nil {
                guard let version = mark["version"]?.string, let kind = mark["kind"]?.string else {
                    throw Malformed("missing-field", "x-kubernetes-group-version-kind of the definition \(name) has no version or kind")
                }
                let group = mark["group"]?.string ?? ""
                kinds["\(group.isEmpty ? version : "\(group)/\(version)")/\(kind)"] = type
            }
        }
        switch base {
        case .none: break
        case .replaceable: kinds.merge(Schema.builtIn.kinds) { own, _ in own }
        case .winning: kinds.merge(Schema.builtIn.kinds) { _, builtIn in builtIn }
        }
        return Schema(types: reading.types, kinds: kinds, definitions: reading.named)
    }

    private init(_ definitions: Map, over base: Base) {
        self.definitions = definitions
        self.base = base
        if case .none = base {} else { types = Schema.builtIn.types }
        positions = Dictionary(
            definitions.entries.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    private mutating func add(_ facts: Schema.TypeFacts) throws(Malformed) -> Int {
        guard types.count < Self.typesMax else { throw Malformed("too-large", "it has more than \(Self.typesMax) types") }
        types.append(facts)
        return types.count - 1
    }

    /// The type of a definition, made at its first use; one that leads back to itself finds the number it already has.
    private mutating func type(named name: String, depth: Int) throws(Malformed) -> Int? {
        if let type = named[name] { return type }
        if let type = builtIn(name) { return type }
        guard let position = positions[name] else { return nil }
        let type = try add(Schema.TypeFacts())
        named[name] = type
        types[type] = try facts(definitions.entries[position].value, depth: depth)
        return type
    }

    /// The built-in type that a name means here.
    private func builtIn(_ name: String) -> Int? {
        switch base {
        case .none: nil
        case .winning: Schema.builtIn.definitions[name]
        case .replaceable: positions[name] == nil ? Schema.builtIn.definitions[name] : nil
        }
    }

    /// The type of what stands at a field; `nil` where it refers to something that is not there.
    private mutating func type(of written: Value, depth: Int) throws(Malformed) -> Int? {
        guard depth <= Self.depthMax else { throw Malformed("too-deep", "types nest deeper than \(Self.depthMax) levels") }
        guard written["$ref"]?.string != nil else { return try add(try facts(written, depth: depth)) }
        var here = written
        var seen: Set<String> = []
        while let reference = here["$ref"]?.string {
            guard seen.insert(reference).inserted else { throw Malformed("cycle", "\(reference) refers to itself") }
            guard let name = Self.definition(reference) else { return nil }
            if let type = builtIn(name) { return type }
            guard let position = positions[name] else { return nil }
            here = definitions.entries[position].value
            if here["$ref"] == nil { return try type(named: name, depth: depth) }
        }
        return nil
    }

    /// The definition's name in `#/definitions/name`.
    private static func definition(_ reference: String) -> String? {
        let prefix = "#/definitions/"
        guard reference.hasPrefix(prefix) else { return nil }
        guard let pointer = try? JSONPointer(parsing: String(reference.dropFirst())), pointer.steps.count == 2 else { return nil }
        return pointer.steps[1]
    }

    private mutating func facts(_ written: Value, depth: Int) throws(Malformed) -> Schema.TypeFacts {
        var facts = Schema.TypeFacts()
        if case .map(let properties)? = written["properties"] {
            for property in properties { facts.fields[property.key] = try type(of: property.value, depth: depth + 1) }
        }
        if case .map? = written["additionalProperties"], let values = written["additionalProperties"] {
            facts.values = try type(of: values, depth: depth + 1)
        }
        let isList = written["type"] == "array" || written["type"] == ["array"]
        if isList, let items = written["items"], items.map != nil { facts.items = try type(of: items, depth: depth + 1) }
        facts.keys = try keys(written)
        return facts
    }

    private func keys(_ written: Value) throws(Malformed) -> [String]? {
        guard let strategy = written["x-kubernetes-patch-strategy"] else { return nil }
        guard let strategies = strategy.string else {
            throw Malformed("wrong-type", "x-kubernetes-patch-strategy is \(strategy.kindName), not a string")
        }
        guard strategies.split(separator: ",").contains("merge") else { return nil }
        if let list = written["x-kubernetes-list-map-keys"] {
            guard case .list(let items) = list else {
                throw Malformed("wrong-type", "x-kubernetes-list-map-keys is \(list.kindName), not a list")
            }
            return items.compactMap(\.string)
        }
        guard let key = written["x-kubernetes-patch-merge-key"] else { return [] }
        guard let name = key.string else { throw Malformed("wrong-type", "x-kubernetes-patch-merge-key is \(key.kindName), not a string") }
        return [name]
    }
}
