// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Kustomize
import Manifests
import Rendering
import Threads

struct Render: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the objects that a folder renders to, as YAML.",
        discussion: """
            A kustomization prints as `kubectl kustomize` prints it. Plain manifests are checked, and printed as they would be applied.

            Examples:
              flotilla render environments/staging/storefront
              flotilla render environments/production/storefront --variable cluster.name=prod-eu-1 --substitute
            """)

    @Argument(help: "A folder with a kustomization or manifests, or one manifest.")
    var path: String

    @Option(
        help: ArgumentHelp("Files above this folder cannot be read. (default: the Git repository around PATH, else /)", valueName: "folder")
    )
    var root: String?

    @Option(help: "The namespace of objects that need one and name none.")
    var namespace: String?

    @Flag(help: "Replace variables in manifests.")
    var substitute = false

    @Option(help: ArgumentHelp("A variable, such as cluster.name=prod-eu-1. Repeatable.", valueName: "name=value"))
    var variable: [String] = []

    func validate() throws {
        if let wrong = variable.first(where: { !$0.contains("=") }) { throw ValidationError("--variable \(wrong): there is no '='") }
    }

    func run() async throws {
        let full = LocalFile.absolute(path)
        guard LocalFile.exists(full) else { throw Failure("\(path): no such file or folder") }
        let root = self.root.map(LocalFile.absolute) ?? Self.repository(around: full)
        guard let relative = Self.path(full, below: root) else { throw Failure("\(path): not inside \(root)") }
        var variables: [String: String] = [:]
        for pair in variable {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = String(parts[1])
        }
        let request = RenderRequest(
            path: relative, namespace: namespace, substitute: substitute, allowClearSecrets: true, variables: variables)
        let thread = ThreadExecutor(name: "render")
        defer { thread.stop() }
        do {
            let text = try await thread.run { try Self.text(request, root: root) }
            Terminal.write(text, to: 1)
        } catch let failure as RenderFailure {
            throw Failure(failure.errors.map(\.description).joined(separator: "\n"))
        } catch let failure as KustomizeFailure {
            throw Failure(failure.problems.map(\.description).joined(separator: "\n"))
        }
    }

    /// The stream of documents. Without anything of ours to apply, a kustomization is printed just as its engine gives it.
    private static func text(_ request: RenderRequest, root: String) throws -> String {
        let tree = FolderTree(root: root)
        let isFolder = LocalFile.isFolder(request.path.isEmpty ? root : "\(root == "/" ? "" : root)/\(request.path)")
        if !request.substitute, request.namespace == nil, isFolder,
            try Kustomize.kustomization(in: request.path, of: tree) != nil
        {
            return YAML.write(documents: try Kustomize.build(request.path, from: tree).map(\.value))
        }
        let rendered = try Renderer.render(request, from: tree)
        for warning in rendered.warnings { Terminal.note("warning: \(warning)") }
        return YAML.write(documents: rendered.objects.map(\.value))
    }

    /// The nearest folder above (or at) `path` that holds a Git repository; `/` where there is none.
    static func repository(around path: String) -> String {
        var folder = path
        while folder.count > 1 {
            if LocalFile.exists("\(folder)/.git") { return folder }
            let slash = folder.lastIndex(of: "/") ?? folder.startIndex
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
        return "/"
    }

    /// `path` from `root`; `nil` where it is not below.
    static func path(_ path: String, below root: String) -> String? {
        if root == "/" { return String(path.dropFirst()) }
        if path == root { return "" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : nil
    }
}
