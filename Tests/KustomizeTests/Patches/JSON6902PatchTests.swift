// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

/// What `kubectl kustomize` 1.32 gives for each of these.
struct JSON6902PatchTests {
    private static let object = "{data: {a: '1'}, list: [1, 2, 3], nothing: null}"

    private func apply(_ patch: String) throws -> Value {
        var value = try #require(try YAML.documents(Self.object, scalars: .kustomize).first)
        try JSON6902Patch.reading(Array(patch.utf8)).apply(to: &value)
        return value
    }

    @Test(arguments: [
        ("- {op: replace, path: /data/z, value: q}", "{data: {a: '1', z: q}, list: [1, 2, 3], nothing: null}"),
        ("- {op: copy, from: /data/z, path: /data/y}", "{data: {a: '1', 'y': null}, list: [1, 2, 3], nothing: null}"),
        ("- {op: copy, from: /data/a, path: /list/0}", "{data: {a: '1'}, list: ['1', 1, 2, 3], nothing: null}"),
        ("- {op: move, from: /data/a, path: /b}", "{data: {}, list: [1, 2, 3], nothing: null, b: '1'}"),
        (
            "- {op: add, path: /list/-1, value: 9}\n- {op: replace, path: /list/-2, value: 8}\n- {op: remove, path: /list/-4}",
            "{data: {a: '1'}, list: [2, 8, 9], nothing: null}"
        ),
        ("- {op: add, path: /list/-, value: 9}", "{data: {a: '1'}, list: [1, 2, 3, 9], nothing: null}"),
        (
            "- {op: replace, path: /list/+1, value: 7}\n- {op: replace, path: /list/01, value: 77}",
            "{data: {a: '1'}, list: [1, 77, 3], nothing: null}"
        ),
        ("- {op: add, path: foo/bar, value: 9}", "{data: {a: '1'}, list: [1, 2, 3], nothing: null, bar: 9}"),
        (
            "- {op: add, path: /data/n}\n- {op: replace, path: /data/a, value: null}",
            "{data: {a: null, n: null}, list: [1, 2, 3], nothing: null}"
        ),
        ("- {op: test, path: /data/z, value: null}\n- {op: test, path: /nothing, value: null}", object),
        ("- {op: test, path: /data, value: {a: '1'}}", object),
        (
            "- {op: add, path: /data/yes, value: yes}\n- {op: add, path: /data/o, value: 0755}\n- {op: add, path: /data/f, value: 1.0}",
            "{data: {a: '1', 'yes': true, o: 493, f: 1}, list: [1, 2, 3], nothing: null}"
        ),
        ("- {op: add, path: /data/a~1b~0c~2, value: 1}", "{data: {a: '1', 'a/b~c~2': 1}, list: [1, 2, 3], nothing: null}"),
        ("[{\"op\": \"remove\", \"path\": \"/data/a\"}]", "{data: {}, list: [1, 2, 3], nothing: null}"),
        ("- {op: replace, path: '', value: {x: 1}}", "{x: 1}"),
        ("- {op: replace, path: '', value: 1}", object),
        ("# nothing", object),
        ("- {op: add, path: /a, value: 1}\n---\n- {op: add, path: /b, value: 1}", "{data: {a: '1'}, list: [1, 2, 3], nothing: null, a: 1}"),
    ])
    func applies(patch: String, result: String) throws {
        #expect(try apply(patch) == YAML.documents(result, scalars: .kustomize).first)
    }

    @Test(arguments: [
        "- {op: add, path: foo, value: 1}", "- {op: add, path: '', value: {}}", "- {op: remove, path: /data/z}",
        "- {op: remove, path: /list/3}",
        "- {op: remove, path: /list/-4}", "- {op: add, path: /list/5, value: 1}", "- {op: add, path: /list/x, value: 1}",
        "- {op: add, path: /none/x, value: 1}", "- {op: add, path: /nothing/x, value: 1}", "- {op: add, path: /data/a/x, value: 1}",
        "- {op: test, path: /data/a}", "- {op: test, path: /data/a, value: 1}", "- {op: test, path: /none/a, value: null}",
        "- {op: foo, path: /a}",
        "- {op: move, from: /data/z, path: /data/y}", "- {op: move, path: /data/y}", "- {op: add, value: 1}", "- null", "- a", "{op: add}",
        "a",
        "[{op: add}]", "- {op: replace, path: ''}", "- {op: replace, path: '', value: []}",
    ])
    func refuses(patch: String) {
        #expect(throws: JSON6902Patch.Failure.self) { try apply(patch) }
    }

    @Test func refusesToDoubleAnObjectWithoutEnd() {
        let patch = "- {op: add, path: /x, value: {}}\n" + (0..<40).map { "- {op: copy, from: /x, path: /x/k\($0)}\n" }.joined()
        #expect(throws: JSON6902Patch.Failure.self) { try apply(patch) }
    }
}
