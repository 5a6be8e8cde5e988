// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("YAML reader") struct YAMLReaderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let value: Value
        var testDescription: String { text }

        init(_ text: String, _ value: Value) {
            self.text = text
            self.value = value
        }
    }

    static func decimal(_ text: String) -> Value { .decimal(Decimal(json: text)) }

    // What `kubectl label --local -o json` v1.32 makes of the same scalars, where JSON can say it exactly.
    @Test(
        "plain scalars mean what Kubernetes' tools take them for",
        arguments: [
            Case("", .null), Case("~", .null), Case("null", .null), Case("Null", .null), Case("nULL", "nULL"), Case("true", true),
            Case("True", true), Case("TRUE", true), Case("tRUE", "tRUE"), Case("false", false), Case("yes", true), Case("Yes", true),
            Case("y", true), Case("Y", true), Case("on", true), Case("ON", true), Case("no", false), Case("n", false), Case("off", false),
            Case("yess", "yess"), Case("0", 0), Case("-0", 0), Case("12", 12), Case("+12", 12), Case("-12", -12), Case("1_000", 1000),
            Case("0777", 511), Case("0o17", 15), Case("0x1F", 31), Case("-0x1f", -31), Case("0b101", 5), Case("-0b11", -3), Case("08", 8),
            Case("09.5", decimal("9.5")), Case("0x", "0x"), Case("0xg", "0xg"), Case("0x-1", "0x-1"), Case("--1", "--1"),
            Case("+-1", "+-1"),
            Case("1.0", 1), Case("1e3", 1000), Case("1E+3", 1000), Case("1.5", decimal("1.5")), Case("1.50", decimal("1.5")),
            Case(".5", decimal("0.5")), Case("-.5", decimal("-0.5")), Case("5.", 5), Case("1_0.5", decimal("10.5")), Case("._5", "._5"),
            Case("1e-2", decimal("0.01")), Case("1e999", "1e999"), Case("1e", "1e"), Case("e1", "e1"), Case(".", "."), Case("..", ".."),
            Case("9223372036854775807", .int(.max)), Case("-9223372036854775808", .int(.min)),
            Case("9223372036854775808", decimal("9223372036854775808")), Case("18446744073709551616", decimal("18446744073709551616")),
            Case("123456789012345678901234567890", decimal("123456789012345678901234567890")),
            Case("0xFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF"),
            Case("2020-01-01", "2020-01-01"), Case("2020-01-01T10:00:00Z", "2020-01-01T10:00:00Z"), Case("12:30", "12:30"),
            Case("1.2.3", "1.2.3"), Case("10.0.0.1", "10.0.0.1"), Case("100m", "100m"), Case("1Gi", "1Gi"), Case("a b", "a b"),
            Case("inf", "inf"), Case("-", [.null]), Case("<<", "<<"), Case("=", "="), Case("héllo 🚢", "héllo 🚢"),
        ])
    func plain(_ example: Case) throws {
        #expect(try YAML.document(Array(example.text.utf8)) == example.value)
    }

    @Test("for Kustomize, y, yes, on and their opposites are strings", arguments: ["y", "yes", "On", "n", "NO", "off"])
    func kustomizeBooleans(_ text: String) throws {
        #expect(try YAML.document(Array(text.utf8), scalars: .kustomize) == .string(text))
        #expect(try YAML.document(Array("true".utf8), scalars: .kustomize) == true)
    }

    @Test(
        "every style and structure",
        arguments: [
            Case("'it''s'", "it's"), Case(#""a\tb\x41\u00e9\U0001F6A2""#, "a\tbAé🚢"), Case("\"12\"", "12"), Case("'true'", "true"),
            Case("|\n  a\n  b\n", "a\nb\n"), Case("|-\n  a\n\n  b\n", "a\n\nb"), Case("|+\n  a\n\n", "a\n\n"),
            Case(">\n  a\n  b\n\n  c\n", "a b\nc\n"),
            Case("|2\n   a\n  b\n", " a\nb\n"), Case("a: 1\nb:\n- x\n- u: z\n  w: v\n", ["a": 1, "b": ["x", ["u": "z", "w": "v"]]]),
            Case("{a: 1, b: [x, {u: z}], c: }", ["a": 1, "b": ["x", ["u": "z"]], "c": .null]), Case("[]", []), Case("{}", [:]),
            Case("- - 1\n  - 2\n-\n  a: b\n", [[1, 2], ["a": "b"]]), Case("? a\n: b\n", ["a": "b"]), Case("a: b # c\n# d\n", ["a": "b"]),
            Case("%YAML 1.1\n---\na: b\n...\n", ["a": "b"]), Case("\u{FEFF}a: b\n", ["a": "b"]),
            Case("a: b\r\nc: d\r\n", ["a": "b", "c": "d"]),
            Case("{\"a\": \"\\u00e9\", \"b\": [1, 2.5, null]}", ["a": "é", "b": [1, decimal("2.5"), .null]]),
            Case("1: a\nyes: b\n1.5: c\n0x10: e\n", ["1": "a", "true": "b", "1.5": "c", "16": "e"]),
            Case(
                "a: !!str 12\nb: !!int \"12\"\nc: !!binary aGVsbG8=\nd: !custom 12\ne: !!float 3\nf: ! 12\n",
                ["a": "12", "b": 12, "c": "hello", "d": "12", "e": 3, "f": "12"]),
        ])
    func structure(_ example: Case) throws {
        #expect(try YAML.document(Array(example.text.utf8)) == example.value)
    }

    @Test(
        "anchors, aliases and merge keys are expanded",
        arguments: [
            Case("a: &x {k: v}\nb: *x\n", ["a": ["k": "v"], "b": ["k": "v"]]), Case("- &x 1\n- *x\n- &x 2\n- *x\n", [1, 1, 2, 2]),
            Case("a: &x yes\n*x : b\n", ["a": true, "true": "b"]),
            Case("d: &d {a: 1, b: 2}\nm:\n  <<: *d\n  b: 3\n", ["d": ["a": 1, "b": 2], "m": ["a": 1, "b": 3]]),
            Case("d: &d {a: 1, b: 2}\nm:\n  b: 3\n  <<: *d\n", ["d": ["a": 1, "b": 2], "m": ["a": 1, "b": 3]]),
            Case("- &a {x: 1}\n- &b {x: 2, u: 2}\n- {<<: [*a, *b], z: 3}\n", [["x": 1], ["x": 2, "u": 2], ["x": 1, "u": 2, "z": 3]]),
            Case("{'<<': 1}", ["<<": 1]), Case("{<<: {a: 1}}", ["a": 1]),
        ])
    func aliases(_ example: Case) throws {
        #expect(try YAML.document(Array(example.text.utf8)) == example.value)
    }

    @Test("merged keys stand where the merge key stood") func mergeOrder() throws {
        let value = try YAML.document(Array("{z: 1, <<: {b: 2, a: 3}, u: 4}".utf8))
        #expect(value.map.map { Array($0.keys) } == ["z", "b", "a", "u"])
    }

    @Test("documents are counted as they stand") func documents() throws {
        #expect(try YAML.documents("") == [])
        #expect(try YAML.documents("# nothing\n") == [])
        #expect(try YAML.documents("a: 1\n---\n---\n# c\n---\nb: 2\n...\n") == [["a": 1], .null, .null, ["b": 2]])
        #expect(try YAML.documents("--- a\n--- b\n") == ["a", "b"])
        #expect(throws: DocumentError.self) { try YAML.documents("a: &x 1\n---\nb: *x\n") }
        #expect(throws: DocumentError(code: "too-many-documents", message: "more documents than the limit of 1", line: 2, column: 1)) {
            try YAML.document(Array("a: 1\n---\nb: 2\n".utf8))
        }
    }

    @Test(
        "a mistake is an error with its place",
        arguments: [
            ("a: 1\nb: 2\na: 3\n", "duplicate-key", "3:1: key 'a' is there twice"),
            ("x:\n  - {a: 1, 'a': 2}\n", "duplicate-key", "2:12: key 'a' is there twice"),
            ("1: a\n0x1: b\n", "duplicate-key", "2:1: key '1' is there twice"),
            ("<<: {}\n<<: {}\n", "duplicate-key", "2:1: key '<<' is there twice"),
            ("a: b: c\n", "syntax", "1:5: mapping values are not allowed in this context"),
            ("a: [1, 2\n", "syntax", "2:1: did not find expected ',' or ']' (while parsing a flow sequence, line 1)"),
            ("a: 'x\n", "syntax", "2:1: found unexpected end of stream (while scanning a quoted scalar, line 1)"),
            ("a:\n\tb: c\n", "syntax", "2:1: found character that cannot start any token (while scanning for the next token, line 2)"),
            (
                "a: *nobody\n", "unknown-anchor",
                "1:4: the alias refers to nothing that comes before it; a text that begins with * needs quotes"
            ),
            (
                "a: &x [*x]\n", "unknown-anchor",
                "1:8: the alias refers to nothing that comes before it; a text that begins with * needs quotes"
            ),
            ("[a]: b\n", "invalid-key", "1:1: a key must be a string, not a list"),
            ("{a: b}: c\n", "invalid-key", "1:1: a key must be a string, not a map"),
            ("~: c\n", "invalid-key", "1:1: a key must be a string, not null"),
            ("a: .inf\n", "invalid-scalar", "1:4: a number that JSON does not know"),
            ("a: !!int x\n", "invalid-scalar", "1:4: the text here is no int"),
            ("a: !!binary '*'\n", "invalid-scalar", "1:4: not the base64 of a text"),
            ("<<: 1\n", "invalid-merge", "1:5: '<<' wants a map or a list of maps, not an integer"),
            ("ä: b\nc: \u{1}\n", "syntax", "2:4: control characters are not allowed"),
        ])
    func refuses(_ text: String, _ code: String, _ description: String) {
        let error = #expect(throws: DocumentError.self) { try YAML.documents(text) }
        #expect(error?.code == code)
        #expect(error?.description == description)
    }

    @Test("invalid UTF-8 is refused, with its place") func invalidUTF8() {
        let error = #expect(throws: DocumentError.self) { try YAML.documents(Array("a: b\nc: ".utf8) + [0xC3, 0x28]) }
        #expect(error?.code == "invalid-utf8")
        #expect(error?.line == 2)
        #expect(error?.column == 5)
    }

    @Test("limits hold") func limits() throws {
        var limits = Limits.standard
        limits.depthMax = 3
        #expect(try YAML.documents("[[[]]]", limits: limits) == [[[[]]]])
        #expect(throws: DocumentError(code: "too-deep", message: "nested deeper than the limit of 3", line: 1, column: 4)) {
            try YAML.documents("[[[[]]]]", limits: limits)
        }
        #expect(throws: DocumentError(code: "too-deep", message: "nested deeper than the limit of 3", line: 2, column: 4)) {
            try YAML.documents("- &a [[1]]\n- [*a]\n", limits: limits)
        }
        #expect(throws: DocumentError.self) { try YAML.documents(String(repeating: "[", count: 100_000)) }
        #expect(throws: DocumentError.self) { try YAML.documents(String(repeating: "- ", count: 100_000)) }
        limits.bytesMax = 4
        #expect(throws: DocumentError(code: "too-large", message: "5 bytes, more than the limit of 4", line: 0, column: 0)) {
            try YAML.documents("12345", limits: limits)
        }
    }

    @Test("a billion laughs are cut short") func billionLaughs() {
        var text = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
        for level in 1...9 {
            text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        let error = #expect(throws: DocumentError.self) { try YAML.documents(text) }
        #expect(error?.code == "too-many-aliases")
    }

    @Test(
        "a path is found in the text",
        arguments: [
            ([], 0, YAML.Part.value, 2, 1), (["spec"], 0, .key, 3, 1), (["spec"], 0, .value, 4, 3), (["spec", "list"], 0, .key, 4, 3),
            (["spec", "list", 1], 0, .value, 6, 5), (["spec", "list", 1, "b"], 0, .value, 6, 15),
            (["spec", "list", 1, "b"], 0, .key, 6, 12),
            (["spec", "12"], 0, .key, 7, 3), (["x"], 1, .value, 9, 4), (["x"], 2, .key, nil, nil),
            (["spec", "nothing"], 0, .key, nil, nil),
            (["spec", "list", 2], 0, .value, nil, nil), (["kind", "x"], 0, .value, nil, nil),
        ] as [([PathStep], Int, YAML.Part, Int?, Int?)])
    func locates(_ path: [PathStep], _ document: Int, _ part: YAML.Part, _ line: Int?, _ column: Int?) {
        let text = "# comment\nkind: A\nspec:\n  list:\n  - 1\n  - {a: é, b: 2}\n  12: x\n---\nx: y\n"
        let mark = YAML.locate(path, document: document, in: Array(text.utf8), what: part)
        #expect(mark?.line == line)
        #expect(mark?.column == column)
    }
}
