// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Helm

@Suite("Charts within charts") struct DependenciesTests {
    /// A chart with two dependencies that print their values.
    private func chart(_ dependencies: String, values: String = "") -> MemoryChart {
        let inner = "name: {{ .Chart.Name }}\nport: {{ .Values.port }}\n"
        return MemoryChart([
            "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n\(dependencies)", "values.yaml": values,
            "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n",
            "charts/web/values.yaml": "port: 80\nexports: {shared: {colour: red}}\nsizes: {small: 1}\n",
            "charts/web/templates/one.yaml": inner, "templates/own.yaml": "colour: {{ .Values.colour }}\nsizes: {{ .Values.sizes }}\n",
        ])
    }

    private func sources(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { $0.hasPrefix("# Source: ") ? String($0.dropFirst(10)) : nil }
    }

    @Test("a condition switches a dependency off and on; the first that leads to a boolean decides") func conditions() throws {
        let chart = chart("- {name: web, version: 1.x.x, repository: '', condition: 'web.enabled,other.enabled'}\n")
        #expect(sources(try chart.render()).contains("shop/charts/web/templates/one.yaml"))
        #expect(!sources(try chart.render("web: {enabled: false}")).contains("shop/charts/web/templates/one.yaml"))
        #expect(sources(try chart.render("web: {enabled: true}\nother: {enabled: false}")).count == 2)
        #expect(sources(try chart.render("web: {enabled: 'no way'}\nother: {enabled: false}")).count == 1)
    }

    @Test("tags count where no condition does; one that is true is enough") func tags() throws {
        let chart = chart("- {name: web, version: ^1, repository: '', tags: [front, all]}\n")
        #expect(sources(try chart.render("tags: {front: false}")).count == 1)
        #expect(sources(try chart.render("tags: {front: false, all: true}")).count == 2)
    }

    @Test("one chart under several names has values for each") func aliases() throws {
        let chart = chart(
            "- {name: web, version: 1.x.x, repository: '', alias: inside}\n- {name: web, version: 1.x.x, repository: '', alias: outside}\n")
        let text = try chart.render("inside: {port: 1}\noutside: {port: 2}")
        #expect(text.contains("# Source: shop/charts/inside/templates/one.yaml\nname: inside\nport: 1"))
        #expect(text.contains("# Source: shop/charts/outside/templates/one.yaml\nname: outside\nport: 2"))
        #expect(!text.contains("charts/web/"))
    }

    @Test("values are imported from a dependency, under the chart's own") func imports() throws {
        let rules = "- {name: web, version: 1.x.x, repository: '', import-values: [shared, {child: sizes, parent: sizes}]}\n"
        #expect(try chart(rules).render().contains("colour: red\nsizes: map[small:1]"))
        #expect(try chart(rules, values: "colour: blue\n").render().contains("colour: blue\n"))
    }

    @Test("a dependency that is not there is named") func missing() throws {
        let found = message { _ = try chart("- {name: db, version: 1.x.x, repository: 'https://charts.example'}\n").render() }
        #expect(found == "found in Chart.yaml, but missing in charts/ directory: db")
    }

    @Test("a library gives its definitions and renders nothing") func library() throws {
        let chart = MemoryChart([
            "charts/common/Chart.yaml": "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n",
            "charts/common/templates/_names.tpl": "{{ define \"common.name\" }}n-{{ .Release.Name }}{{ end }}",
            "charts/common/templates/not.yaml": "kind: Never\n", "templates/a.yaml": "name: {{ include \"common.name\" . }}\n",
        ])
        #expect(try chart.render() == "---\n# Source: shop/templates/a.yaml\nname: n-demo\n\n")
        let alone = MemoryChart(["Chart.yaml": "apiVersion: v2\nname: l\nversion: 1.0.0\ntype: library\n"])
        #expect(message { _ = try alone.render() } == "library charts are not installable")
    }
}
