// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Files in memory as a tree.
struct MemoryTree: FileTree, Sendable {
    private let files: [String: [UInt8]]
    private let folders: [String: [String]]

    init(_ files: [String: [UInt8]]) {
        self.files = files
        var folders: [String: Set<String>] = ["": []]
        for path in files.keys {
            var rest = path[...]
            while true {
                let slash = rest.lastIndex(of: "/")
                let folder = slash.map { String(rest[..<$0]) } ?? ""
                let name = slash.map { String(rest[rest.index(after: $0)...]) } ?? String(rest)
                folders[folder, default: []].insert(name)
                guard let slash else { break }
                rest = rest[..<slash]
            }
        }
        self.folders = folders.mapValues { $0.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    }

    func entry(at path: String) throws -> FileTreeEntry? {
        if let bytes = files[path] { return .file(bytes: bytes.count) }
        return folders[path] == nil ? nil : .folder
    }

    func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard let bytes = files[path] else { throw FileTreeError.notFound(path: path) }
        guard bytes.count <= limit else { throw FileTreeError.tooLarge(path: path, bytes: bytes.count, limit: limit) }
        return bytes
    }

    func list(_ path: String) throws -> [String] {
        guard let names = folders[path] else { throw FileTreeError.notAFolder(path: path) }
        return names
    }
}
