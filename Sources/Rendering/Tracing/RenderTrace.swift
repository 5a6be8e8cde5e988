// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What a render read, with what it found: as long as the same questions get the same answers, the render stays as it is.
///
/// Canonical form: `{"capabilities": [], "engine": "1", "reads": [{"found", "kind", "path"}…], "request": {…}, "variables": {"name": "value" or
/// null}}` in canonical JSON, reads ordered by path and kind. Its SHA-256 is the render key.
package struct RenderTrace: Sendable, Hashable {
    package struct Read: Sendable, Hashable, Comparable {
        package enum Kind: String, Sendable, Hashable, Comparable {
            /// What is at the path: `file`, `folder`, `link:<target>` or `absent`.
            case entry
            /// What is in the file: `object:<id>` where the tree names contents, otherwise the bytes' SHA-256.
            case content
            /// Which names the folder has: the SHA-256 of the names, each ended by a zero byte.
            case listing

            package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
        }

        package let path: String
        package let kind: Kind
        package let found: String

        package init(path: String, kind: Kind, found: String) {
            self.path = path
            self.kind = kind
            self.found = found
        }

        package static func < (left: Read, right: Read) -> Bool {
            if left.path != right.path { return left.path.utf8.lexicographicallyPrecedes(right.path.utf8) }
            return left.kind < right.kind
        }
    }

    /// The version of the engines that rendered.
    package let engine: String
    /// What was asked for, without the variables.
    package let request: Value
    /// Ordered by path.
    package let reads: [Read]
    /// Every variable that was asked for, by full name; `nil` for one that was not defined, because it had a default or another reading.
    package let variables: [String: String?]
    /// Questions about the cluster, as `name=answer`; the engines here ask none.
    package let capabilities: [String]

    init(request: RenderRequest, reads: [Read], variables: [String: String?]) {
        engine = Renderer.engineVersion
        self.request = Self.describe(request)
        self.reads = reads
        self.variables = variables
        capabilities = []
    }

    /// The paths that were asked for: a change elsewhere cannot change the render.
    package var paths: Set<String> { Set(reads.map(\.path)) }

    /// Whether rendering `request` from `tree` would ask the same and be answered the same.
    package func isValid(for request: RenderRequest, against tree: some FileTree) throws -> Bool {
        guard engine == Renderer.engineVersion, self.request == Self.describe(request) else { return false }
        return try isValid(against: tree, variables: request.variables)
    }

    /// Whether these variables give the same answers.
    package func holds(for variables: [String: String]) -> Bool { self.variables.allSatisfy { variables[$0.key] == $0.value } }

    /// Whether the tree and the variables still give the same answers.
    package func isValid(against tree: some FileTree, variables: [String: String]) throws -> Bool {
        guard holds(for: variables) else { return false }
        let identified = tree as? any IdentifiedFileTree
        for read in reads {
            switch read.kind {
            case .entry: guard Self.describe(try tree.entry(at: read.path)) == read.found else { return false }
            case .content:
                guard case .file(let size)? = try tree.entry(at: read.path) else { return false }
                if read.found.hasPrefix(Self.objectPrefix) {
                    guard let identity = try identified?.identity(of: read.path), Self.objectPrefix + identity == read.found else {
                        return false
                    }
                } else {
                    guard Digest.sha256(try tree.read(read.path, limit: size)).description == read.found else { return false }
                }
            case .listing:
                guard case .folder? = try tree.entry(at: read.path) else { return false }
                guard Self.describe(try tree.list(read.path)) == read.found else { return false }
            }
        }
        return true
    }

    // MARK: - Form

    package var value: Value {
        [
            "engine": .string(engine), "request": request,
            "reads": .list(
                reads.map { ["path": .string($0.path), "kind": .string($0.kind.rawValue), "found": .string($0.found)] }),
            "variables": .map(Map(variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value.map(Value.string) ?? .null) })),
            "capabilities": .list(capabilities.map(Value.string)),
        ]
    }

    /// The digest of the canonical form: equal for renders that read the same and so gave the same.
    package var key: Digest { Canonical.digest(value) }

    /// Reads what `value` wrote.
    package init(_ value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        engine = try fields.string("engine")
        request = try fields.object("request").map.asValue
        reads = try fields.list("reads", limit: 1_000_000) { (item, path) throws(ShapeError) in
            let read = try Fields(item, at: path)
            guard let kind = Read.Kind(rawValue: try read.string("kind")) else { throw read.failure("kind", "unknown kind of read") }
            return Read(path: try read.string("path"), kind: kind, found: try read.string("found"))
        }
        var variables: [String: String?] = [:]
        for entry in try fields.object("variables").map { variables[entry.key] = .some(entry.value.string) }
        self.variables = variables
        capabilities = try fields.strings("capabilities", limit: 10_000)
    }

    private static func describe(_ request: RenderRequest) -> Value {
        [
            "path": .string(request.path), "namespace": request.namespace.map(Value.string) ?? .null,
            "substitute": .bool(request.substitute),
            "allowClearSecrets": .bool(request.allowClearSecrets),
        ]
    }

    static let absent = "absent"
    static let folder = "folder"
    static let file = "file"
    static let objectPrefix = "object:"

    static func describe(_ entry: FileTreeEntry?) -> String {
        switch entry {
        case nil: absent
        case .file: file
        case .folder: folder
        case .symbolicLink(let target): "link:\(target)"
        }
    }

    static func describe(_ names: [String]) -> String {
        var bytes: [UInt8] = []
        for name in names {
            bytes += Array(name.utf8)
            bytes.append(0)
        }
        return Digest.sha256(bytes).description
    }
}

extension Map {
    fileprivate var asValue: Value { .map(self) }
}
