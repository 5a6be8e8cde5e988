// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct ReplacementTransformerTests {
    private static let resources = """
        {apiVersion: v1, kind: From, metadata: {name: from}, s: "8080", t: abc, i: 8080, f: 1.5, b: true, n: null, e: "", m: {x: 1}, l: [a, b], em: {}, dash: a-b-c}
        --- {apiVersion: v1, kind: To, metadata: {name: to, labels: {app: to}}, s: old, i: 80, f: 2.5, b: false, n: null, m: {x: 1}, el: [], list: [{name: foo, v: 1}, {name: bar, v: 2}, {name: foo2, w: 2}, null], arr: [x, "y"], nest: [[a], [b]], multi: a-b-c, d: {a.b/c: val}}
        """

    private func transform(_ replacements: String, files: SampleFiles = SampleFiles()) throws -> ResourceMap {
        let entries = try Samples.node(replacements).items()
        return try Samples.resources(Self.resources).after(try ReplacementTransformer(entries, files: files))
    }

    /// What stands at a path of the target after one replacement.
    private func result(_ source: String, _ target: String, _ options: String, at path: [String]) throws -> Value? {
        let map = try transform(
            """
            [{source: {kind: From, fieldPath: "\(source)"}, targets: [{select: {kind: To}, fieldPaths: ["\(target)"], options: \(options)}]}]
            """)
        return try FieldLookup.find(path, in: map.items[1].value)
    }

    struct Example: Sendable, CustomTestStringConvertible {
        let source: String
        let target: String
        var options = "{}"
        var at: [String]?
        let value: String
        var testDescription: String { "\(source) to \(target) \(options)" }
    }

    /// Each is what `kubectl kustomize` makes of it.
    @Test(arguments: [
        Example(source: "s", target: "i", value: "8080"), Example(source: "i", target: "s", value: "\"8080\""),
        Example(source: "b", target: "s", value: "\"true\""), Example(source: "i", target: "f", value: "8080"),
        Example(source: "e", target: "s", value: "\"\""), Example(source: "m", target: "s", value: "\"\""),
        Example(source: "e", target: "n", value: "null"), Example(source: "l", target: "m", value: "[a, b]"),
        Example(source: "i", target: "m", value: "8080"), Example(source: "s", target: "el", value: "\"8080\""),
        Example(source: "s", target: "new", options: "{create: true}", value: "8080"),
        Example(source: "e", target: "new", options: "{create: true}", value: "null"),
        Example(source: "b", target: "new.deep", options: "{create: true}", value: "true"),
        Example(source: "m", target: "new", options: "{create: true}", value: "{x: 1}"),
        Example(source: "s", target: "new.[name=x].v", options: "{create: true}", at: ["new"], value: "[{name: x, v: 8080}]"),
        Example(source: "i", target: "new.0", options: "{create: true}", at: ["new"], value: "[8080]"),
        Example(source: "t", target: "list.[name=zz].v", options: "{create: true}", at: ["list", "-"], value: "{name: zz, v: abc}"),
        Example(source: "i", target: "list.[name=foo].v", at: ["list", "0", "v"], value: "8080"),
        Example(
            source: "i", target: "list.[name=foo].new", options: "{create: true}", at: ["list", "2"], value: "{name: foo2, w: 2, new: 8080}"
        ),
        Example(source: "t", target: "nest.*.*", value: "[[abc], [abc]]"),
        Example(source: "t", target: "nest.*.0", value: "[[abc], [abc]]"),
        Example(source: "t", target: "arr.2", options: "{create: true}", at: ["arr"], value: "[x, \"y\", abc]"),
        Example(source: "t", target: "arr.[=x].ignored", at: ["arr"], value: "[abc, \"y\"]"),
        Example(source: "t", target: "arr.[=7]", options: "{create: true}", at: ["arr", "-"], value: "abc"),
        Example(source: "t", target: "multi", options: "{delimiter: '-', index: -1}", value: "abc-a-b-c"),
        Example(source: "t", target: "multi", options: "{delimiter: '-', index: 9}", value: "a-b-c-abc"),
        Example(source: "m", target: "multi", options: "{delimiter: '-', index: 1}", value: "a--c"),
        Example(source: "t", target: "n.x", options: "{create: true}", at: ["n"], value: "null"),
        Example(source: "t", target: "d.[a.b/c]", at: ["d", "a.b/c"], value: "abc"),
        Example(source: "l.-", target: "s", value: "b"), Example(source: "", target: "s", value: "from"),
    ])
    func valuesTakeTheTypeOfTheirField(example: Example) throws {
        let path = example.at ?? FieldPath.split(example.target).filter { $0 != "*" && $0 != "0" }
        #expect(try result(example.source, example.target, example.options, at: path) == (try Samples.node(example.value).value))
    }

    @Test(arguments: [
        ("t", "i", "{}"), ("t", "b", "{}"), ("f", "i", "{}"), ("t", "n", "{}"), ("e", "i", "{}"), ("n", "s", "{}"), ("em", "s", "{}"),
        ("m", "i", "{}"), ("s", "new", "{}"), ("t", "list.[name=nope].v", "{}"), ("t", "list.*.v.w", "{}"), ("t", "arr.-", "{}"),
        ("t", "arr.3", "{create: true}"), ("t", "m.*", "{}"), ("t", "i", "{delimiter: '-', index: 0}"),
        ("t", "m", "{delimiter: '-', index: 0}"),
        ("t", "", "{}"), ("t", "s.x", "{create: true}"), ("t", "list.[nope].v", "{}"), ("t", "list.[name=(].v", "{}"), ("x", "s", "{}"),
        ("s.x", "s", "{}"), ("t", "list.[name=^new.$].v", "{create: true}"), ("t", "new.*", "{create: true}"), ("l.*", "s", "{}"),
    ])
    func whatDoesNotFitIsRefused(source: String, target: String, options: String) throws {
        let failure = try #require(throws: KustomizeFailure.self) { _ = try result(source, target, options, at: []) }
        #expect(failure.problems.first?.code == "no-field")
    }

    @Test(arguments: [
        ("[{source: {kind: From}}]", "missing-field"), ("[{targets: [{select: {kind: To}}]}]", "missing-field"),
        ("[{source: {kind: From}, targets: []}]", "missing-field"),
        ("[{source: {kind: From}, targets: [{fieldPaths: [s]}]}]", "missing-field"),
        ("[{source: {kind: None}, targets: [{select: {kind: To}}]}]", "no-match"),
        ("[{source: {version: v1}, targets: [{select: {kind: To}}]}]", "ambiguous"),
        ("[{source: {kind: From, fieldpaths: s}, targets: [{select: {kind: To}}]}]", "unknown-field"),
        ("[{source: {kind: From}, targets: [{select: {kind: To, labelSelector: '='}}]}]", "invalid-selector"),
        ("[{source: {kind: From, fieldPath: dash, options: {delimiter: '-', index: 3}}, targets: [{select: {kind: To}}]}]", "no-field"),
        ("[{source: {kind: From, fieldPath: dash, options: {delimiter: '-', index: -1}}, targets: [{select: {kind: To}}]}]", "no-field"),
        ("[{path: r.yaml, source: {kind: From}}]", "conflicting-fields"), ("[{path: text.yaml}]", "wrong-type"),
    ])
    func wrongReplacementsAreRefused(replacements: String, code: String) throws {
        let failure = try #require(throws: KustomizeFailure.self) {
            _ = try transform(replacements, files: SampleFiles(texts: ["text.yaml": "text"]))
        }
        #expect(failure.problems.first?.code == code)
    }

    @Test func aCreatedFieldHasNoTypeUntilTheEnd() throws {
        let map = try transform(
            """
            [{source: {kind: From, fieldPath: i}, targets: [
              {select: {kind: To}, fieldPaths: [new], options: {create: true}},
              {select: {kind: To}, fieldPaths: [new], options: {delimiter: "-", index: 1}}]}]
            """)
        #expect(map.items[1].value["new"] == "8080-8080")
    }

    @Test func aPatchMakesATextOfWhatHasNoType() throws {
        let base = [
            "b/all.yaml": Self.resources.replacing("--- ", with: "---\n"),
            "b/kustomization.yaml": """
            resources: [all.yaml]
            replacements:
            - {source: {kind: From, fieldPath: i}, targets: [{select: {kind: To}, fieldPaths: [new, i], options: {create: true}}]}
            """,
        ]
        let patch = """
            resources: [../b]
            patches:
            - {target: {kind: To}, patch: "{apiVersion: v1, kind: To, metadata: {name: to}, s: other}"}
            """
        let operations = """
            resources: [../b]
            patches:
            - {target: {kind: To}, patch: '[{"op": "replace", "path": "/s", "value": "other"}]'}
            """
        for (overlay, new) in [(patch, "8080"), (operations, 8080)] as [(String, Value)] {
            let tree = MemoryTree(files: base.merging(["o/kustomization.yaml": overlay]) { $1 })
            let to = try #require(try Kustomize.build("o", from: tree).first { $0.value["kind"] == "To" }).value
            #expect(to["new"] == new)
            #expect(to["i"] == 8080)
        }
    }

    @Test func aRenamedResourceIsFoundByItsNewName() throws {
        let map = try transform(
            """
            [{source: {kind: From, fieldPath: t}, targets: [{select: {name: to}}]},
             {source: {kind: From, fieldPath: s}, targets: [{select: {name: abc}, fieldPaths: [s]}]}]
            """)
        #expect(map.items[1].name == "abc")
        #expect(map.items[1].value["s"] == "8080")
    }

    @Test(arguments: [
        ("{kind: To}", "[]", true), ("{kind: T.*}", "[]", false), ("{name: to, namespace: default}", "[]", true),
        ("{namespace: other}", "[]", false),
        ("{labelSelector: app=to}", "[]", true), ("{labelSelector: app!=to, kind: To}", "[]", false), ("{kind: To}", "[{name: to}]", false),
        ("{kind: To}", "[{name: other}]", true), ("{kind: To}", "[{kind: Other, labelSelector: app}]", false), ("{kind: To}", "[{}]", true),
    ])
    func targetsAreSelectedExactly(select: String, reject: String, isMeant: Bool) throws {
        let map = try transform(
            "[{source: {kind: From, fieldPath: t}, targets: [{select: \(select), reject: \(reject), fieldPaths: [added], options: {create: true}}]}]"
        )
        #expect((map.items[1].value["added"] == "abc") == isMeant)
    }
}
