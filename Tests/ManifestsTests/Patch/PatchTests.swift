// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

struct JSONMergePatchTests {
    /// The examples of RFC 7386, appendix A.
    @Test(
        arguments: [
            (["a": "b"], ["a": "c"], ["a": "c"]), (["a": "b"], ["b": "c"], ["a": "b", "b": "c"]), (["a": "b"], ["a": .null], [:]),
            (["a": "b", "b": "c"], ["a": .null], ["b": "c"]), (["a": ["b"]], ["a": "c"], ["a": "c"]),
            (["a": "c"], ["a": ["b"]], ["a": ["b"]]),
            (["a": ["b": "c"]], ["a": ["b": "d", "c": .null]], ["a": ["b": "d"]]), (["a": [["b": "c"]]], ["a": [1]], ["a": [1]]),
            (["a", "b"], ["c", "d"], ["c", "d"]), (["a": "b"], ["c"], ["c"]), (["a": "foo"], .null, .null), (["a": "foo"], "bar", "bar"),
            (["e": .null], ["a": 1], ["e": .null, "a": 1]), ([1, 2], ["a": "b", "c": .null], ["a": "b"]),
            ([:], ["a": ["bb": ["ccc": .null]]], ["a": ["bb": [:]]]),
        ] as [(Value, Value, Value)])
    func followsTheStandard(target: Value, patch: Value, expected: Value) {
        #expect(JSONMergePatch.apply(patch, to: target) == expected)
    }
}

struct JSONPatchTests {
    @Test(
        arguments: [
            (["foo": "bar"], [["op": "add", "path": "/baz", "value": "qux"]], ["foo": "bar", "baz": "qux"]),
            (["foo": ["a", "c"]], [["op": "add", "path": "/foo/1", "value": "b"]], ["foo": ["a", "b", "c"]]),
            (["foo": ["a"]], [["op": "add", "path": "/foo/-", "value": ["b"]]], ["foo": ["a", ["b"]]]),
            (["foo": ["a", "b"]], [["op": "remove", "path": "/foo/0"]], ["foo": ["b"]]),
            (["a/b": 1, "m~n": 2], [["op": "remove", "path": "/a~1b"], ["op": "replace", "path": "/m~0n", "value": 3]], ["m~n": 3]),
            (["a": ["b": 1], "c": [:]], [["op": "move", "from": "/a/b", "path": "/c/b"]], ["a": [:], "c": ["b": 1]]),
            (["a": [1]], [["op": "copy", "from": "/a", "path": "/b"]], ["a": [1], "b": [1]]),
            (["a": 1], [["op": "test", "path": "/a", "value": 1]], ["a": 1]), (["a": 1], [["op": "replace", "path": "", "value": 2]], 2),
            (["a": 1], [["op": "replace", "path": "/b", "value": 2]], ["a": 1, "b": 2]),
        ] as [(Value, Value, Value)])
    func followsTheStandard(target: Value, patch: Value, expected: Value) throws {
        #expect(try JSONPatch.apply(patch, to: target) == expected)
    }

    @Test(
        arguments: [
            ([["op": "remove", "path": "/b"]], "operation 1 (/b): there is nothing at this path"),
            ([["op": "test", "path": "/a", "value": 2]], "operation 1 (/a): the value is not the expected one"),
            ([["op": "replace", "path": "/b/c", "value": 2]], "operation 1 (/b/c): there is nothing at this path"),
            ([["op": "add", "path": "/l/3", "value": 2]], "operation 1 (/l/3): there is nothing at this path"),
            ([["op": "add", "path": "/l/01", "value": 2]], "operation 1 (/l/01): \"01\" is no index of a list"),
            ([["op": "ad", "path": "/a"]], "operation 1 (/a): unknown operation \"ad\""),
            ([["op": "add", "path": "/a"]], "operation 1 (/a): the operation has no \"value\""),
            (["op": "add"], "a JSON patch is a list of operations, not a map"),
        ] as [(Value, String)])
    func refuses(patch: Value, message: String) {
        let error = #expect(throws: JSONPatchError.self) { try JSONPatch.apply(patch, to: ["a": 1, "l": []]) }
        #expect(error?.description == message)
    }
}

struct MergeKeysTests {
    @Test func knowsContainers() throws {
        let keys = MergeKeys.builtIn
        var node = try #require(keys.root(apiVersion: "apps/v1", kind: "Deployment"))
        for name in ["spec", "template", "spec"] { node = keys.field(name, of: node).below }
        let containers = keys.field("containers", of: node)
        #expect(containers.merges && containers.mergeKey == "name" && containers.listType == .map)
        let ports = keys.field("ports", of: keys.items(of: containers))
        #expect(ports.mergeKey == "containerPort" && ports.mapKeys == ["containerPort", "protocol"])
        let volumes = keys.field("volumes", of: node)
        #expect(volumes.merges && volumes.retainsKeys && volumes.mergeKey == "name")
        #expect(keys.root(apiVersion: "example.dev/v1", kind: "Deployment") == nil)
    }
}
