// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Reads files for one build, within its limits, and keeps what it has parsed.
final class Loader<Tree: FileTree> {
    private let tree: Tree
    private let limits: KustomizeLimits
    private var parsed: [String: SourceFile] = [:]
    private var kustomizations: [String: SourceFile] = [:]
    private var filesRead = 0
    private var bytesRead = 0

    init(tree: Tree, limits: KustomizeLimits) {
        self.tree = tree
        self.limits = limits
    }

    enum Found { case file, folder }

    /// What is at `path`, links followed, and where it really is; `nil` where there is nothing, or a link leads nowhere.
    func look(_ path: String, for problem: @autoclosure () -> KustomizeProblem) throws(KustomizeFailure) -> (Found, path: String)? {
        do {
            let resolved = try tree.resolve(path)
            switch try tree.entry(at: resolved) {
            case .file: return (.file, resolved)
            case .folder: return (.folder, resolved)
            case .symbolicLink, nil: return nil
            }
        } catch {
            let place = problem()
            throw KustomizeFailure(
                KustomizeProblem(code: "unreadable", path: place.path, line: place.line, column: place.column, message: "\(error)"))
        }
    }

    /// The bytes of the file at a resolved path.
    func read(_ path: String) throws(KustomizeFailure) -> [UInt8] {
        filesRead += 1
        guard filesRead <= limits.filesMax else {
            throw failure("too-many-files", path, "the build reads more than \(limits.filesMax) files")
        }
        let bytes: [UInt8]
        do {
            bytes = try tree.read(path, limit: limits.fileBytesMax)
        } catch let error as FileTreeError {
            if case .tooLarge = error { throw failure("too-large", path, "\(error)") }
            throw failure("unreadable", path, "\(error)")
        } catch {
            throw failure("unreadable", path, "\(error)")
        }
        bytesRead += bytes.count
        guard bytesRead <= limits.bytesMax else {
            throw failure("too-large", path, "the build reads more than \(limits.bytesMax) bytes")
        }
        return bytes
    }

    /// Parses the file at a resolved path, once.
    func parse(_ path: String) throws(KustomizeFailure) -> SourceFile {
        if let file = parsed[path] { return file }
        let file = try parse(try read(path), path, .kustomize)
        parsed[path] = file
        return file
    }

    /// Parses a kustomization: those are read by the rules of Kubernetes' tools, where `yes` is true.
    /// Of a key that is there twice the last one counts there, as in kustomize; that is worth a warning.
    func parseKustomization(_ path: String, warn: (KustomizeProblem) -> Void) throws(KustomizeFailure) -> SourceFile {
        if let file = kustomizations[path] { return file }
        let bytes = try read(path)
        let file: SourceFile
        do throws(KustomizeFailure) {
            file = try parse(bytes, path, .kubernetes)
        } catch {
            guard let problem = error.problems.first, problem.code == "duplicate-key" else { throw error }
            file = try parse(bytes, path, .kubernetes, duplicateKeys: .lastCounts)
            warn(
                KustomizeProblem(
                    code: problem.code, path: path, line: problem.line, column: problem.column,
                    message: "\(problem.message): the last one counts", hint: "remove one"))
        }
        kustomizations[path] = file
        return file
    }

    /// A file that was parsed in this build.
    func known(_ path: String) -> SourceFile? { parsed[path] ?? kustomizations[path] }

    private func parse(
        _ bytes: [UInt8], _ path: String, _ scalars: YAML.ScalarRules, duplicateKeys: YAML.DuplicateKeys = .refused
    ) throws(KustomizeFailure) -> SourceFile {
        do throws(DocumentError) {
            return SourceFile(
                path: path, bytes: bytes, documents: try YAML.documents(bytes, scalars: scalars, duplicateKeys: duplicateKeys))
        } catch {
            throw KustomizeFailure(
                KustomizeProblem(
                    code: error.code, path: path, line: error.line > 0 ? error.line : nil, column: error.line > 0 ? error.column : nil,
                    message: error.message))
        }
    }

    private func failure(_ code: String, _ path: String, _ message: String) -> KustomizeFailure {
        KustomizeFailure(KustomizeProblem(code: code, path: path, message: message))
    }
}

/// The folder of one kustomization, as far as that may read: itself and what is below it.
final class Folder<Tree: FileTree>: FileScope {
    let folder: String
    private let loader: Loader<Tree>

    init(_ folder: String, loader: Loader<Tree>) {
        self.folder = folder
        self.loader = loader
    }

    func bytes(_ path: String, for node: Node) throws(KustomizeFailure) -> (path: String, bytes: [UInt8]) {
        let real = try locate(path, for: node)
        return (real, try loader.read(real))
    }

    func documents(_ path: String, for node: Node) throws(KustomizeFailure) -> SourceFile { try loader.parse(try locate(path, for: node)) }

    func hasFile(_ path: String) -> Bool {
        guard let joined = Paths.join(folder, path) else { return false }
        let nowhere = KustomizeProblem(code: "", path: folder, message: "")
        guard let (kind, real) = try? loader.look(joined, for: nowhere) else { return false }
        return kind == .file && Paths.isBelow(real, folder)
    }

    /// Where the file that `node` names by `path` really is.
    func locate(_ path: String, for node: Node) throws(KustomizeFailure) -> String {
        if Paths.isRemote(path) {
            throw node.failure(
                "remote", "\(path) is remote: rendering reads the repository only", hint: "keep a copy in the repository, and name that")
        }
        guard let joined = Paths.join(folder, path) else {
            throw node.failure(
                "outside", path.hasPrefix("/") ? "\(path) is absolute" : "\(path) is outside of the repository",
                hint: "paths are relative to the kustomization's folder")
        }
        guard let (kind, real) = try loader.look(joined, for: node.problem("", "")) else {
            throw node.failure("not-found", "\(joined): no such file")
        }
        guard kind == .file else { throw node.failure("not-a-file", "\(path) is a folder, a file is needed here") }
        guard Paths.isBelow(real, folder) else {
            throw node.failure(
                "outside", "\(path) is outside of \(folder.isEmpty ? "/" : folder), the kustomization's folder",
                hint: "files are read from the kustomization's folder and below; give the other folder a kustomization of its own")
        }
        return real
    }
}
