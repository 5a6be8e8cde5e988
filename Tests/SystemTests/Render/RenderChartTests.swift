// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Render a chart") struct RenderChartTests {
    @Test("a chart prints in Helm's order for the release, the namespace, the cluster and the values that are named")
    func printsAChart() async throws {
        try await RenderSandbox.with { box in
            try box.write("apiVersion: v2\nname: web\nversion: 1.2.3\n", to: "charts/web/Chart.yaml")
            try box.write("replicas: 1\nimage: {tag: one}\n", to: "charts/web/values.yaml")
            try box.write(
                """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
                spec: {replicas: {{ .Values.replicas }}, tag: {{ .Values.image.tag }}, minor: {{ .Capabilities.KubeVersion.Minor }}}
                ---
                apiVersion: v1
                kind: ServiceAccount
                metadata: {name: {{ .Release.Name }}, known: {{ .Capabilities.APIVersions.Has "example.dev/v1" }}}

                """, to: "charts/web/templates/all.yaml")
            try box.write("image: {tag: two}\n", to: "two.yaml")
            let result = try await box.flotilla(
                "charts/web", "--name", "demo", "--namespace", "apps", "--kube-version", "1.31.0", "--api-versions", "example.dev/v1",
                "--values", "two.yaml")
            #expect(result.code == 0, "\(result.errors)")
            #expect(
                result.output == """
                    ---
                    # Source: web/templates/all.yaml
                    apiVersion: v1
                    kind: ServiceAccount
                    metadata: {name: demo, known: true}

                    ---
                    # Source: web/templates/all.yaml
                    apiVersion: apps/v1
                    kind: Deployment
                    metadata: {name: demo, namespace: apps}
                    spec: {replicas: 1, tag: two, minor: 31}

                    """)
        }
    }

    @Test("what is wrong with a chart is said, and options for charts are refused elsewhere") func refusals() async throws {
        try await RenderSandbox.with { box in
            try box.write("apiVersion: v2\nname: web\nversion: 1.2.3\n", to: "charts/web/Chart.yaml")
            try box.write("a: {{ required \"say a!\" .Values.a }}\n", to: "charts/web/templates/a.yaml")
            let failed = try await box.flotilla("charts/web")
            #expect(failed.code == 1)
            #expect(failed.errors == "error[template]: execution error at (web/templates/a.yaml:1:6): say a!\n")
            let other = try await box.flotilla("environments/staging/storefront", "--kube-version", "1.31.0")
            #expect(other.code != 0)
            #expect(other.errors.contains("is no chart"))
        }
    }
}
