// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetModel
import Manifests
import Rendering

struct Render: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the objects that a folder renders to, for a cluster or as it stands, as YAML.",
        discussion: """
            A kustomization prints as `kubectl kustomize` prints it, a chart as `helm template` does, with hooks last. Plain manifests \
            are checked, and printed as they would be applied.

            With --cluster, PATH is an application's folder, the folder that its source is for that cluster, or any other; an \
            application is rendered with its own options and the cluster's and environment's variables, as the coordinator does it. \
            Declarations are read from the same files: the Git repository around PATH, or --root. With --revision everything is read \
            from that commit, whatever is checked out.

            Problems are printed as FILE:LINE:COLUMN: error[CODE]: MESSAGE (HINT), files counted from the root; then the exit code is 1.

            Examples:
              flotilla render environments/staging/storefront
              flotilla render fleet/applications/storefront --cluster prod-eu-1
              flotilla render fleet/applications/storefront --environment production --revision HEAD~1
              flotilla render environments/production/storefront --variable cluster.name=prod-eu-1 --substitute
              flotilla render fleet/applications/api --cluster prod-eu-1 --explain Deployment/api:/spec/replicas
              flotilla render charts/web --name demo --namespace apps --kube-version 1.31.0 --values production.yaml
              flotilla render --all --output-directory /tmp/fleet --revision v1.2
            """)

    @Argument(help: "A folder with a kustomization, manifests or a chart, a packed chart or one manifest; with --all the repository.")
    var path: String?

    @Option(help: ArgumentHelp("Render for this cluster.", valueName: "name"))
    var cluster: String?

    @Option(help: ArgumentHelp("The cluster's environment; alone it means all its clusters, which must get the same.", valueName: "name"))
    var environment: String?

    @Option(help: ArgumentHelp("Read from this commit: a branch, tag, abbreviated id, HEAD~1.", valueName: "revision"))
    var revision: String?

    @Option(
        help: ArgumentHelp("Files above this folder cannot be read. (default: the Git repository around PATH, else /)", valueName: "folder")
    )
    var root: String?

    @Option(help: "The namespace of objects that need one and name none.")
    var namespace: String?

    @Option(help: ArgumentHelp("Of a chart: the release's name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Of a chart: the version of Kubernetes that it is for, such as 1.31.0.", valueName: "version"))
    var kubeVersion: String?

    @Option(
        help: ArgumentHelp("Of a chart: a further API version of the cluster, such as example.dev/v1. Repeatable.", valueName: "version"))
    var apiVersions: [String] = []

    @Option(
        help: ArgumentHelp("Of a chart: a file with values, over the chart's own and those of files before. Repeatable.", valueName: "file")
    )
    var values: [String] = []

    @Flag(help: "Replace variables in manifests.")
    var substitute = false

    @Option(help: ArgumentHelp("A variable, such as cluster.name=prod-eu-1. Repeatable.", valueName: "name=value"))
    var variable: [String] = []

    @Option(
        help: ArgumentHelp(
            "Say which file and line, and which transformer, gave a field its value: [GROUP/]KIND/[NAMESPACE/]NAME:POINTER.",
            valueName: "field"))
    var explain: String?

    @Option(name: [.customShort("o"), .long], help: "How --explain prints: text or json.")
    var output: ExplanationFormat?

    @Flag(help: "Render every application for every cluster, into the output directory.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "With --all: where ENVIRONMENT/CLUSTER/APPLICATION.yaml are written, and removed when they are stale.", valueName: "folder"))
    var outputDirectory: String?

    func validate() throws {
        if let wrong = variable.first(where: { !$0.contains("=") }) { throw ValidationError("--variable \(wrong): there is no '='") }
        if output != nil, explain == nil { throw ValidationError("--output goes with --explain") }
        if let explain {
            guard !all else { throw ValidationError("--explain goes with one PATH, not with --all") }
            do throws(ObjectFieldError) {
                _ = try ObjectField(parsing: explain)
            } catch {
                throw ValidationError("--explain \(error)")
            }
        }
        if all {
            guard outputDirectory != nil else { throw ValidationError("--all needs --output-directory") }
            if namespace != nil || substitute { throw ValidationError("--all takes namespaces and substitution from the applications") }
        } else {
            guard path != nil else { throw ValidationError("say which PATH to render, or --all") }
            if outputDirectory != nil { throw ValidationError("--output-directory goes with --all") }
        }
    }

    func run() async throws {
        do {
            try await perform()
        } catch {
            guard let complaint = Complaint(error) else { throw error }
            for line in complaint.lines { Terminal.write(line + "\n", to: 2) }
            throw ExitCode(ProgramExit.failed.rawValue)
        }
    }

    private func perform() async throws {
        let given = path ?? "."
        let full = LocalFile.absolute(given)
        let root = self.root.map(LocalFile.absolute) ?? LocalFile.repository(around: full)
        guard let relative = LocalFile.path(full, below: root) else { throw Failure("\(given): not inside \(root)") }
        let tree = try await RenderTree.open(root: root, revision: revision)
        defer { tree.close() }
        if all {
            try await renderAll(tree, root: root)
        } else if cluster == nil, environment == nil, try await tree.read({ try ChartJob.isChart(relative, in: $0) }) {
            try await renderChart(relative, tree)
        } else {
            guard !namesChartOptions else {
                throw Failure("\(given): is no chart", hint: "--name, --kube-version, --api-versions and --values are for charts")
            }
            try await render(
                RenderJob(
                    given: given, path: relative, root: root, environment: environment, cluster: cluster, namespace: namespace,
                    substitute: substitute, variables: variables),
                tree)
        }
    }

    private func render(_ job: RenderJob, _ tree: RenderTree) async throws {
        let field = try explain.map { try ObjectField(parsing: $0) }
        let (format, style) = (output ?? .text, Terminal.style)
        let printed = try await tree.read { tree in
            guard let field else { return try job.print(from: tree) }
            return try job.explain(field, from: tree, format, style)
        }
        for warning in printed.warnings { Terminal.note("warning: \(warning)") }
        Terminal.write(printed.text, to: 1)
    }

    private var namesChartOptions: Bool { name != nil || kubeVersion != nil || !apiVersions.isEmpty || !values.isEmpty }

    private func renderChart(_ path: String, _ tree: RenderTree) async throws {
        guard explain == nil, !substitute, variable.isEmpty else {
            throw Failure("a chart takes --values; --explain, --substitute and --variable are not for charts")
        }
        let job = ChartJob(
            path: path, releaseName: name ?? "release-name", namespace: namespace ?? "default", kubernetesVersion: kubeVersion,
            apiVersions: apiVersions, valueFiles: values)
        guard (1...ChartJob.releaseNameMax).contains(job.releaseName.utf8.count) else {
            throw Failure("--name is 1 to \(ChartJob.releaseNameMax) characters")
        }
        let printed = try await tree.read { try job.print(from: $0) }
        for warning in printed.warnings { Terminal.note("warning: \(warning)") }
        Terminal.write(printed.text, to: 1)
    }

    private func renderAll(_ tree: RenderTree, root: String) async throws {
        let (variables, environment, cluster) = (variables, environment, cluster)
        let work = try await tree.read { tree in
            let declared = try DeclaredFleet(tree, root: root)
            let chosen = try declared.clusters(environment: environment, cluster: cluster)
            return FleetRender(
                declared, clusters: chosen.isEmpty ? nil : Set(chosen.map(\.clusterName)), variables: variables)
        }
        let folder = try OutputFolder(LocalFile.absolute(outputDirectory ?? "."))
        let done = try await work.run(from: tree, into: folder)
        // What could not be rendered is not taken for what is not wanted: its file stays as it was.
        let files = Set(done.files)
        let stale = Set(done.failed.flatMap(\.targets).map(\.file)).intersection(folder.earlier).subtracting(files)
        let keptAll = done.failed.contains { $0.targets.isEmpty }
        let removed = try folder.finish(keeping: keptAll ? files.union(folder.earlier) : files.union(stale))
        for warning in done.warnings { Terminal.note("warning: \(warning)") }
        for line in done.complaints { Terminal.write(line + "\n", to: 2) }
        Terminal.note(
            "\(done.files.count) files by \(done.renders) renders: \(done.written) written, \(done.unchanged) unchanged, "
                + "\(removed) removed, \(done.failedCount) failed")
        if done.failedCount > 0 { throw ExitCode(ProgramExit.failed.rawValue) }
    }

    private var variables: [String: String] {
        var variables: [String: String] = [:]
        for pair in variable {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = String(parts[1])
        }
        return variables
    }
}

/// How an explanation is printed: columns for people, a document for programs.
enum ExplanationFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
