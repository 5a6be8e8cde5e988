// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Where a generated ConfigMap or Secret has its data from: `literals`, `files` and `envs`.
struct DataSources {
    static let fields = ["literals", "files", "envs", "env"]

    private let literals: [Node]
    private let files: [Node]
    private let environments: [Node]

    /// - Parameter single: whether `env`, the older name for one of `envs`, is known; plugins' configurations pass it over.
    init(_ node: Node, single: Bool) throws(KustomizeFailure) {
        literals = try node.list("literals")
        files = try node.list("files")
        var environments = try node.list("envs")
        if single, let environment = node["env"], try !environment.string().isEmpty { environments.append(environment) }
        self.environments = environments
    }

    /// The data in the order of its keys.
    /// - Parameter name: that of the resource, for errors.
    func load(for name: String, from scope: any FileScope) throws(KustomizeFailure) -> [(key: String, bytes: [UInt8])] {
        var result: [(key: String, bytes: [UInt8])] = []
        // Bytes, because equal strings may be of different bytes.
        var seen: Set<[UInt8]> = []
        func add(_ key: String, _ bytes: [UInt8], _ node: Node) throws(KustomizeFailure) {
            guard seen.insert(Array(key.utf8)).inserted else {
                throw node.failure("duplicate-key", "the data of \(name) has the key \(key) twice")
            }
            result.append((key, bytes))
        }
        for node in environments {
            let path = try node.string()
            let file = try scope.bytes(path, for: node)
            let pairs: [(key: String, value: String)]
            do throws(EnvironmentFile.Malformed) {
                pairs = try EnvironmentFile.parse(file.bytes)
            } catch {
                throw KustomizeFailure(
                    KustomizeProblem(code: "invalid-utf8", path: file.path, line: error.line, column: 1, message: "not valid UTF-8"))
            }
            for pair in pairs { try add(pair.key, Array(pair.value.utf8), node) }
        }
        for node in literals {
            let (key, value) = try Self.literal(node)
            try add(key, Array(value.utf8), node)
        }
        for node in files {
            let (key, path) = try Self.file(node)
            try add(key, try scope.bytes(path, for: node).bytes, node)
        }
        return result.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    /// `key=value`; quotes of one kind around the whole value are taken off.
    private static func literal(_ node: Node) throws(KustomizeFailure) -> (key: String, value: String) {
        let text = try node.string()
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals > text.startIndex else {
            throw node.failure("invalid-literal", "a literal must be key=value")
        }
        let value = text[text.utf8.index(after: equals)...]
        let quote = value.utf8.first
        if value.utf8.count >= 2, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"), value.utf8.last == quote {
            let inner = value.utf8.dropFirst().dropLast()
            return (String(text[..<equals]), String(Substring(inner)))
        }
        return (String(text[..<equals]), String(value))
    }

    /// `path`, with its last part as the key, or `key=path`.
    private static func file(_ node: Node) throws(KustomizeFailure) -> (key: String, path: String) {
        let text = try node.string()
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return (lastPart(of: text), text)
        case 2 where parts[0].isEmpty: throw node.failure("invalid-file", "there is no key before the '=' of \(text)")
        case 2 where parts[1].isEmpty: throw node.failure("invalid-file", "there is no path behind the '=' of \(text)")
        case 2: return (String(parts[0]), String(parts[1]))
        default: throw node.failure("invalid-file", "\(text) has more than one '='", hint: "neither key nor path may have one")
        }
    }

    /// Go's `path.Base`.
    private static func lastPart(of path: String) -> String {
        if path.isEmpty { return "." }
        return path.split(separator: "/").last.map(String.init) ?? "/"
    }
}
