// SPDX-License-Identifier: Apache-2.0
import FleetModel
import GitRepository
import Manifests
import Synchronization

/// What a tree declares, with everything that is wrong in it.
struct Declarations: Sendable {
    let commit: String
    let files: [ReadFile]
    let result: ParseResult
    /// What the tree declares as a fleet commit; `nil` where anything but an application is invalid.
    let fleet: Fleet?

    init(commit: String, files: [ReadFile]) {
        self.commit = commit
        self.files = files
        result = FleetParser.parse(files)
        fleet = result.declarations
    }
}

/// Finds the declarations in Git trees: `fleet/**` and `environments/*/environment.yaml`, and nothing else.
///
/// Keeps what it read last: of the next tree it opens only the folders, and reads only the files, whose object ids differ.
final class DeclarationReader: Sendable {
    /// No declaration is larger; bytes.
    static let bytesMax = 4 << 20
    /// Files in the folders that can hold declarations.
    static let countMax = 1_000_000

    private let last = Mutex<[String: DeclarationFolder]>([:])

    /// What the tree's files declare, by their paths.
    func read(_ tree: GitTree) throws -> [ReadFile] {
        let before = last.withLock { $0 }
        var after: [String: DeclarationFolder] = [:]
        var files: [ReadFile] = []
        for name in ["environments", "fleet"] {
            guard case .folder? = try tree.entry(at: name), let id = try tree.objectID(at: name) else { continue }
            let folder = try DeclarationFolder.read(id, at: name, of: tree, knowing: before[name])
            after[name] = folder
            files += folder.declared
        }
        let kept = after
        last.withLock { $0 = kept }
        return files
    }
}

/// A folder of a Git tree with what the files in and below it declare. Never changes, so commits share what they have in common.
final class DeclarationFolder: Sendable {
    private struct Child: Sendable {
        let name: String
        let id: ObjectID
        let content: Content
    }

    private enum Content: Sendable {
        /// `nil` where the file declares nothing.
        case file(ReadFile?)
        case folder(DeclarationFolder)
    }

    let id: ObjectID
    /// By path, only files that declare something or are wrong.
    let declared: [ReadFile]
    /// All files in and below.
    private let fileCount: Int
    private let children: [Child]

    private init(id: ObjectID, children: [Child], fileCount: Int) {
        self.id = id
        self.children = children
        self.fileCount = fileCount
        declared = children.flatMap { child -> [ReadFile] in
            switch child.content {
            case .file(let file): file.map { [$0] } ?? []
            case .folder(let folder): folder.declared
            }
        }
    }

    /// Reads a folder; what `known` has with the same names and ids is taken from there.
    static func read(_ id: ObjectID, at path: String, of tree: GitTree, knowing known: DeclarationFolder?) throws -> DeclarationFolder {
        try read(id, at: path, of: tree, knowing: known, depth: 0)
    }

    private static func read(
        _ id: ObjectID, at path: String, of tree: GitTree, knowing known: DeclarationFolder?, depth: Int
    ) throws -> DeclarationFolder {
        if let known, known.id == id { return known }
        guard depth < 256 else { throw FileTreeError.failed(path: path, reason: "more than 256 folders inside each other") }
        let before = Dictionary((known?.children ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var children: [Child] = []
        var count = 0
        for child in try tree.children(of: id) {
            let childPath = "\(path)/\(child.name)"
            let earlier = before[child.name]
            switch child.kind {
            case .folder where FleetParser.canHoldDeclarations(folder: childPath):
                var folder: DeclarationFolder?
                if case .folder(let known)? = earlier?.content { folder = known }
                let read = try read(child.id, at: childPath, of: tree, knowing: folder, depth: depth + 1)
                count += read.fileCount
                children.append(Child(name: child.name, id: child.id, content: .folder(read)))
            case .file:
                count += 1
                guard FleetParser.isDeclarationPath(childPath) else { continue }
                if let earlier, earlier.id == child.id, case .file = earlier.content {
                    children.append(earlier)
                } else {
                    let bytes = try tree.read(child.id, path: childPath, limit: DeclarationReader.bytesMax)
                    let file = FleetParser.read(SourceFile(path: childPath, bytes: bytes))
                    children.append(Child(name: child.name, id: child.id, content: .file(file)))
                }
            case .folder, .symbolicLink, .submodule: continue
            }
            guard count <= DeclarationReader.countMax else {
                throw FileTreeError.failed(path: childPath, reason: "one file more than the limit of \(DeclarationReader.countMax)")
            }
        }
        return DeclarationFolder(id: id, children: children, fileCount: count)
    }
}
