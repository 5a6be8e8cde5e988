// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Files by path, for tests.
struct MemoryTree: FileTree {
    var files: [String: String]
    var links: [String: String] = [:]

    func entry(at path: String) -> FileTreeEntry? {
        if path.isEmpty { return .folder }
        if let text = files[path] { return .file(bytes: text.utf8.count) }
        if let target = links[path] { return .symbolicLink(target: target) }
        return files.keys.contains { $0.hasPrefix(path + "/") } ? .folder : nil
    }

    func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard let text = files[path] else { throw FileTreeError.notFound(path: path) }
        guard text.utf8.count <= limit else { throw FileTreeError.tooLarge(path: path, bytes: text.utf8.count, limit: limit) }
        return Array(text.utf8)
    }

    func list(_ path: String) -> [String] {
        let prefix = path.isEmpty ? "" : path + "/"
        let names = (Array(files.keys) + links.keys).filter { $0.hasPrefix(prefix) }.compactMap {
            $0.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
        }
        return Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
