// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Finds the files of a tree that may hold declarations.
package enum DeclarationFiles {
    /// Bytes of one file that are read at most; the parser takes less, and says so.
    private static let bytesMax = 16 << 20
    private static let countMax = 1_000_000
    private static let depthMax = 256

    /// `fleet/**` and `environments/*/environment.yaml`, by their paths; symbolic links are passed over. Blocks as the tree does.
    package static func read(_ tree: some FileTree) throws -> [SourceFile] {
        var files: [SourceFile] = []
        for folder in ["environments", "fleet"] { try collect(folder, tree, &files, depth: 0) }
        return files
    }

    private static func collect(_ path: String, _ tree: some FileTree, _ files: inout [SourceFile], depth: Int) throws {
        switch try tree.entry(at: path) {
        case .file where FleetParser.isDeclarationPath(path):
            guard files.count < countMax else {
                throw FileTreeError.failed(path: path, reason: "one file more than the limit of \(countMax)")
            }
            files.append(SourceFile(path: path, bytes: try tree.read(path, limit: bytesMax)))
        case .folder where FleetParser.canHoldDeclarations(folder: path):
            guard depth < depthMax else {
                throw FileTreeError.failed(path: path, reason: "more than \(depthMax) folders inside each other")
            }
            for name in try tree.list(path) { try collect("\(path)/\(name)", tree, &files, depth: depth + 1) }
        case .file, .folder, .symbolicLink, nil: break
        }
    }
}
