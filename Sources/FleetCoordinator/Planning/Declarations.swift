// SPDX-License-Identifier: Apache-2.0
import FleetModel
import GitRepository
import Manifests

/// What a tree declares, with everything that is wrong in it.
struct Declarations: Sendable {
    let commit: String
    let files: [SourceFile]
    let result: ParseResult

    init(commit: String, files: [SourceFile]) {
        self.commit = commit
        self.files = files
        result = FleetParser.parse(files)
    }

    /// What the tree declares as a fleet commit; `nil` where anything but an application is invalid.
    var fleet: Fleet? { result.declarations }
}

/// Finds the declarations in a Git tree: `fleet/**` and `environments/*/environment.yaml`, and nothing else.
enum DeclarationFiles {
    /// No declaration is larger; bytes.
    static let bytesMax = 4 << 20
    static let countMax = 100_000

    static func read(_ tree: GitTree) throws -> [SourceFile] {
        var files: [SourceFile] = []
        for folder in ["fleet", "environments"] {
            guard case .folder? = try tree.entry(at: folder) else { continue }
            for file in try tree.files(below: folder, limit: countMax)
            where !file.isSymbolicLink && FleetParser.isDeclarationPath(file.path) {
                files.append(SourceFile(path: file.path, bytes: try tree.read(file.path, limit: bytesMax)))
            }
        }
        return files
    }
}
