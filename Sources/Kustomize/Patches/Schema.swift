// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What is known of the fields of kinds: which lists patches merge into, and what tells their items apart.
///
/// Kinds and fields that are not known have their lists replaced. Follows kyaml `openapi`.
struct Schema: Sendable {
    /// A type, or a field of one: an index into `types`.
    struct Place: Sendable, Hashable {
        fileprivate let type: Int
    }

    /// What is known about one type. Lists are types too, because how they merge is a property of the field.
    struct TypeFacts: Sendable, Hashable {
        var fields: [String: Int] = [:]
        /// The type of a list's items.
        var items: Int?
        /// The type of a map's values, where all keys mean the same.
        var values: Int?
        /// For a list that merges: the members that tell its items apart; none for a set of plain values. `nil` for one that is replaced.
        var keys: [String]?
    }

    let types: [TypeFacts]
    /// By apiVersion and kind, joined by a slash.
    let kinds: [String: Int]
    /// By the names that an OpenAPI document gives its types.
    let definitions: [String: Int]
    /// Whether a kustomization has chosen it: the first choice holds for the rest of the build.
    private(set) var isChosen = false
    /// Whether something has been patched by it.
    private(set) var isUsed = false
    /// Whether the build has met a kind that the built-in schema does not know.
    private(set) var hasMetOtherKinds = false

    init(types: [TypeFacts], kinds: [String: Int], definitions: [String: Int] = [:]) {
        self.types = types
        self.kinds = kinds
        self.definitions = definitions
    }

    // MARK: - What is known

    /// The type of an object's kind; `nil` for one that is not known.
    func kind(apiVersion: String, kind: String) -> Place? { kinds["\(apiVersion)/\(kind)"].map(Place.init(type:)) }

    func field(_ name: String, of place: Place) -> Place? {
        let facts = types[place.type]
        return (facts.fields[name] ?? facts.values).map(Place.init(type:))
    }

    func items(of place: Place) -> Place? { types[place.type].items.map(Place.init(type:)) }

    /// How a list at `place` merges: by which members of its items, none for plain values; `nil` where it is replaced.
    func mergeKeys(at place: Place) -> [String]? { types[place.type].keys }

    // MARK: - The `openapi` field

    /// The name of the only built-in schema, as `openapi: {version: …}` says it.
    private static let builtInVersion = "v1.21.2"

    /// The schema that holds once a kustomization with this `openapi` field is read.
    ///
    /// The first kustomization that says one decides for the whole build, bases and components included. A schema of one's own takes the place
    /// of the built-in one, unless kustomize would have loaded that by then: it does so at the first patch, and adds the other one; and it plans
    /// to when it meets a kind that it does not know, and then does so after the other one. What is added later wins.
    /// - Parameter schema: what held before.
    static func reading(_ node: Node, files: any FileScope, after schema: Schema) throws(KustomizeFailure) -> Schema {
        var said: [String: Node] = [:]
        for (key, member) in try node.members() where !member.value.isNull {
            _ = try member.string()
            said[key] = member
        }
        // The file is read, and must be there, whether or not it is going to be used.
        let file = try said["path"].map { (member) throws(KustomizeFailure) in try files.bytes(try member.string(), for: member) }
        if schema.isChosen { return schema }
        var chosen: Schema
        if let file, let path = said["path"] {
            if let version = said["version"] {
                throw version.failure("conflict", "a version and a schema of one's own cannot both be used", hint: "remove one of them")
            }
            let base: OpenAPIReading.Base = schema.isUsed ? .replaceable : schema.hasMetOtherKinds ? .winning : .none
            chosen = try OpenAPIReading.schema(file.bytes, path: file.path, for: path, over: base)
        } else if let version = said["version"], case let name = try version.string(), !name.isEmpty {
            guard name == builtInVersion else {
                throw version.failure(
                    "unknown-version", "there is no built-in OpenAPI schema \(name)", hint: "the only one is \(builtInVersion)")
            }
            chosen = builtIn
        } else {
            return schema
        }
        chosen.isChosen = true
        return chosen
    }

    mutating func noteUse() { isUsed = true }

    /// Looks whether there are kinds among the resources that the built-in schema does not know.
    mutating func note(_ resources: [Resource]) {
        guard !isChosen, !hasMetOtherKinds else { return }
        hasMetOtherKinds = resources.contains { resource in
            kind(apiVersion: resource.value["apiVersion"]?.string ?? "", kind: resource.id.kind) == nil
        }
    }

    // MARK: - The built-in schema

    /// Of the kinds that kustomize knows.
    static let builtIn = Schema(
        typesTable: SchemaTable.types, kindsTable: SchemaTable.kinds, definitionsTable: SchemaTable.definitions)

    private init(typesTable: String, kindsTable: String, definitionsTable: String) {
        var types = [TypeFacts()]
        for words in Self.records(typesTable) {
            var facts = TypeFacts()
            for word in words.dropFirst() {
                if word.first == "=" {
                    facts.keys = word.dropFirst().split(separator: "+").map(String.init)
                } else if let arrow = word.lastIndex(of: ">") {
                    let type = Int(word[word.index(after: arrow)...])
                    switch word[..<arrow] {
                    case "[]": facts.items = type
                    case "{}": facts.values = type
                    case let name: facts.fields[String(name)] = type
                    }
                }
            }
            types.append(facts)
        }
        self.init(types: types, kinds: Self.numbers(kindsTable), definitions: Self.numbers(definitionsTable))
    }

    /// The number that stands before each word of a record.
    private static func numbers(_ table: String) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for words in records(table) {
            guard let number = words.first.flatMap({ Int($0) }) else { continue }
            for word in words.dropFirst() { numbers[String(word)] = number }
        }
        return numbers
    }

    /// The words of each record; a line that is indented continues the record before.
    private static func records(_ text: String) -> [[Substring]] {
        var records: [[Substring]] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.first == " ", !records.isEmpty { records[records.count - 1] += words } else { records.append(words) }
        }
        return records
    }
}
