// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// A tree that can name what is at a path without reading it, as Git does by object id.
package protocol IdentifiedFileTree: FileTree {
    /// A name of the file's content at `path`, the same for the same bytes; `nil` where there is no file.
    func identity(of path: String) throws -> String?
}

/// A tree that notes every question that it is asked, with the answer. Used on one thread.
package final class TracingTree<Base: FileTree>: FileTree {
    private let base: Base
    private let identified: (any IdentifiedFileTree)?
    private var entries: [String: String] = [:]
    private var contents: [String: String] = [:]
    private var listings: [String: String] = [:]

    package init(_ base: Base) {
        self.base = base
        identified = base as? any IdentifiedFileTree
    }

    package func entry(at path: String) throws -> FileTreeEntry? {
        let entry = try base.entry(at: path)
        entries[path] = RenderTrace.describe(entry)
        return entry
    }

    package func read(_ path: String, limit: Int) throws -> [UInt8] {
        let bytes = try base.read(path, limit: limit)
        if contents[path] == nil {
            if let identity = try identified?.identity(of: path) {
                contents[path] = RenderTrace.objectPrefix + identity
            } else {
                contents[path] = Digest.sha256(bytes).description
            }
        }
        return bytes
    }

    package func list(_ path: String) throws -> [String] {
        let names = try base.list(path)
        listings[path] = RenderTrace.describe(names)
        return names
    }

    /// Every question once, without those that another answer already implies, ordered by path.
    package var reads: [RenderTrace.Read] {
        // That a folder is there follows from anything found in it; that a file is there from its content.
        var implied: Set<String> = []
        func imply(above path: String) {
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                guard implied.insert(String(rest)).inserted else { return }
            }
            implied.insert("")
        }
        for path in contents.keys { imply(above: path) }
        for path in listings.keys {
            imply(above: path)
            implied.insert(path)
        }
        for (path, found) in entries where found != RenderTrace.absent { imply(above: path) }
        var reads: [RenderTrace.Read] = []
        for (path, found) in entries {
            if found == RenderTrace.folder, implied.contains(path) { continue }
            if found == RenderTrace.file, contents[path] != nil { continue }
            reads.append(RenderTrace.Read(path: path, kind: .entry, found: found))
        }
        reads += contents.map { RenderTrace.Read(path: $0.key, kind: .content, found: $0.value) }
        reads += listings.map { RenderTrace.Read(path: $0.key, kind: .listing, found: $0.value) }
        return reads.sorted()
    }
}
