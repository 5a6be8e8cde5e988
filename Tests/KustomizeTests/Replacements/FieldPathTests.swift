// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct FieldPathTests {
    @Test(arguments: [
        ("a.b.c", ["a", "b", "c"]), (".a.b", ["a", "b"]), ("a\\.b.c", ["a.b", "c"]), ("a.[b.c/d].e", ["a", "b.c/d", "e"]),
        ("a.[name=b.c].d", ["a", "[name=b.c]", "d"]), ("a.[b].c", ["a", "[b]", "c"]), ("a.[b.c", ["a", "b.c"]), ("", [""]),
        ("a..b", ["a", "", "b"]),
        ("a.[=x.y]", ["a", "[=x.y]"]),
    ])
    func pathsAreSplitAtPoints(path: String, parts: [String]) {
        #expect(FieldPath.split(path) == parts)
    }

    @Test(arguments: [
        ("spec.ports[0].port", ["spec", "ports", "0", "port"]), ("a.[1]", ["a", "1"]), ("a[x]", ["a[x]"]), ("a[0][1]", ["a[0]", "1"]),
        ("a[]", ["a[]"]),
    ])
    func positionsInBracketsAreParts(path: String, parts: [String]) {
        #expect(FieldPath.splitIndices(FieldPath.split(path)) == parts)
    }

    private static let object = """
        {a: {b: 1, "c.d": x, n: null}, l: [{name: one, v: 1}, {name: two, v: 2}, text, null], s: [x, 3], e: []}
        """

    @Test(arguments: [
        ("a.b", "1"), ("a.[c.d]", "x"), ("a.n", "null"), ("l.1.v", "2"), ("l.[name=two].v", "2"), ("l.[v=2].name", "two"), ("l.-", "null"),
        ("s.[=3]", "3"), ("s.-", "3"), ("l. 0 .name", "one"),
    ])
    func oneValueIsFound(path: String, value: String) throws {
        let found = try FieldLookup.find(FieldPath.split(path), in: try Samples.node(Self.object).value)
        #expect(found == (try Samples.node(value).value))
    }

    @Test(arguments: ["x", "a.x", "a.n.x", "l.9", "l.[name=three].v", "s.[=y]", "l.3.x"])
    func whatIsMissingIsNotFound(path: String) throws {
        #expect(try FieldLookup.find(FieldPath.split(path), in: try Samples.node(Self.object).value) == nil)
    }

    @Test(arguments: ["a.b.c", "a.0", "a.[x=y]", "l.*", "l.name", "l.[x]", "l.-1", "e.-"])
    func whatDoesNotFitIsRefused(path: String) throws {
        let value = try Samples.node(Self.object).value
        #expect(throws: FieldFailure.self) { try FieldLookup.find(FieldPath.split(path), in: value) }
    }
}
