// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A place in a kustomization or a plugin's configuration: the value there, and what is needed to say where it stands.
///
/// An explicit null counts as absent, as in kustomize. Keys are found whatever the case of their letters, the exact one first: kustomize reads
/// them so.
struct Node: Sendable {
    let value: Value
    let file: SourceFile
    let document: Int
    let steps: [PathStep]

    init(_ value: Value, of file: SourceFile, document: Int = 0, at steps: [PathStep] = []) {
        self.value = value
        self.file = file
        self.document = document
        self.steps = steps
    }

    func problem(_ code: String, _ message: String, key: Bool = false, hint: String? = nil) -> KustomizeProblem {
        file.problem(code, message, at: steps, document: document, key: key, hint: hint)
    }

    func failure(_ code: String, _ message: String, key: Bool = false, hint: String? = nil) -> KustomizeFailure {
        KustomizeFailure(problem(code, message, key: key, hint: hint))
    }

    /// The same place with another value, for something derived from it.
    func with(_ value: Value) -> Node { Node(value, of: file, document: document, at: steps) }

    // MARK: - Members

    func map() throws(KustomizeFailure) -> Map {
        guard case .map(let map) = value else { throw failure("wrong-type", "must be a map, not \(value.kindName)") }
        return map
    }

    /// The member of a map; `nil` where it is absent or null.
    subscript(key: String) -> Node? {
        guard case .map(let map) = value else { return nil }
        if let member = map[key] { return member.isNull ? nil : child(key, member) }
        let lower = key.lowercased()
        guard let entry = map.entries.first(where: { $0.key.count == key.count && $0.key.lowercased() == lower }), !entry.value.isNull
        else {
            return nil
        }
        return child(entry.key, entry.value)
    }

    private func child(_ key: String, _ value: Value) -> Node { Node(value, of: file, document: document, at: steps + [.key(key)]) }

    /// Members of a map in their order, nulls included.
    func members() throws(KustomizeFailure) -> [(key: String, node: Node)] { try map().entries.map { ($0.key, child($0.key, $0.value)) } }

    /// Refuses members with other names, all of them at once.
    func requireOnly(_ known: [String]) throws(KustomizeFailure) {
        let map = try map()
        let unknown = map.keys.filter { key in !known.contains(key) && !known.contains { $0.lowercased() == key.lowercased() } }
        guard unknown.isEmpty else {
            throw KustomizeFailure(
                unknown.map { key in
                    file.problem(
                        "unknown-field", "unknown field \(key)", at: steps + [.key(key)], document: document, key: true,
                        hint: Self.nearest(to: key, of: known).map { "did you mean \($0)?" })
                })
        }
    }

    /// The known name that differs from `key` in at most two letters.
    private static func nearest(to key: String, of known: [String]) -> String? {
        let wanted = Array(key.lowercased().utf8)
        guard wanted.count <= 64 else { return nil }
        var best: (distance: Int, name: String)?
        for name in known {
            let distance = editDistance(wanted, Array(name.lowercased().utf8))
            if distance <= min(2, wanted.count / 2), distance < best?.distance ?? .max { best = (distance, name) }
        }
        return best?.name
    }

    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (byte == other ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[right.count]
    }

    // MARK: - Typed values

    func items() throws(KustomizeFailure) -> [Node] {
        guard case .list(let items) = value else { throw failure("wrong-type", "must be a list, not \(value.kindName)") }
        return items.enumerated().map { Node($0.element, of: file, document: document, at: steps + [.index($0.offset)]) }
    }

    /// A text; `newTag: 1.8` is a number in YAML, and kustomize refuses it too.
    func string() throws(KustomizeFailure) -> String {
        if case .string(let text) = value { return text }
        throw failure("wrong-type", "must be a string, not \(value.kindName)", hint: value.scalarText.map { "write \"\($0)\"" })
    }

    func bool() throws(KustomizeFailure) -> Bool {
        if case .bool(let flag) = value { return flag }
        throw failure("wrong-type", "must be true or false, not \(value.kindName)")
    }

    func int() throws(KustomizeFailure) -> Int64 {
        if case .int(let number) = value { return number }
        throw failure("wrong-type", "must be an integer, not \(value.kindName)")
    }

    /// The member as a text; empty where it is absent.
    func text(_ key: String) throws(KustomizeFailure) -> String { try self[key]?.string() ?? "" }

    func flag(_ key: String) throws(KustomizeFailure) -> Bool { try self[key]?.bool() ?? false }

    /// The items of a member that is a list; none where it is absent.
    func list(_ key: String) throws(KustomizeFailure) -> [Node] { try self[key]?.items() ?? [] }

    /// The member as a list of texts.
    func texts(_ key: String) throws(KustomizeFailure) -> [String] {
        var result: [String] = []
        for item in try list(key) { result.append(try item.string()) }
        return result
    }

    /// The member as a map of texts, in the order of its keys (kustomize keeps Go maps and goes through them sorted).
    func textMap(_ key: String) throws(KustomizeFailure) -> [(key: String, text: String)] {
        var result: [(key: String, text: String)] = []
        for (key, node) in try self[key]?.members() ?? [] { result.append((key, node.value.isNull ? "" : try node.string())) }
        return result.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}
