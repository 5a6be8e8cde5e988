// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Helm

@Suite("Rendering charts") struct HelmRenderingTests {
    @Test("output is cut where a line begins with three dashes") func cuts() {
        #expect(ManifestSplitting.documents("---\na: 1\n---\nb: 2\n") == ["a: 1", "b: 2\n"])
        #expect(ManifestSplitting.documents("\n\n# only\n---apiVersion: v1\n") == ["# only", "apiVersion: v1\n"])
        #expect(ManifestSplitting.documents("a: |\n  ---\n  b\n") == ["a: |\n  ---\n  b\n"])
        #expect(ManifestSplitting.documents("\n \n") == [])
    }

    @Test("manifests come in the order of their kinds, others by name, then as rendered") func order() throws {
        func object(_ kind: String, _ name: String) -> String { "apiVersion: v1\nkind: \(kind)\nmetadata: {name: \(name)}\n" }
        let chart = MemoryChart([
            "templates/a.yaml": object("Zebra", "z") + "---\n" + object("Deployment", "d"), "templates/b.yaml": object("ConfigMap", "c"),
            "templates/c.yaml": object("Ant", "a") + "---\n" + object("Namespace", "apps") + "---\n" + object("ConfigMap", "b"),
            "templates/NOTES.txt": "kind: Never",
        ])
        #expect(try chart.full().manifests.map(\.kind) == ["Namespace", "ConfigMap", "ConfigMap", "Deployment", "Ant", "Zebra"])
    }

    @Test("hooks are set apart, and those for events that nobody knows are left out") func hooks() throws {
        func hook(_ name: String, _ events: String) -> String {
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: \(name)\n  annotations: {helm.sh/hook: '\(events)'}\n"
        }
        let render = try MemoryChart([
            "templates/a.yaml": hook("one", "pre-install, Post-Upgrade") + "---\n" + hook("two", "crd-install"),
            "crds/x.yaml": "kind: CustomResourceDefinition\n", "crds/README.md": "",
        ]).full()
        #expect(render.manifests.isEmpty)
        #expect(render.hooks.map(\.hook) == [["pre-install", "post-upgrade"]])
        #expect(render.definitions.map(\.name) == ["crds/x.yaml"])
    }

    @Test("a chart sees its release, its files, its cluster and itself") func objects() throws {
        let text = try MemoryChart([
            "templates/a.yaml": """
            r: {{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.Revision }} {{ .Release.IsInstall }} {{ .Release.Service }}
            c: {{ .Chart.Name }} {{ .Chart.Version }} {{ .Chart.IsRoot }} {{ .Chart.AppVersion }}
            t: {{ .Template.Name }} {{ .Template.BasePath }}
            k: {{ .Capabilities.KubeVersion.Minor }} {{ .Capabilities.APIVersions.Has "apps/v1" }}
            f: {{ .Files.Get "conf/a.txt" }}
            """, "conf/a.txt": "hello",
        ]).render()
        #expect(
            text == """
                ---
                # Source: shop/templates/a.yaml
                r: demo apps 1 true Helm
                c: shop 1.0.0 true\u{20}
                t: shop/templates/a.yaml shop/templates
                k: 31 true
                f: hello

                """)
    }

    @Test("a chart says for which Kubernetes it is") func kubernetes() throws {
        let metadata = "apiVersion: v2\nname: shop\nversion: 1.0.0\nkubeVersion: '>=1.99.0-0'\n"
        #expect(
            message { _ = try MemoryChart(["Chart.yaml": metadata]).render() }
                == "chart requires kubeVersion: >=1.99.0-0 which is incompatible with Kubernetes v1.31.0")
    }

    @Test("what templates get wrong is said with its place") func failures() throws {
        func failing(_ template: String) -> HelmFailure? {
            do {
                _ = try MemoryChart(["templates/a.yaml": template]).render()
                return nil
            } catch { return error as? HelmFailure }
        }
        #expect(failing("{{ required \"a name!\" .Values.name }}")?.message == "execution error at (shop/templates/a.yaml:1:3): a name!")
        #expect(failing("{{ if }}")?.message.hasPrefix("parse error at (shop/templates/a.yaml:1)") == true)
        #expect(failing("- a list\n")?.code == .output)
        #expect(failing("a: b: c\n")?.message.hasPrefix("YAML parse error on shop/templates/a.yaml") == true)
        #expect(failing("x: {{ randAlphaNum 5 }}\n")?.code == .notRepeatable)
        #expect(failing("{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}")?.code != nil)
    }
}
