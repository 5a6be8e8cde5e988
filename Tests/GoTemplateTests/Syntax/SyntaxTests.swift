// SPDX-License-Identifier: Apache-2.0
import GoTemplate
import Testing

@Suite("Syntax")
struct SyntaxTests {
    @Test(
        "what cannot be read is refused in Go's words",
        arguments: [
            ("{{", "template: t:1: unclosed action"),
            ("a\n{{ if }}x{{ end }}", "template: t:2: missing value for if"),
            ("{{ if true }}", "template: t:1: unexpected EOF"),
            ("{{ end }}", "template: t:1: unexpected {{end}}"),
            ("{{ nope }}", "template: t:1: function \"nope\" not defined"),
            ("{{ $x }}", "template: t:1: undefined variable \"$x\""),
            ("{{ continue }}", "template: t:1: {{continue}} outside {{range}}"),
            ("{{ (1 }}", "template: t:1: unclosed left paren"),
            ("{{ 1i }}", "template: t:1: complex numbers are not supported: 1i"),
            ("{{ \"a }}", "template: t:1: unterminated quoted string"),
            ("{{ .a | 1 }}", "template: t:1: non executable command in pipeline stage 2"),
            ("{{/* a }}", "template: t:1: unclosed comment"),
            ("{{ range $a, $b, $c := .x }}{{ end }}", "template: t:1: too many declarations in range"),
            ("{{ true.x }}", "template: t:1: unexpected . after term \"true\""),
            ("{{ if true }}{{ else }}{{ else }}{{ end }}", "template: t:1: expected end; found {{else}}"),
            ("{{define \"a\"}}1{{end}}{{define \"a\"}}2{{end}}", "template: t:1: template: multiple definition of template \"a\""),
        ])
    func refused(template: String, message: String) { #expect(evaluate(template) == message) }

    @Test(
        "text and literals",
        arguments: [
            ("a {{- 1 -}} b", "a1b"), ("{{ `a\\n` }}", "a\\n"), ("{{ \"\\u00e9\\x41\\101\" }}", "éAA"), ("{{ 'a' }}", "97"),
            ("{{ 0x10 }} {{ 0b11 }} {{ 0o17 }} {{ 1_000 }} {{ 1e3 }}", "16 3 15 1000 1000"), ("{{/* c */}}x", "x"),
            ("{{- /* c */ -}} x", "x"), ("{{ -1 }}", "-1"), ("a\r\n{{- \"b\" }}", "ab"), ("{{ \"{{\" }}", "{{"),
            ("{{ block \"b\" 1 }}<{{ . }}>{{ end }}", "<1>"), ("{{ define \"d\" }}[{{ . }}]{{ end }}{{ template \"d\" 2 }}", "[2]"),
        ])
    func read(template: String, output: String) { #expect(evaluate(template) == output) }

    @Test("nesting is bounded")
    func nesting() {
        let deep = String(repeating: "{{if true}}", count: 300) + String(repeating: "{{end}}", count: 300)
        #expect(evaluate(deep).contains("nested deeper than the limit of 200"))
        let parentheses = "{{ " + String(repeating: "(", count: 300) + "1" + String(repeating: ")", count: 300) + " }}"
        #expect(evaluate(parentheses).contains("nested deeper than the limit of 200"))
    }
}
