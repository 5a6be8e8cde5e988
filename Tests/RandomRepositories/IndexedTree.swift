// SPDX-License-Identifier: Apache-2.0
package import Manifests
import Rendering

/// A tree in memory that names contents, as Git does.
package struct IndexedTree: IdentifiedFileTree, Sendable {
    package enum Node: Sendable, Hashable {
        case file(String)
        case link(String)
    }

    package let nodes: [String: Node]
    private let folders: [String: Set<String>]

    package init(_ nodes: [String: Node]) {
        self.nodes = nodes
        var folders: [String: Set<String>] = ["": []]
        for path in nodes.keys {
            var rest = path[...]
            while true {
                let slash = rest.lastIndex(of: "/")
                let parent = slash.map { String(rest[..<$0]) } ?? ""
                let name = slash.map { String(rest[rest.index(after: $0)...]) } ?? String(rest)
                folders[parent, default: []].insert(name)
                guard let slash else { break }
                rest = rest[..<slash]
            }
        }
        self.folders = folders
    }

    package var name: String {
        Digest.sha256(nodes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n")).hex
    }

    package func entry(at path: String) -> FileTreeEntry? {
        switch nodes[path] {
        case .file(let text): .file(bytes: text.utf8.count)
        case .link(let target): .symbolicLink(target: target)
        case nil: folders[path] == nil ? nil : .folder
        }
    }

    package func read(_ path: String, limit: Int) throws -> [UInt8] {
        switch nodes[path] {
        case .file(let text):
            guard text.utf8.count <= limit else { throw FileTreeError.tooLarge(path: path, bytes: text.utf8.count, limit: limit) }
            return Array(text.utf8)
        case .link: throw FileTreeError.notAFile(path: path)
        case nil: throw folders[path] == nil ? FileTreeError.notFound(path: path) : FileTreeError.notAFile(path: path)
        }
    }

    package func list(_ path: String) throws -> [String] {
        guard let names = folders[path] else {
            throw nodes[path] == nil ? FileTreeError.notFound(path: path) : FileTreeError.notAFolder(path: path)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func identity(of path: String) -> String? {
        guard case .file(let text)? = nodes[path] else { return nil }
        return "id:\(Digest.sha256(text).hex.prefix(16))"
    }
}
