// SPDX-License-Identifier: Apache-2.0

/// How lists inside objects merge: which are keyed, by what, and which are sets.
///
/// Facts come from the OpenAPI extensions `x-kubernetes-patch-strategy`, `-patch-merge-key`, `-list-type` and `-list-map-keys`. Kinds that are
/// not in the table (custom resources) have none: their lists are replaced as a whole, as in a JSON merge patch.
package struct MergeKeys: Sendable {
    /// What is known about one field.
    package struct Field: Sendable, Hashable {
        package enum ListType: Sendable, Hashable { case atomic, set, map }

        /// Patches of the list or map merge into it; otherwise they replace it.
        package var merges: Bool
        /// The patch may say `$retainKeys` for a map here or for the items.
        package var retainsKeys: Bool
        /// A patch replaces the map here as a whole.
        package var replaces: Bool
        /// The member that tells the items of a list apart in a strategic merge patch.
        package var mergeKey: String?
        package var listType: ListType
        /// The members that together tell the items apart in server-side apply, and in Kustomize.
        package var mapKeys: [String]
        /// The type of what is below; `nil` where nothing is known about it.
        package var below: Node

        static let unknown = Field(
            merges: false, retainsKeys: false, replaces: false, mergeKey: nil, listType: .atomic, mapKeys: [], below: .unknown)
    }

    /// A type: the fields about which something is known.
    package struct Node: Sendable, Hashable {
        let type: Int
        package static let unknown = Node(type: 0)
    }

    private let types: [[String: Field]]
    private let kinds: [String: Int]

    /// The kinds that come with Kubernetes.
    package static let builtIn = MergeKeys(types: MergeKeysTable.types, kinds: MergeKeysTable.kinds)
    /// Knows nothing: every list is replaced.
    package static let none = MergeKeys(types: "", kinds: "")

    /// The type of an object's kind; `nil` for one that is not in the table.
    /// - Parameter apiVersion: `v1` or `group/version`.
    package func root(apiVersion: String, kind: String) -> Node? { kinds["\(apiVersion)/\(kind)"].map(Node.init(type:)) }

    package func field(_ name: String, of node: Node) -> Field {
        guard types.indices.contains(node.type) else { return .unknown }
        return types[node.type][name] ?? .unknown
    }

    /// The type of the items of a list at `field`.
    package func items(of field: Field) -> Node { self.field("[]", of: field.below).below }

    init(types text: String, kinds kindsText: String) {
        var types: [[String: Field]] = [[:]]
        for words in Self.records(text) {
            var fields: [String: Field] = [:]
            for word in words.dropFirst() {
                let (name, field) = Self.member(word)
                fields[name] = field
            }
            types.append(fields)
        }
        self.types = types
        var kinds: [String: Int] = [:]
        for words in Self.records(kindsText) {
            guard let type = words.first.flatMap({ Int($0) }) else { continue }
            for kind in words.dropFirst() { kinds[String(kind)] = type }
        }
        self.kinds = kinds
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

    /// Reads `name=facts>type`.
    private static func member(_ word: Substring) -> (String, Field) {
        var field = Field.unknown
        var rest = word
        if let arrow = rest.lastIndex(of: ">") {
            field.below = Node(type: Int(rest[rest.index(after: arrow)...]) ?? 0)
            rest = rest[..<arrow]
        }
        guard let equals = rest.firstIndex(of: "=") else { return (String(rest), field) }
        let name = String(rest[..<equals])
        var facts = rest[rest.index(after: equals)...]
        if let slash = facts.firstIndex(of: "/") {
            field.mapKeys = facts[facts.index(after: slash)...].split(separator: "+").map(String.init)
            facts = facts[..<slash]
        }
        if let colon = facts.firstIndex(of: ":") {
            let key = String(facts[facts.index(after: colon)...])
            field.mergeKey = key
            if field.mapKeys.isEmpty { field.mapKeys = [key] }
            facts = facts[..<colon]
        }
        switch facts.first {
        case "m": field.merges = true
        case "r":
            field.merges = true
            field.retainsKeys = true
        case "k": field.retainsKeys = true
        case "p": field.replaces = true
        default: break
        }
        switch facts.last {
        case "M": field.listType = .map
        case "S": field.listType = .set
        default: break
        }
        return (name, field)
    }
}
