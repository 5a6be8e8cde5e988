// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A question about a tree and what it was answered.
package struct TreeRead: Sendable, Hashable, Comparable {
    package enum Kind: String, Sendable, Hashable, Comparable, CaseIterable {
        /// What is at the path: `absent`, `folder`, `file:<bytes>`, `link:<target>`, or `error:<why>` for what cannot be read, such as a
        /// submodule.
        case entry
        /// What is in the file: the tree's own name for it (`git:<id>`), otherwise the bytes' SHA-256.
        case content
        /// Which names the folder has: the SHA-256 of the names, each ended by a zero byte. What the names stand for is asked apart, so a
        /// listing stays as it is when only contents below it change.
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

    package static func < (left: TreeRead, right: TreeRead) -> Bool {
        if left.path != right.path { return left.path.utf8.lexicographicallyPrecedes(right.path.utf8) }
        return left.kind < right.kind
    }

    /// What the question is found by in an index: 64 bits of kind and path (FNV-1a). Two questions with the same key cost a look, no more,
    /// since whoever finds reads by it compares the answers afterwards.
    package var key: Int64 { Self.key(kind, path) }

    package static func key(_ kind: Kind, _ path: String) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        switch kind {
        case .entry: add(1)
        case .content: add(2)
        case .listing: add(3)
        }
        for byte in path.utf8 { add(byte) }
        return Int64(bitPattern: hash)
    }
}

/// How a tree answers, in the words of `TreeRead`.
enum TreeAnswer {
    static let absent = "absent"
    static let folder = "folder"
    static let filePrefix = "file:"
    static let errorPrefix = "error:"

    /// Throws only what is no answer: a tree that cannot be read at the moment.
    static func entry(_ path: String, in tree: some FileTree) throws -> String {
        do {
            return describe(try tree.entry(at: path))
        } catch let error as FileTreeError {
            return errorPrefix + error.description
        }
    }

    static func describe(_ entry: FileTreeEntry?) -> String {
        switch entry {
        case nil: absent
        case .file(let bytes): "\(filePrefix)\(bytes)"
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
