// SPDX-License-Identifier: Apache-2.0
import Glibc
import GoTemplate
import Helm
import Manifests

/// One chart to render, as `helm template` does: for a release that is named here, and for no cluster.
struct ChartJob: Sendable {
    /// A folder or a packed chart, from the tree's root.
    var path: String
    var releaseName: String
    var namespace: String
    /// `nil` for what Helm takes where it asks no cluster.
    var kubernetesVersion: String?
    /// Beyond those that Helm knows by itself.
    var apiVersions: [String]
    /// Files of values, the later ones over the earlier; paths as they were given.
    var valueFiles: [String]

    static let releaseNameMax = 53

    /// Whether a chart lies there, rather than a kustomization or manifests.
    static func isChart(_ path: String, in tree: any FileTree) throws -> Bool {
        let real = try tree.resolve(path)
        switch try tree.entry(at: real) {
        case .folder?: return try tree.entry(at: real.isEmpty ? "Chart.yaml" : "\(real)/Chart.yaml") != nil
        case .file?: return real.hasSuffix(".tgz")
        case .symbolicLink?, nil: return false
        }
    }

    /// The stream of documents in Helm's order, hooks last.
    func print(from tree: any FileTree) throws -> RenderJob.Printed {
        var request = HelmRequest(
            releaseName: releaseName, namespace: namespace,
            kubernetesVersion: kubernetesVersion.map { $0.hasPrefix("v") ? $0 : "v\($0)" } ?? HelmRequest.standardKubernetesVersion)
        request.apiVersions += apiVersions
        for file in valueFiles {
            let values = try ChartValues.read(LocalFile.read(file, limit: 5 << 20), file: file)
            request.values = ChartValues.merged(request.values, with: values)
        }
        let chart = try Self.read(tree, at: try tree.resolve(path))
        let render = try Helm.render(chart, request, entropy: Self.entropy)
        var printed = RenderJob.Printed(text: (render.manifests + render.hooks).map(\.printed).joined())
        if !render.nonRepeatable.isEmpty {
            printed.warnings.append(
                "the chart calls \(render.nonRepeatable.joined(separator: ", ")): the next render gives something else")
        }
        if !render.definitions.isEmpty {
            printed.warnings.append("the chart's crds/ are not printed: \(render.definitions.count) files")
        }
        return printed
    }

    private static func read(_ tree: some FileTree, at path: String) throws -> Chart { try ChartReading.read(tree, at: path) }

    /// The clock and random bytes of the system: what is printed is for looking at, not for a release.
    private static let entropy = Entropy(
        now: {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return (Int64(now.tv_sec), Int32(now.tv_nsec))
        },
        randomBytes: { count in
            var generator = SystemRandomNumberGenerator()
            return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        })
}
