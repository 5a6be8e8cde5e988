// SPDX-License-Identifier: Apache-2.0

extension FileTree {
    /// The plain path that `path` leads to when its `.`, `..` and symbolic links are followed below the root.
    ///
    /// The result may not exist; its last part is no link. An absolute link, and one that leads above the root, is refused, whether or
    /// not something is there.
    /// - Throws: `FileTreeError.escapes`, `.tooManyLinks`, and what `entry(at:)` throws.
    package func resolve(_ path: String) throws -> String {
        var pending = Self.parts(path)
        var resolved: [Substring] = []
        var links = 0
        var link: String?
        guard !path.hasPrefix("/") else { throw FileTreeError.escapes(path: path, target: path) }
        while let part = pending.popLast() {
            if part == ".." {
                guard resolved.popLast() != nil else { throw FileTreeError.escapes(path: path, target: link ?? path) }
                continue
            }
            resolved.append(part)
            let here = resolved.joined(separator: "/")
            guard case .symbolicLink(let target) = try entry(at: here) else { continue }
            links += 1
            guard links <= 40 else { throw FileTreeError.tooManyLinks(path: path) }
            guard !target.hasPrefix("/") else { throw FileTreeError.escapes(path: here, target: target) }
            resolved.removeLast()
            link = target
            pending += Self.parts(target)
        }
        return resolved.joined(separator: "/")
    }

    /// The parts that mean something, the last one first.
    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." }.reversed() }
}
