// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

struct StrategicMergeTests {
    private func deployment(_ template: Value, spec: Value = [:]) -> Value {
        var value: Value = ["apiVersion": "apps/v1", "kind": "Deployment", "spec": spec]
        value["spec"]?["template"] = ["spec": template]
        return value
    }

    private func patched(_ template: Value, _ patch: Value) throws -> Value? {
        try StrategicMerge.apply(["spec": ["template": ["spec": patch]]], to: deployment(template)).at("spec", "template", "spec")
    }

    @Test func mergesItemsByKeyAndPutsNewOnesFirst() throws {
        let result = try patched(
            ["containers": [["name": "a", "image": "a:1"], ["name": "b", "image": "b:1", "args": ["x"]]]],
            ["containers": [["name": "c", "image": "c:1"], ["name": "b", "image": "b:2", "args": .null]]])
        #expect(
            result == [
                "containers": [["name": "c", "image": "c:1"], ["name": "a", "image": "a:1"], ["name": "b", "image": "b:2"]]
            ])
    }

    @Test func deletesAndReplacesItems() throws {
        let containers: Value = ["containers": [["name": "a"], ["name": "b"]]]
        #expect(try patched(containers, ["containers": [["name": "a", "$patch": "delete"]]]) == ["containers": [["name": "b"]]])
        #expect(try patched(containers, ["containers": [["name": "z"], ["$patch": "replace"]]]) == ["containers": [["name": "z"]]])
    }

    @Test func replacesAndDeletesMaps() throws {
        #expect(
            try patched(["securityContext": ["runAsUser": 1]], ["securityContext": ["$patch": "replace", "runAsGroup": 2]])
                == ["securityContext": ["runAsGroup": 2]])
        #expect(
            try patched(["securityContext": ["runAsUser": 1]], ["securityContext": ["$patch": "delete"]]) == ["securityContext": [:]])
    }

    @Test func mergesVolumesWithRetainKeys() throws {
        #expect(
            try patched(
                ["volumes": [["name": "v", "emptyDir": [:]]]],
                ["volumes": [["name": "v", "$retainKeys": ["name", "configMap"], "configMap": ["name": "c"]]]])
                == ["volumes": [["name": "v", "configMap": ["name": "c"]]]])
        #expect(throws: StrategicMergeError.self) {
            try patched(["volumes": [["name": "v"]]], ["volumes": [["name": "v", "$retainKeys": ["name"], "emptyDir": [:]]]])
        }
    }

    @Test func ordersItems() throws {
        let result = try patched(
            ["containers": [["name": "a"], ["name": "b"], ["name": "c"]]],
            ["$setElementOrder/containers": [["name": "c"], ["name": "a"]], "containers": [["name": "a", "image": "a"]]])
        #expect(result?["containers"] == [["name": "b"], ["name": "c"], ["name": "a", "image": "a"]])
    }

    @Test func mergesPrimitiveLists() throws {
        let object: Value = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["finalizers": ["a", "b"]]]
        #expect(
            try StrategicMerge.apply(["metadata": ["finalizers": ["c"]]], to: object).at("metadata", "finalizers") == ["c", "a", "b"])
        #expect(
            try StrategicMerge.apply(["metadata": ["$deleteFromPrimitiveList/finalizers": ["a"]]], to: object)
                .at("metadata", "finalizers") == ["b"])
    }

    @Test func replacesListsOfUnknownKinds() throws {
        let object: Value = ["apiVersion": "example.dev/v1", "kind": "Widget", "items": [["name": "a"]], "old": 1]
        let result = try StrategicMerge.apply(["items": [["name": "b"]], "old": .null], to: object)
        #expect(result == ["apiVersion": "example.dev/v1", "kind": "Widget", "items": [["name": "b"]]])
    }

    @Test func saysWhereAPatchIsWrong() {
        let error = #expect(throws: StrategicMergeError.self) {
            try patched(["containers": [["name": "a"]]], ["containers": [["image": "x"]]])
        }
        #expect(error?.description == "/spec/template/spec/containers: an item of the patch has no name")
    }
}
