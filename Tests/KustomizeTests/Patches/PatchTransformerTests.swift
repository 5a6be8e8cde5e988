// SPDX-License-Identifier: Apache-2.0
import Kustomize
import Manifests
import Testing

/// What `kubectl kustomize` 1.32 gives for each of these.
struct PatchTransformerTests {
    private static let config = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: c, annotations: {a: x, b: y}}
        data: {a: "1"}
        """

    private func build(_ kustomization: String, _ files: [String: String] = [:]) throws -> [Value] {
        var files = files
        files["kustomization.yaml"] = kustomization
        if files["c.yaml"] == nil { files["c.yaml"] = Self.config }
        return try Kustomize.build("", from: MemoryTree(files: files)).map(\.value)
    }

    private func code(_ kustomization: String, _ files: [String: String] = [:]) -> String? {
        do {
            _ = try build(kustomization, files)
            return nil
        } catch let failure as KustomizeFailure {
            return failure.problems.first?.code
        } catch {
            return "\(error)"
        }
    }

    private static let patch = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {a: null}}}"

    @Test func deletesAnAnnotationByNullUnlessATargetIsSaid() throws {
        let plain = try build("resources: [c.yaml]\npatches: [{path: p.yaml}]", ["p.yaml": Self.patch])
        #expect(plain[0].at("metadata", "annotations") == ["b": "y"])
        let selected = try build("resources: [c.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]", ["p.yaml": Self.patch])
        #expect(selected[0].at("metadata", "annotations") == ["a": "null", "b": "y"])
    }

    @Test func findsResourcesByEveryNameTheyHad() throws {
        let objects = try build(
            "resources: [b]\npatches: [{path: p.yaml}, {path: q.yaml}]",
            [
                "b/kustomization.yaml": "resources: [c.yaml]\nnamePrefix: x-\nnameSuffix: -y", "b/c.yaml": Self.config,
                "p.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {old: v}}",
                "q.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: x-c-y}, data: {new: v}}",
            ])
        #expect(objects[0]["data"] == ["a": "1", "old": "v", "new": "v"])
        #expect(objects[0].at("metadata", "name") == "x-c-y")
    }

    @Test func changesNamesAndKindsOnlyWhereAllowed() throws {
        let patch = "{apiVersion: v1, kind: Secret, metadata: {name: d, namespace: n}}"
        for (options, kind, name) in [
            ("{}", "ConfigMap", "c"), ("{allowNameChange: true}", "ConfigMap", "d"), ("{allowKindChange: true}", "Secret", "c"),
            ("{allowNameChange: true, allowKindChange: true}", "Secret", "d"),
        ] {
            let objects = try build(
                "resources: [c.yaml]\npatches: [{path: p.yaml, target: {name: c}, options: \(options)}]", ["p.yaml": patch])
            #expect(objects[0]["kind"]?.string == kind)
            #expect(objects[0].at("metadata", "name")?.string == name)
            #expect(objects[0].at("metadata", "namespace") == nil)
        }
    }

    @Test func dropsWhatAPatchDeletes() throws {
        let delete = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, $patch: delete}"
        #expect(try build("resources: [c.yaml]\npatches: [{path: p.yaml}]", ["p.yaml": delete]).isEmpty)
        #expect(try build("resources: [c.yaml]\npatches: [{path: p.yaml, target: {}}]", ["p.yaml": delete]).isEmpty)
        #expect(try build("resources: [c.yaml]\npatchesStrategicMerge: [p.yaml]", ["p.yaml": delete]).isEmpty)
    }

    @Test func addsToAnnotationsThatAreNotThere() throws {
        let objects = try build(
            """
            resources: [c.yaml]
            patches:
            - target: {kind: ConfigMap}
              patch: |
                - {op: add, path: /metadata/annotations/n, value: yes}
            """, ["c.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}"])
        #expect(objects[0].at("metadata", "annotations") == ["n": "true"])
    }

    @Test func roundsIntegersInObjectsThatAJSONPatchChanges() throws {
        let objects = try build(
            "resources: [c.yaml]\npatches: [{target: {}, patch: '[{\"op\": \"add\", \"path\": \"/x\", \"value\": 1}]'}]",
            ["c.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, big: 12345678901234567}"])
        #expect(objects[0]["big"] == 12_345_678_901_234_568)
    }

    @Test func readsPatchesOfEveryNotation() throws {
        let inline =
            "resources: [c.yaml]\npatchesStrategicMerge:\n- |-\n  {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {b: '2'}}\n- p.yaml"
        let objects = try build(inline, ["p.yaml": "{apiVersion: v1, kind: List, items: [\(Self.patch)]}"])
        #expect(objects[0]["data"] == ["a": "1", "b": "2"])
        #expect(objects[0].at("metadata", "annotations") == ["a": "null", "b": "y"])
        let json = try build(
            "resources: [c.yaml]\npatchesJson6902: [{target: {version: v1, kind: ConfigMap, name: c}, path: p.json}]",
            ["p.json": "[{\"op\": \"remove\", \"path\": \"/data\"}]"])
        #expect(json[0]["data"] == nil)
    }

    @Test func keepsTheSpellingOfTexts() throws {
        let files = [
            "c.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: 'x', b: x, c: '1', d: 1}}",
            "p.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: 2, b: 2, c: true, d: '2'}}",
        ]
        let data = try build("resources: [c.yaml]\npatches: [{path: p.yaml}]", files)[0]["data"]
        #expect(data == ["a": "2", "b": 2, "c": "true", "d": "2"])
    }

    @Test func removesNullsThatNobodyWrote() throws {
        let files = [
            "c.yaml":
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations:\n    a:\n    b: null\ndata:\n  blank:\n  written: null\n",
            "p.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: v}}",
        ]
        let patched = try build("resources: [c.yaml]\npatches: [{path: p.yaml}]", files)[0]
        #expect(patched["data"] == ["written": .null, "x": "v"])
        #expect(patched.at("metadata", "annotations") == ["b": "null"])
        #expect(try build("resources: [c.yaml]", files)[0]["data"] == ["blank": .null, "written": .null])
    }

    @Test(arguments: [
        ("{}", "missing-field"), ("{patch: a, path: p.yaml}", "conflict"), ("{path: none.yaml}", "not-found"),
        ("{patch: '# nothing'}", "empty-patch"),
        ("{patch: '[]', target: {}}", "empty-patch"), ("{patch: '- {op: add}'}", "missing-field"),
        ("{patch: '- {op: add}', target: {}}", "patch-failed"),
        ("{patch: '{a: b}'}", "missing-kind"), ("{patch: text}", "not-an-object"), ("{patch: '[{op: add}]', target: {}}", "invalid-patch"),
        ("{patch: \"{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\"}", "no-match"),
        ("{path: two.yaml, target: {}}", "conflict"), ("{path: p.yaml, other: 1}", "unknown-field"),
        ("{path: p.yaml, target: {nam: c}}", "unknown-field"),
        ("{path: p.yaml, target: {name: '['}}", "invalid-pattern"), ("{path: p.yaml, options: {allowNameChange: 'yes'}}", "wrong-type"),
        ("{patch: '- {op: remove, path: /metadata}', target: {}}", "patch-failed"),
    ])
    func refuses(entry: String, expected: String) {
        #expect(
            code("resources: [c.yaml]\npatches: [\(entry)]", ["p.yaml": Self.patch, "two.yaml": "\(Self.patch)\n---\n\(Self.patch)"])
                == expected)
    }

    @Test func refusesPatchesThatMakeTwoResourcesOne() {
        let patch = "{apiVersion: v1, kind: ConfigMap, metadata: {name: same}}"
        let other = "{apiVersion: v1, kind: ConfigMap, metadata: {name: d}}"
        #expect(
            code(
                "resources: [c.yaml, d.yaml]\npatches: [{path: p.yaml, target: {}, options: {allowNameChange: true}}]",
                ["p.yaml": patch, "d.yaml": other]) == "duplicate")
    }

    @Test(arguments: [
        ("{path: p.json}", "missing-field"), ("{target: {kind: ConfigMap}, path: p.json}", "missing-field"),
        ("{target: {name: c}}", "missing-field"),
        ("{target: {name: c}, path: p.json, patch: x}", "conflict"), ("{target: {name: c}, patch: '# nothing'}", "empty-patch"),
        ("{target: {name: c}, patch: '{a: b}'}", "invalid-patch"),
    ])
    func refusesInJSONPatches(entry: String, expected: String) {
        #expect(
            code("resources: [c.yaml]\npatchesJson6902: [\(entry)]", ["p.json": "[{\"op\": \"remove\", \"path\": \"/data\"}]"]) == expected)
    }
}
