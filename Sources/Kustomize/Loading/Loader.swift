// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Reads files for one build, within its limits, and keeps what it has parsed.
final class Loader<Tree: FileTree> {
    private let tree: Tree
    private let limits: KustomizeLimits
    private var files: [String: SourceFile] = [:]
    private var filesRead = 0

    init(tree: Tree, limits: KustomizeLimits) {
        self.tree = tree
        self.limits = limits
    }

    enum Found { case file, folder }

    /// What is at `path`, links followed, and where it really is.
    func look(_ path: String, from referrer: @autoclosure () -> KustomizeProblem) throws(KustomizeFailure) -> (Found, path: String)? {
        do {
            let resolved = try tree.resolve(path)
            switch try tree.entry(at: resolved) {
            case .file: return (.file, resolved)
            case .folder: return (.folder, resolved)
            case .symbolicLink, nil: return nil
            }
        } catch {
            let referrer = referrer()
            throw KustomizeFailure(
                KustomizeProblem(
                    code: "unreadable", path: referrer.path, line: referrer.line, column: referrer.column, message: "\(error)"))
        }
    }

    /// Parses the file at a resolved path, once.
    func parse(_ path: String) throws(KustomizeFailure) -> SourceFile {
        if let file = files[path] { return file }
        filesRead += 1
        guard filesRead <= limits.filesMax else {
            throw KustomizeFailure(
                KustomizeProblem(code: "too-many-files", path: path, message: "the build reads more than \(limits.filesMax) files"))
        }
        let bytes: [UInt8]
        do {
            bytes = try tree.read(path, limit: limits.fileBytesMax)
        } catch {
            throw KustomizeFailure(KustomizeProblem(code: "unreadable", path: path, message: "\(error)"))
        }
        do throws(DocumentError) {
            let file = SourceFile(path: path, bytes: bytes, documents: try YAML.documents(bytes, scalars: .kustomize))
            files[path] = file
            return file
        } catch {
            throw KustomizeFailure(
                KustomizeProblem(
                    code: error.code, path: path, line: error.line > 0 ? error.line : nil, column: error.line > 0 ? error.column : nil,
                    message: error.message))
        }
    }
}

enum Paths {
    /// The path that `relative` means when written in a file in `folder`; `nil` where it leads above the root or is absolute.
    static func join(_ folder: String, _ relative: String) -> String? {
        guard !relative.hasPrefix("/") else { return nil }
        var parts = folder.split(separator: "/")
        for part in relative.split(separator: "/") {
            switch part {
            case ".": continue
            case "..":
                guard parts.popLast() != nil else { return nil }
            default: parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    /// Whether `path` is `folder` or below it.
    static func isBelow(_ path: String, _ folder: String) -> Bool { folder.isEmpty || path == folder || path.hasPrefix(folder + "/") }
}
