// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("Structural diff") struct StructuralDiffTests {
    @Test(
        "names every place that differs, and only those",
        arguments: [
            ("{}", "{}", []), (#"{"a":1,"b":{"c":2}}"#, #"{"b":{"c":2},"a":1}"#, []), ("1", "2", [": 1 -> 2"]),
            (#"{"a":1}"#, #"{"a":2,"b":3}"#, ["/a: 1 -> 2", "/b: added 3"]),
            (#"{"a":1,"x/y":{"~":2}}"#, #"{"x/y":{"~":3}}"#, ["/x~1y/~0: 2 -> 3", "/a: removed 1"]),
            ("[1,2,3]", "[1,5]", ["/1: 2 -> 5", "/2: removed 3"]), ("[]", #"[{"a":null}]"#, [#"/0: added {"a":null}"#]),
            ("{}", "[]", [": {} -> []"]),
            ("1.50", "1.5", []), ("1.0", "1", [": 1.0 -> 1"]), (#"{"a":null}"#, "{}", ["/a: removed null"]),
        ] as [(String, String, [String])])
    func changes(_ old: String, _ new: String, _ expected: [String]) throws {
        let changes = try StructuralDiff.changes(from: JSON.read(old), to: JSON.read(new))
        #expect(changes.map(\.description) == expected)
    }

    @Test("large maps are compared by key too") func large() {
        let old = Value.map(Map((0..<1_000).map { ("key\($0)", .int($0)) }))
        let new = Value.map(Map((1..<1_001).reversed().map { ("key\($0)", .int($0 == 500 ? 0 : $0)) }))
        #expect(
            StructuralDiff.changes(from: old, to: new).map(\.description)
                == ["/key1000: added 1000", "/key500: 500 -> 0", "/key0: removed 0"])
    }
}

@Suite("JSON pointer") struct JSONPointerTests {
    // RFC 6901 §5.
    @Test(
        "resolves the standard's examples",
        arguments: [
            ("/foo", #"["bar","baz"]"#), ("/foo/0", #""bar""#), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"), ("/g|h", "4"),
            (#"/i\j"#, "5"), (#"/k"l"#, "6"), ("/ ", "7"), ("/m~0n", "8"),
        ])
    func standard(_ pointer: String, _ expected: String) throws {
        let document = try JSON.read(#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#)
        let parsed = try JSONPointer(parsing: pointer)
        #expect(parsed.resolve(in: document) == (try JSON.read(expected)))
        #expect(parsed.description == pointer)
        #expect(try JSONPointer(parsing: "").resolve(in: document) == document)
    }

    @Test(
        "places that are not there", arguments: ["/x", "/foo/2", "/foo/01", "/foo/-", "/foo/-1", "/foo/0/x", "/foo/99999999999999999999"])
    func absent(_ pointer: String) throws {
        #expect(try JSONPointer(parsing: pointer).resolve(in: ["foo": ["bar", "baz"]]) == nil)
    }

    @Test("what is no pointer is refused", arguments: ["foo", "/~", "/~2", "/a~"]) func refuses(_ pointer: String) {
        #expect(throws: JSONPointerError.self) { try JSONPointer(parsing: pointer) }
    }

    @Test("contains places inside") func contains() throws {
        let spec = try JSONPointer(parsing: "/spec")
        #expect(spec.contains(spec))
        #expect(spec.contains(spec.appending("replicas").appending(0)))
        #expect(!spec.contains(try JSONPointer(parsing: "/specs")))
    }
}
