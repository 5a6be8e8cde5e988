// SPDX-License-Identifier: Apache-2.0
import Kustomize
import Manifests
import Testing

/// What `kubectl kustomize` 1.32 gives for each of these.
struct SchemaTests {
    private static let widget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {parts: [{id: a, x: 1}, {id: b}]}}"
    private static let patch = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {parts: [{id: a, y: 2}]}}"
    private static let schema = """
        definitions:
          Widget:
            properties: {spec: {$ref: "#/definitions/Spec"}}
            x-kubernetes-group-version-kind: [{group: example.com, version: v1, kind: Widget}]
          Spec:
            properties:
              parts: {type: array, items: {type: object}, x-kubernetes-patch-strategy: merge, x-kubernetes-patch-merge-key: id}
        """

    private func parts(_ openapi: String, schema: String = schema) throws -> Value? {
        let files = [
            "kustomization.yaml": "resources: [w.yaml]\npatches: [{path: p.yaml}]\n\(openapi)", "w.yaml": Self.widget, "p.yaml": Self.patch,
            "schema.yaml": schema,
        ]
        return try Kustomize.build("", from: MemoryTree(files: files)).first?.value.at("spec", "parts")
    }

    @Test func mergesListsOfKindsThatItKnows() throws {
        #expect(try parts("") == [["id": "a", "y": 2]])
        #expect(try parts("openapi: {path: schema.yaml}") == [["id": "a", "x": 1, "y": 2], ["id": "b"]])
        #expect(try parts("openapi: {version: v1.21.2}") == [["id": "a", "y": 2]])
        #expect(try parts("openapi: {}") == [["id": "a", "y": 2]])
    }

    @Test func takesThePlaceOfTheBuiltInSchema() throws {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a}]}}"
        let patch = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: b}]}}"
        let files = [
            "kustomization.yaml": "resources: [pod.yaml]\npatches: [{path: p.yaml}]\nopenapi: {path: schema.yaml}", "pod.yaml": pod,
            "p.yaml": patch,
            "schema.yaml": Self.schema,
        ]
        let object = try #require(try Kustomize.build("", from: MemoryTree(files: files)).first?.value)
        #expect(object.at("spec", "containers") == [["name": "b"]])
    }

    @Test func mayReferToBuiltInTypesWhereBothHold() throws {
        let schema = """
            {"definitions": {"Job": {"properties": {"pod": {"$ref": "#/definitions/io.k8s.api.core.v1.PodSpec"}},
             "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Job"}]}}}
            """
        let files = [
            "kustomization.yaml": "resources: [j.yaml]\ncomponents: [c]",
            "j.yaml": "{apiVersion: example.com/v1, kind: Job, metadata: {name: j}, pod: {containers: [{name: a, image: x}]}}",
            "c/kustomization.yaml":
                "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nopenapi: {path: schema.json}\npatches: [{path: p.yaml}]",
            "c/schema.json": schema,
            "c/p.yaml": "{apiVersion: example.com/v1, kind: Job, metadata: {name: j}, pod: {containers: [{name: a, args: [b]}]}}",
        ]
        let object = try #require(try Kustomize.build("", from: MemoryTree(files: files)).first?.value)
        #expect(object.at("pod", "containers") == [["name": "a", "image": "x", "args": ["b"]]])
    }

    @Test(arguments: [
        "{version: v1.20.4}", "{version: v1.21.2, path: schema.yaml}", "{path: none.yaml}", "{path: 1}", "{version: [a]}", "text",
    ])
    func refuses(openapi: String) {
        #expect(throws: KustomizeFailure.self) { try parts("openapi: \(openapi)") }
    }

    @Test(arguments: [
        "[]", "{definitions: []}", "{definitions: {A: 1}}", "{definitions: {A: {x-kubernetes-group-version-kind: [{kind: A}]}}}", "{",
        "text",
        "{definitions: {A: {properties: {a: {$ref: '#/definitions/B'}}, x-kubernetes-group-version-kind: [{version: v1, kind: A}]}, B: {$ref: '#/definitions/B'}}}",
    ])
    func refusesSchemas(schema: String) {
        #expect(throws: KustomizeFailure.self) { try parts("openapi: {path: schema.yaml}", schema: schema) }
    }

    @Test func followsTypesThatContainThemselves() throws {
        let schema = Self.schema + "\n      self: {$ref: \"#/definitions/Spec\"}\n      gone: {$ref: \"#/definitions/Gone\"}\n"
        #expect(try parts("openapi: {path: schema.yaml}", schema: schema)?.list?.count == 2)
    }
}
