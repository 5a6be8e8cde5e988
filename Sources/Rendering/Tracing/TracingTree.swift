// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// A tree that can name what is at a path without reading it, as Git does by object id.
package protocol IdentifiedFileTree: FileTree {
    /// A name of the file's content at `path`, the same for the same bytes; `nil` where there is no file. Never begins with `sha256:`.
    func identity(of path: String) throws -> String?
}

/// A tree that notes every question that it is asked, with the answer, and remembers it. Used on one thread.
///
/// A refused question is answered too: what is at the path decides whether something can be read or listed, so that is what is noted.
package final class TracingTree<Base: FileTree>: FileTree {
    private let base: Base
    private let identified: (any IdentifiedFileTree)?
    /// Told the size of each file before it is read; what it throws ends the render.
    private let charge: ((_ bytes: Int) throws -> Void)?
    private var entries: [String: String] = [:]
    private var present: [String: FileTreeEntry] = [:]
    private var contents: [String: String] = [:]
    private var listings: [String: [String]] = [:]
    /// What was no answer of the tree: it could not be read, or the render was stopped. Then nothing follows from what an engine says.
    private(set) var interruption: (any Error)?

    package init(_ base: Base, charge: ((_ bytes: Int) throws -> Void)? = nil) {
        self.base = base
        self.charge = charge
        identified = base as? any IdentifiedFileTree
    }

    package func entry(at path: String) throws -> FileTreeEntry? {
        if let known = present[path] { return known }
        if entries[path] == TreeAnswer.absent { return nil }
        return try noting(path) {
            let entry = try base.entry(at: path)
            entries[path] = TreeAnswer.describe(entry)
            present[path] = entry
            return entry
        }
    }

    package func read(_ path: String, limit: Int) throws -> [UInt8] {
        try noting(path) {
            if let charge, case .file(let bytes)? = try present[path] ?? base.entry(at: path) { try charge(bytes) }
            let bytes = try base.read(path, limit: limit)
            if contents[path] == nil {
                contents[path] = try identified?.identity(of: path) ?? Digest.sha256(bytes).description
            }
            return bytes
        }
    }

    package func list(_ path: String) throws -> [String] {
        if let known = listings[path] { return known }
        return try noting(path) {
            let names = try base.list(path)
            listings[path] = names
            return names
        }
    }

    /// Answers; a refusal is noted as what is at the path, and anything else as an interruption.
    private func noting<Answer>(_ path: String, _ answer: () throws -> Answer) throws -> Answer {
        do {
            return try answer()
        } catch let error as FileTreeError {
            do {
                entries[path] = try TreeAnswer.entry(path, in: base)
            } catch {
                interruption = interruption ?? error
            }
            throw error
        } catch {
            interruption = interruption ?? error
            throw error
        }
    }

    /// Every question once, without those that another answer already implies.
    package var reads: ReadSet {
        // That a folder is there follows from anything found in it; that a file is there, and how large, from its content; that nothing is
        // below what is absent, from that.
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
        for (path, found) in entries where found != TreeAnswer.absent { imply(above: path) }
        var reads: [TreeRead] = []
        for (path, found) in entries {
            if found == TreeAnswer.folder, implied.contains(path) { continue }
            if found.hasPrefix(TreeAnswer.filePrefix), contents[path] != nil { continue }
            if found == TreeAnswer.absent, isBelowAbsent(path) { continue }
            reads.append(TreeRead(path: path, kind: .entry, found: found))
        }
        reads += contents.map { TreeRead(path: $0.key, kind: .content, found: $0.value) }
        reads += listings.map { TreeRead(path: $0.key, kind: .listing, found: TreeAnswer.describe($0.value)) }
        return ReadSet(reads)
    }

    private func isBelowAbsent(_ path: String) -> Bool {
        var rest = path[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            if entries[String(rest)] == TreeAnswer.absent { return true }
        }
        return false
    }
}
