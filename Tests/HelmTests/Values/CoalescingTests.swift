// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Helm

@Suite("Values over defaults") struct CoalescingTests {
    private func values(_ chart: MemoryChart, _ given: String) throws -> Value {
        .map(try Coalescing.coalesced(chart.chart(), ChartValues.read(Array(given.utf8), file: "values")))
    }

    private func yaml(_ text: String) throws -> Value { try YAML.document(Array(text.utf8)) }

    @Test("maps are merged, all else is replaced") func merges() throws {
        let chart = MemoryChart(["values.yaml": "a: {b: 1, c: [1, 2]}\nd: x\n"])
        #expect(try values(chart, "a: {c: [3], e: 5}") == yaml("a: {b: 1, c: [3], e: 5}\nd: x"))
    }

    @Test("null removes a default, at any depth, and a default that is null is none") func removes() throws {
        let chart = MemoryChart(["values.yaml": "a: {b: 1, c: {d: 2}}\ne: {f: null}\ng: null\n"])
        #expect(try values(chart, "a: {b: null, c: {d: null}}") == yaml("a: {c: {}}\ne: {}"))
        #expect(try values(chart, "a: null") == yaml("e: {}"))
    }

    @Test("a table stays where something else is given for it, and the other way round") func kinds() throws {
        let chart = MemoryChart(["values.yaml": "a: {b: 1}\nc: 1\n"])
        #expect(try values(chart, "a: text\nc: {d: 1}") == yaml("a: text\nc: {d: 1}"))
    }

    @Test("globals reach every dependency, and the chart above has the last word") func globals() throws {
        let chart = MemoryChart([
            "values.yaml": "global: {domain: example.org, deep: {a: 1}}\n",
            "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
            "charts/web/values.yaml": "global: {domain: inner, deep: {a: 2, b: 3}}\nport: 80\n",
        ])
        let found = try values(chart, "web: {port: 81}\nglobal: {domain: given}")
        #expect(found.at("web", "global", "domain") == "given")
        #expect(found.at("web", "global", "deep") == (try yaml("{a: 1, b: 3}")))
        #expect(found.at("web", "port") == 81)
        #expect(found.at("global", "deep") == (try yaml("{a: 1}")))
    }

    @Test("what is meant for a dependency and is no table is refused") func mismatch() throws {
        let chart = MemoryChart(["charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"])
        #expect(message { _ = try values(chart, "web: 3") }?.hasPrefix("type mismatch on web") == true)
    }

    @Test("the documents of a file are merged, and several files too") func files() throws {
        let read = try ChartValues.read(Array("a: {b: 1}\n---\na: {c: 2}\nyes: on\n".utf8), file: "values.yaml")
        #expect(Value.map(read) == (try yaml("a: {b: 1, c: 2}\n\"true\": true")))
        #expect(
            message { _ = try ChartValues.read(Array("- a\n".utf8), file: "values.yaml") }
                == "cannot load values.yaml: values are an object, not a list")
    }
}
