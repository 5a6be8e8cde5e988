// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import GoTemplate

@Suite("Formats")
struct FormatTests {
    @Test(
        "JSON",
        arguments: [
            ("{{ toJson (dict \"a\" 1.0 \"b\" 1e21 \"c\" 1e-7 \"d\" \"<&>\") }}", #"{"a":1,"b":1e+21,"c":1e-7,"d":"\u003c\u0026\u003e"}"#),
            ("{{ toRawJson \"<&>\" }} {{ toPrettyJson (list 1 (dict)) }}", "\"<&>\" [\n  1,\n  {}\n]"),
            ("{{ fromJson \"{\\\"a\\\":[1,}\" }}", "map[Error:invalid character '}' looking for beginning of value]"),
            ("{{ fromJson \"{\\\"a\\\"\" }}", "map[Error:unexpected end of JSON input]"),
            ("{{ fromJsonArray \"{}\" }}", "[json: cannot unmarshal object into Go value of type []interface {}]"),
            ("{{ fromJson \"{\\\"a\\\":1} x\" }}", "map[Error:invalid character 'x' after top-level value]"),
            ("{{ (fromJson `{\"a\":\"\\ud83d\\ude00\\ud800\"}`).a }}", "😀\u{FFFD}"),
        ])
    func json(template: String, output: String) { #expect(evaluate(template) == output) }

    @Test(
        "YAML",
        arguments: [
            ("{{ toYaml (dict \"b\" (list 1 \"x: y\") \"a\" 1e20) }}", "a: 1e+20\nb:\n- 1\n- 'x: y'"),
            ("{{ toYamlPretty (dict \"a\" (list 1000000.0 (list 1)) \"n\" \"no\") }}", "a:\n  - 1e+06\n  - - 1\n\"n\": \"no\""),
            (
                "{{ fromYaml \"- a\" }}",
                "map[Error:error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}]"
            ),
            ("{{ fromYamlArray \"[1, yes]\" }}", "[1 true]"), ("{{ fromYaml \"a: 1\\na: 2\" }}", "map[a:2]"),
        ])
    func yaml(template: String, output: String) { #expect(evaluate(template) == output) }

    @Test("TOML is laid out as Helm's library does")
    func tomlWriting() {
        let template =
            "{{ toToml (dict \"s\" \"a\\\"b\" \"n\" 1 \"f\" 2.0 \"l\" (list 1 2) \"t\" (dict \"k v\" true \"u\" (dict \"x\" nil \"y\" 1)) \"a\" (list (dict \"b\" 1) (dict \"b\" 2))) }}"
        let expected = """
            f = 2.0
            l = [1, 2]
            n = 1
            s = "a\\"b"

            [[a]]
              b = 1

            [[a]]
              b = 2

            [t]
              "k v" = true
              [t.u]
                y = 1

            """
        #expect(evaluate(template) == expected)
    }

    @Test(
        "TOML is read",
        arguments: [
            ("a = 1\nb = 1.5\nc = \"x\\ty\"\nd = [1, 2,\n 3]\n[e.f]\ng = true", "map[a:1 b:1.5 c:x\ty d:[1 2 3] e:map[f:map[g:true]]]"),
            ("[[a]]\nb = 1\n[[a]]\nb = 2 # c", "map[a:[map[b:1] map[b:2]]]"),
            ("a.b = 'x'\na.c = {d = 1, e = 0x1F}", "map[a:map[b:x c:map[d:1 e:31]]]"),
            ("a = 2024-01-02T03:04:05Z", "map[a:2024-01-02 03:04:05 +0000 UTC]"), ("a = \"\"\"\nx\\\n  y\"\"\"", "map[a:xy]"),
            ("a = ", "Error"), ("a = 1\na = 2", "Key 'a' has already been defined"), ("a = 01", "Error"), ("[a", "Error"),
        ])
    func tomlReading(text: String, output: String) { #expect(evaluate("{{ fromToml .Values.t }}", ["t": .string(text)]).contains(output)) }

    @Test("documents of any bytes are read or refused, never trapped on", arguments: 0..<200)
    func anyBytes(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let alphabet = Array("{}[]()\"'`.,:;=|$#*&!-+ \n\tabctruefalsnul0123456789eE\\/<>%@~_éx".unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<60, using: &generator) {
            text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
        }
        let value: Value = ["t": .string(String(text))]
        for function in [
            "fromToml", "fromJson", "fromYaml", "fromYamlArray", "b64dec", "b32dec", "semver", "urlParse", "toYaml", "toToml",
            "mustToDuration", "snakecase", "camelcase", "title",
        ] {
            _ = evaluate("{{ \(function) .Values.t }}", value)
        }
        for call in [
            "semverCompare .Values.t \"1.2.3\"", "toDate .Values.t .Values.t", "regexFindAll .Values.t .Values.t -1",
            "printf .Values.t 1 2.5 \"x\" nil", "tpl .Values.t .", "wrap 3 .Values.t", "substr 1 5 .Values.t", "abbrev 6 .Values.t",
            "date .Values.t 0",
        ] {
            _ = evaluate("{{ \(call) }}", value)
        }
        _ = evaluate("{{" + String(text) + "}}")
        _ = evaluate(String(text) + "{{" + String(text))
    }
}

/// Numbers that are the same for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
