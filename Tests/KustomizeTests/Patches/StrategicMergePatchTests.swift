// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

/// What `kubectl kustomize` 1.32 gives for each of these.
struct StrategicMergePatchTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: String
        let spec: String
        let patch: String
        let result: String
        var testDescription: String { "\(spec) + \(patch)" }

        init(_ kind: String, _ spec: String, _ patch: String, _ result: String) {
            self.kind = kind
            self.spec = spec
            self.patch = patch
            self.result = result
        }

        func object(_ spec: String) throws -> Value {
            try #require(try YAML.documents("{\(kind), metadata: {name: p}, spec: \(spec)}", scalars: .kustomize).first)
        }
    }

    static let pod = "apiVersion: v1, kind: Pod"
    static let service = "apiVersion: v1, kind: Service"
    static let widget = "apiVersion: example.com/v1, kind: Widget"

    static let cases = [
        Case(
            pod, "{containers: [{name: a, image: x, env: [{name: K, value: v}]}, {name: b}]}",
            "{containers: [{name: c}, {name: a, image: y, env: [{name: L, value: w}]}]}",
            "{containers: [{name: c}, {name: a, image: y, env: [{name: L, value: w}, {name: K, value: v}]}, {name: b}]}"),
        Case(
            pod, "{containers: [{name: a, env: [{name: K, value: '1'}, {name: K, value: '2'}]}]}", "{nodeName: n}",
            "{containers: [{name: a, env: [{name: K, value: '2'}]}], nodeName: n}"),
        Case(pod, "{containers: [{name: a}, {name: b}]}", "{containers: [{name: b, $patch: delete}]}", "{containers: [{name: a}]}"),
        Case(
            pod, "{containers: [{name: a, image: x}]}", "{containers: [{name: a, $patch: replace, image: y}]}",
            "{containers: [{name: a, image: x}]}"),
        Case(pod, "{containers: [{name: a}, {name: b}]}", "{containers: [{$patch: replace}, {name: c}]}", "{containers: [{name: c}]}"),
        Case(
            pod, "{containers: [{name: a}]}", "{containers: [{name: b, env: [{$patch: replace}, {name: K}]}]}",
            "{containers: [{name: b, env: [{name: K}]}, {name: a}]}"),
        Case(
            pod, "{containers: [{name: a}]}", "{containers: [{name: a, env: [{$patch: replace}, {name: K}]}]}",
            "{containers: [{name: a, env: [{$patch: replace}]}]}"),
        Case(
            pod, "{containers: [{name: a, env: [{name: K}, {name: L}]}]}", "{containers: [{name: a, env: [{value: v}]}]}",
            "{containers: [{name: a, env: []}]}"),
        Case(
            pod, "{containers: [{name: a, args: [x, y], command: [c]}]}", "{containers: [{name: a, args: [z], command: null}]}",
            "{containers: [{name: a, args: [z]}]}"),
        Case(
            pod, "{containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}]}",
            "{containers: [{name: a, ports: [{containerPort: 53, protocol: TCP, name: dns}]}]}",
            "{containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP, name: dns}]}]}"),
        Case(
            pod, "{containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}]}",
            "{containers: [{name: a, ports: [{containerPort: 53, name: dns}]}]}",
            "{containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}]}"),
        Case(
            pod, "{containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53}]}]}", "{nodeName: n}",
            "{containers: [{name: a, ports: [{containerPort: 53}]}], nodeName: n}"),
        Case(
            pod, "{containers: [{name: a, ports: [{containerPort: 80}]}]}",
            "{containers: [{name: a, ports: [{containerPort: 80, protocol: TCP}, {containerPort: 81}]}]}",
            "{containers: [{name: a, ports: [{containerPort: 81}, {containerPort: 80}]}]}"),
        Case(
            service, "{ports: [{port: 80, targetPort: a}], selector: {a: b}}",
            "{ports: [{port: 80, targetPort: c}, {port: 81}], selector: {$patch: replace, c: d}}",
            "{ports: [{port: 80, targetPort: c}, {port: 81}], selector: {c: d}}"),
        Case(
            pod, "{tolerations: [{key: a}], volumes: [{name: v, emptyDir: {}}]}",
            "{tolerations: [{key: b}], volumes: [{name: v, $retainKeys: [name], configMap: {name: c}, emptyDir: null}]}",
            "{tolerations: [{key: b}], volumes: [{name: v, $retainKeys: [name], configMap: {name: c}}]}"),
        Case(
            widget, "{items: [{name: a}], map: {x: {y: 1}}}", "{items: [{name: b}], map: {x: {$patch: delete}, z: {n: null, m: 1}}}",
            "{items: [{name: b}], map: {z: {m: 1}}}"),
        Case(
            widget, "{template: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: x}]}}}",
            "{template: {spec: {containers: [{name: a, args: [b]}]}}}",
            "{template: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: x, args: [b]}]}}}"),
        Case(
            service, "{ports: []}",
            "{ports: [{port: 81, name: b}, {$patch: delete, port: 81, protocol: TCP}, {port: 81, name: b, protocol: TCP}]}",
            "{ports: [{port: 81, protocol: TCP}]}"),
        Case(
            pod, "{containers: []}",
            "{containers: [{name: t, ports: [{containerPort: 80, protocol: TCP}, {$patch: delete, containerPort: 81}, {containerPort: 80}]}]}",
            "{containers: [{name: t, ports: [{containerPort: 81}, {containerPort: 80}]}]}"),
        Case(widget, "{a: {b: null, c: 1}}", "{d: 1}", "{a: {b: null, c: 1}, d: 1}"),
        Case(widget, "{a: 1}", "{b: {$patch: other, c: 1}}", "{a: 1, b: {$patch: other, c: 1}}"),
    ]

    @Test(arguments: cases) func patches(_ example: Case) throws {
        let patched = try StrategicMergePatch.apply(
            example.object(example.patch), to: example.object(example.spec), schema: .builtIn)
        #expect(try patched == example.object(example.result))
        let (found, wanted) = (patched?["spec"]?["containers"], try example.object(example.result)["spec"]?["containers"])
        #expect(found?.list?.map { $0["name"] } == wanted?.list?.map { $0["name"] })
    }

    @Test(arguments: [
        Case(widget, "{a: 1}", "{a: [1]}", ""), Case(widget, "{a: {}}", "{a: 1}", ""),
        Case(widget, "{a: {b: 1}}", "{a: {$patch: other}}", ""),
        Case(pod, "{containers: [{name: a}]}", "{containers: [{$patch: other}]}", ""),
        Case(pod, "{containers: [{name: a, env: [K]}]}", "{containers: [{name: a, env: [{value: v}, {name: L}]}]}", ""),
    ])
    func refuses(_ example: Case) throws {
        #expect(throws: StrategicMergePatch.Failure.self) {
            try StrategicMergePatch.apply(example.object(example.patch), to: example.object(example.spec), schema: .builtIn)
        }
    }

    @Test func mergesSetsWithThePatchFirst() throws {
        let namespace: Value = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "p", "finalizers": ["a", "b"]]]
        let patch: Value = ["metadata": ["finalizers": ["c", "b"], "$deleteFromPrimitiveList/x": ["a"]]]
        let patched = try StrategicMergePatch.apply(patch, to: namespace, schema: .builtIn)
        #expect(patched?["metadata"]?["finalizers"] == ["c", "b", "a"])
        #expect(patched?["metadata"]?["$deleteFromPrimitiveList/x"] == ["a"])
    }

    @Test func removesNullsThatNobodyWrote() throws {
        let object: Value = ["apiVersion": "v1", "kind": "Pod", "spec": ["a": .null, "b": .null]]
        let patched = try StrategicMergePatch.apply(["c": 1], to: object, schema: .builtIn) { $0 == .blank && $1 == ["spec", "a"] }
        #expect(patched == ["apiVersion": "v1", "kind": "Pod", "spec": ["b": .null], "c": 1])
    }

    @Test func keepsTheSpellingOfTexts() throws {
        let object: Value = ["apiVersion": "v1", "kind": "Pod", "spec": ["a": "1", "b": "x", "c": "x", "d": 1]]
        let patched = try StrategicMergePatch.apply(
            ["spec": ["a": 2, "b": true, "c": 3, "d": 4]], to: object, schema: .builtIn
        ) { $0 == .quoted && $1 == ["spec", "b"] }
        #expect(patched?["spec"] == ["a": "2", "b": "true", "c": 3, "d": 4])
    }

    @Test func deletesAndLeavesAloneAtTheRoot() throws {
        let object: Value = ["apiVersion": "v1", "kind": "ConfigMap", "data": ["a": "b"]]
        #expect(try StrategicMergePatch.apply(["$patch": "delete"], to: object, schema: .builtIn) == nil)
        #expect(try StrategicMergePatch.apply(["$patch": "replace", "data": [:]], to: object, schema: .builtIn) == object)
    }

    @Test func refusesHugeListsThatAreComparedPairwise() throws {
        let ports = (0..<5_000).map { Value.map(["containerPort": .int(Int64($0)), "protocol": $0 % 2 == 0 ? "TCP" : "UDP", "name": "x"]) }
        let mixed = ports + [["containerPort": 1]]
        let object: Value = ["apiVersion": "v1", "kind": "Pod", "spec": ["containers": [["name": "a", "ports": .list(mixed)]]]]
        #expect(throws: StrategicMergePatch.Failure.self) { try StrategicMergePatch.apply(["a": 1], to: object, schema: .builtIn) }
    }
}
