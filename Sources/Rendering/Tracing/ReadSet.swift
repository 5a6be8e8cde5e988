// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// All that a render asked a tree, with the answers; many renders may share one.
///
/// Document: `[["path", "kind", "found"]…]` in canonical JSON, ordered by path and kind. Equal sets have equal digests.
package struct ReadSet: Sendable, Hashable {
    /// Ordered by path, each question once.
    package let reads: [TreeRead]

    init(_ reads: [TreeRead]) { self.reads = reads.sorted() }

    /// Whether the tree gives the same answers.
    ///
    /// Throws only where the tree cannot be read at the moment, which says nothing.
    package func holds(in tree: some FileTree) throws -> Bool {
        let identified = tree as? any IdentifiedFileTree
        for read in reads where try !Self.holds(read, tree, identified) { return false }
        return true
    }

    private static func holds(_ read: TreeRead, _ tree: some FileTree, _ identified: (any IdentifiedFileTree)?) throws -> Bool {
        do {
            switch read.kind {
            case .entry: return try TreeAnswer.entry(read.path, in: tree) == read.found
            case .content:
                if let identified, !read.found.hasPrefix("sha256:") { return try identified.identity(of: read.path) == read.found }
                guard case .file(let bytes)? = try tree.entry(at: read.path) else { return false }
                return Digest.sha256(try tree.read(read.path, limit: bytes)).description == read.found
            case .listing: return TreeAnswer.describe(try tree.list(read.path)) == read.found
            }
        } catch is FileTreeError {
            return false
        }
    }

    /// What the questions are found by; see `TreeRead.key`.
    package var keys: Set<Int64> { Set(reads.map(\.key)) }

    // MARK: - Form

    package var document: String {
        JSON.text(.list(reads.map { .list([.string($0.path), .string($0.kind.rawValue), .string($0.found)]) }))
    }

    package var digest: Digest { .sha256(document) }

    /// Reads what `document` wrote.
    package init(document: String) throws {
        let value = try JSON.read(document)
        reads = try (value.list ?? []).map { item in
            guard let parts = item.list, parts.count == 3, let path = parts[0].string,
                let kind = parts[1].string.flatMap(TreeRead.Kind.init),
                let found = parts[2].string
            else { throw ShapeError(path: "reads", message: "expected [path, kind, found]") }
            return TreeRead(path: path, kind: kind, found: found)
        }
    }
}
