// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("JSON") struct JSONTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let value: Value
        var testDescription: String { text }

        init(_ text: String, _ value: Value) {
            self.text = text
            self.value = value
        }
    }

    @Test(
        "reads every kind of value",
        arguments: [
            Case("null", .null), Case(" true ", true), Case("false", false), Case("0", 0), Case("-0", 0), Case("-17", -17),
            Case("9223372036854775807", .int(.max)), Case("-9223372036854775808", .int(.min)),
            Case("9223372036854775808", .decimal(Decimal(json: "9223372036854775808"))),
            Case("-9223372036854775809", .decimal(Decimal(json: "-9223372036854775809"))),
            Case("100000000000000000000000", .decimal(Decimal(json: "1e23"))), Case("1.50", .decimal(Decimal(json: "1.5"))),
            Case("1e3", .decimal(Decimal(json: "1000"))), Case("-2.5E-3", .decimal(Decimal(json: "-0.0025"))),
            Case(#""""#, ""), Case(#""plain""#, "plain"), Case(#""exactly fifteen""#, "exactly fifteen"),
            Case(#""a longer text with ünïcode 🚢 in it""#, "a longer text with ünïcode 🚢 in it"),
            Case(#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), Case(#""\u00e9\u20AC\ud83d\udEA2""#, "é€🚢"),
            Case("\"\\u0000 and \u{7F}\"", "\0 and \u{7F}"), Case("[]", []), Case("[ 1 , [2,[ ] ] ]", [1, [2, []]]), Case("{}", [:]),
            Case(#"{ "b" : 1, "a" : {"c":null} }"#, ["b": 1, "a": ["c": .null]]),
        ])
    func reads(_ example: Case) throws {
        let value = try JSON.read(example.text)
        #expect(value == example.value)
        #expect(try JSON.read(JSON.write(value)) == value)
        #expect(try JSON.read(JSON.write(value, pretty: true)) == value)
    }

    @Test(
        "a mistake is an error with its place",
        arguments: [
            ("", "syntax", "1:1: the text ends where a value is expected"),
            ("{\n  \"a\": 1,\n  \"b\" 2\n}", "syntax", "3:7: '2' where ':' is expected"),
            ("[1,]", "syntax", "1:4: ']' where a value is expected"), ("[1 2]", "syntax", "1:4: '2' where ',' or ']' is expected"),
            ("{\"a\":1,}", "syntax", "1:8: '}' where a key in quotes is expected"), ("1 1", "syntax", "1:3: '1' where the end is expected"),
            ("01", "syntax", "1:1: a number must not begin with 0"), ("-", "syntax", "1:2: the text ends where a digit is expected"),
            ("1.", "syntax", "1:3: the text ends where a digit is expected"),
            ("1e+", "syntax", "1:4: the text ends where a digit is expected"),
            ("tru", "syntax", "1:1: 't' where a value is expected"), ("\"abc", "syntax", "1:1: a string has no closing quote"),
            ("\"a\nb\"", "syntax", "1:3: a control character in a string must be escaped"), ("\"\\x\"", "syntax", "1:2: unknown escape"),
            ("\"\\ud83d\"", "syntax", "1:2: half a surrogate pair"), ("\"\\udea2\"", "syntax", "1:2: half a surrogate pair"),
            ("\"\\ud83d\\u0041\"", "syntax", "1:2: half a surrogate pair"),
            ("\"\\u12g4\"", "syntax", "1:6: 'g' where four hexadecimal digits is expected"),
            (#"{"ä":1,"b":2,"ä":3}"#, "duplicate-key", "1:14: key 'ä' is there twice"),
            ("nul\u{0}", "syntax", "1:1: 'n' where a value is expected"),
        ])
    func refuses(_ text: String, _ code: String, _ description: String) {
        let error = #expect(throws: DocumentError.self) { try JSON.read(text) }
        #expect(error?.code == code)
        #expect(error?.description == description)
    }

    @Test("invalid UTF-8 in a string is refused, at any distance from its start", arguments: 0..<20)
    func refusesInvalidUTF8(_ offset: Int) {
        let bytes = [UInt8(ascii: "\"")] + Array(repeating: UInt8(ascii: "a"), count: offset) + [0xC3, 0x28, UInt8(ascii: "\"")]
        #expect(throws: DocumentError(code: "invalid-utf8", message: "a string is not valid UTF-8", line: 1, column: 2)) {
            try JSON.read(bytes)
        }
    }

    @Test("a quote, a backslash or a control character is found at any offset", arguments: 0..<24)
    func findsTheEndOfAString(_ length: Int) throws {
        for filler in ["a", "é", "\u{80}"] {
            let text = String(repeating: filler, count: length)
            #expect(try JSON.read("\"\(text)\"") == .string(text))
            #expect(try JSON.read("\"\(text)\\n\(text)\"") == .string(text + "\n" + text))
            #expect(throws: DocumentError.self) { try JSON.read("\"\(text)\u{1F}\"") }
        }
    }

    @Test("limits hold") func limits() throws {
        var limits = Limits.standard
        limits.depthMax = 3
        #expect(try JSON.read("[[[]]]", limits: limits) == [[[]]])
        #expect(throws: DocumentError(code: "too-deep", message: "nested deeper than the limit of 3", line: 1, column: 4)) {
            try JSON.read("[[[[]]]]", limits: limits)
        }
        limits.bytesMax = 4
        #expect(throws: DocumentError(code: "too-large", message: "5 bytes, more than the limit of 4", line: 0, column: 0)) {
            try JSON.read("12345", limits: limits)
        }
        #expect(throws: DocumentError.self) { try JSON.read(String(repeating: "[", count: 1_000_000)) }
    }

    @Test("a duplicate is found in a large map too") func duplicateInLargeMap() throws {
        let members = (0..<100).map { "\"key\($0)\": \($0)" }
        #expect(try JSON.read("{\(members.joined(separator: ","))}").map?.count == 100)
        for repeated in [0, 5, 11, 12, 50, 99] {
            #expect(throws: DocumentError.self) { try JSON.read("{\((members + [members[repeated]]).joined(separator: ","))}") }
        }
    }

    @Test("writes compactly, and indented by two spaces") func writes() {
        let value: Value = [
            "name": "a \"b\" \u{1}\u{1F}é/<", "list": [1, .decimal(Decimal(json: "1.50")), .null, true, [], [:]], "map": ["x": -5],
        ]
        #expect(JSON.text(value) == #"{"name":"a \"b\" \u0001\u001fé/<","list":[1,1.50,null,true,[],{}],"map":{"x":-5}}"#)
        #expect(
            JSON.text(value, pretty: true) == """
                {
                  "name": "a \\"b\\" \\u0001\\u001fé/<",
                  "list": [
                    1,
                    1.50,
                    null,
                    true,
                    [],
                    {}
                  ],
                  "map": {
                    "x": -5
                  }
                }
                """)
    }
}
