// SPDX-License-Identifier: Apache-2.0
import Manifests

@testable import Helm

/// A chart's files by path, for tests.
struct MemoryChart {
    var files: [String: String]

    /// With a `Chart.yaml` of its own where there is none.
    init(_ files: [String: String], name: String = "shop", version: String = "1.0.0") {
        self.files = files
        if files["Chart.yaml"] == nil { self.files["Chart.yaml"] = "apiVersion: v2\nname: \(name)\nversion: \(version)\n" }
    }

    func chart() throws -> Chart {
        var budget = ChartBudget(.standard)
        let files = files.sorted { $0.key < $1.key }.map { Chart.File(name: $0.key, bytes: Array($0.value.utf8)) }
        return try ChartReading.chart(files, &budget, depth: 0)
    }

    /// The text of the manifests, for the release `demo` in the namespace `apps`.
    func render(_ values: String = "") throws -> String { try full(values).manifests.map(\.printed).joined() }

    func full(_ values: String = "") throws -> HelmRender {
        var request = HelmRequest(releaseName: "demo", namespace: "apps", kubernetesVersion: "v1.31.0")
        request.values = try ChartValues.read(Array(values.utf8), file: "values")
        return try Helm.render(chart(), request)
    }
}

/// What a failure says; `nil` where nothing fails.
func message(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch { return "\(error)" }
}
