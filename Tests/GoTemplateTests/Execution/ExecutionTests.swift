// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import GoTemplate

@Suite("Carrying out")
struct ExecutionTests {
    static let values: Value = [
        "a": ["b": "c"], "list": [1, 2, 3], "empty": [], "text": "x", "big": 1_000_000, "none": .null, "flag": false,
    ]

    @Test(
        "statements",
        arguments: [
            ("{{ if .Values.flag }}a{{ else if .Values.a }}b{{ else }}c{{ end }}", "b"),
            ("{{ with .Values.none }}a{{ else with .Values.text }}{{ . }}{{ end }}", "x"),
            ("{{ range $i, $v := .Values.list }}{{ $i }}{{ $v }} {{ end }}", "01 12 23 "),
            ("{{ range .Values.list }}{{ if eq . 2.0 }}{{ continue }}{{ end }}{{ . }}{{ end }}", "13"),
            ("{{ range .Values.list }}{{ if eq . 2.0 }}{{ break }}{{ end }}{{ . }}{{ end }}", "1"),
            ("{{ range 3 }}{{ . }}{{ end }}", "012"), ("{{ range .Values.empty }}a{{ else }}b{{ end }}", "b"),
            ("{{ $x := 1 }}{{ range .Values.list }}{{ $x = add $x . }}{{ end }}{{ $x }}", "7"),
            ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"),
            ("{{ range $k, $v := .Values.a }}{{ $k }}={{ $v }}{{ end }}", "b=c"), ("{{ .Values.big }}", "1e+06"),
            ("{{ .Values.nope }}|{{ (.Values.nope).x }}|", "||"), ("{{ .Values.text | printf \"%s-%s\" \"a\" }}", "a-x"),
            ("{{ $.Values.a.b }}{{ with .Values.a }}{{ $.Values.text }}{{ end }}", "cx"),
            ("{{ $d := dict \"x\" 1 }}{{ $_ := set $d \"x\" 2 }}{{ $d.x }}", "2"),
        ])
    func statements(template: String, output: String) { #expect(evaluate(template, Self.values) == output) }

    @Test(
        "failures name the place as Go does",
        arguments: [
            ("{{ .Values.a.x.y }}", "template: t:1:10: executing \"t\" at <.Values.a.x.y>: nil pointer evaluating interface {}.y"),
            (
                "\n  {{ .Values.text.x }}",
                "template: t:2:12: executing \"t\" at <.Values.text.x>: can't evaluate field x in type interface {}"
            ),
            ("{{ lower 1 }}", "template: t:1:9: executing \"t\" at <1>: expected string; found 1"),
            (
                "{{ lower .Values.list }}",
                "template: t:1:16: executing \"t\" at <.Values.list>: wrong type for value; expected string; got []interface {}"
            ),
            (
                "{{ lower .Values.nope }}",
                "template: t:1:16: executing \"t\" at <.Values.nope>: wrong type for value; expected string; got interface {}"
            ),
            ("{{ lower }}", "template: t:1:3: executing \"t\" at <lower>: wrong number of args for lower: want 1 got 0"),
            ("{{ div 1 0 }}", "template: t:1:3: executing \"t\" at <div 1 0>: error calling div: runtime error: integer divide by zero"),
            ("{{ template \"x\" }}", "template: t:1:12: executing \"t\" at <{{template \"x\"}}>: template \"x\" not defined"),
            ("{{ .Values.text 1 }}", "template: t:1:10: executing \"t\" at <.Values.text>: text is not a method but has arguments"),
        ])
    func failures(template: String, message: String) { #expect(evaluate(template, Self.values) == message) }

    @Test("Helm shows the message of fail alone, and chains of includes line by line")
    func helmMessages() throws {
        func message(_ template: String) -> String {
            do throws(TemplateFailure) { return try render(template) } catch { return error.helmMessage(file: "t") }
        }
        #expect(message("{{ fail \"no\" }}") == "execution error at (t:1:3): no")
        #expect(message("{{ required \"give x\" \"\" }}") == "execution error at (t:1:3): give x")
        #expect(message("{{ if }}{{ end }}") == "parse error at (t:1): missing value for if")
        #expect(
            message("{{ define \"i\" }}{{ upper 1 }}{{ end }}{{ include \"i\" . }}")
                == """
                t:1:41
                  executing "t" at <include "i" .>:
                    error calling include:
                t:1:25
                  executing "i" at <1>:
                    expected string; found 1
                """)
    }

    @Test("templates find each other across files, and tpl defines its own")
    func sharing() throws {
        var set = TemplateSet()
        try set.add(name: "a", text: Array("{{ define \"x\" }}X{{ . }}{{ end }}".utf8))
        try set.add(
            name: "b",
            text: Array(
                "{{ include \"x\" 1 }}{{ tpl \"{{ define \\\"y\\\" }}Y{{ end }}{{ include \\\"y\\\" . }}{{ include \\\"x\\\" 2 }}\" . }}"
                    .utf8))
        let renderer = TemplateRenderer(set)
        #expect(try renderer.render("b", .map([])) == Array("X1YX2".utf8))
        #expect(throws: TemplateFailure.self) { () throws in
            var other = set
            try other.add(name: "c", text: Array("{{ include \"y\" . }}".utf8))
            _ = try TemplateRenderer(other).render("c", .map([]))
        }
    }

    @Test(
        "what asks for too much is stopped",
        arguments: [
            "{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}",
            "{{ define \"r\" }}{{ if true }}{{ if true }}{{ template \"r\" . }}{{ end }}{{ end }}{{ end }}{{ template \"r\" . }}",
            "{{ $t := \"{{ tpl .t . }}\" }}{{ tpl $t (dict \"t\" $t) }}",
            "{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}{{ end }}",
            "{{ $x := \"aaaaaaaa\" }}{{ range until 100 }}{{ $x = cat $x $x }}{{ end }}", "{{ repeat 1000000000 \"abc\" }}",
            "{{ until 100000000 }}", "{{ seq 100000000 }}", "{{ indent 1000000000 \"a\" }}",
            "{{ printf \"%1000000d%1000000d\" 1 1 | repeat 100 }}",
            "{{ range until 1000 }}{{ repeat 10000 \"a\" }}{{ end }}",
            "{{ $l := list 1 }}{{ range until 100 }}{{ $l = concat $l $l }}{{ end }}",
            "{{ $a := repeat 1000000 \"a\" }}{{ $l := list }}{{ range until 1000 }}{{ $l = append $l $a }}{{ end }}{{ join \"\" $l }}",
            "{{ $a := list 1 }}{{ $b := list 1 }}{{ range until 100 }}{{ $a = list $a $a }}{{ $b = list $b $b }}{{ end }}{{ deepEqual $a $b }}",
            "{{ $l := list }}{{ range until 100000 }}{{ $l = append $l 1 }}{{ end }}",
        ])
    func bounds(template: String) {
        var limits = TemplateLimits()
        limits.stepsMax = 1_000_000
        limits.outputBytesMax = 1 << 20
        limits.stringBytesMax = 16 << 20
        do throws(TemplateFailure) {
            _ = try render(template, limits: limits)
            Issue.record("nothing stopped it")
        } catch {
            #expect(error.code == .limit, "\(error.message.suffix(300))")
        }
    }

    @Test("a map that holds itself can be used, but not written out")
    func circles() {
        let set = "{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"d\" $d }}"
        #expect(evaluate(set + "{{ $d.d.d.a }}") == "1")
        #expect(evaluate(set + "{{ toYaml $d }}|{{ toJson $d }}|") == "||")
        #expect(evaluate(set + "{{ $d }}").hasPrefix("map[a:1 d:map[a:1"))
        #expect(evaluate(set + "{{ deepCopy $d }}").contains("holds itself"))
        #expect(evaluate(set + "{{ $e := dict \"a\" 1 }}{{ $_ := set $e \"d\" $e }}{{ deepEqual $d $e }}").contains("hold themselves"))
    }

    @Test("what cannot be repeated is refused without entropy, and remembered with it")
    func repeatability() throws {
        for call in ["now", "uuidv4", "randAlphaNum 5", "genCA \"a\" 1", "htpasswd \"a\" \"b\"", "shuffle \"abc\"", "randInt 1 5"] {
            do throws(TemplateFailure) {
                _ = try render("{{ \(call) }}", entropy: nil)
                Issue.record("\(call) was not refused")
            } catch {
                #expect(error.code == .notRepeatable)
            }
        }
        var set = TemplateSet()
        try set.add(name: "t", text: Array("{{ uuidv4 }}{{ randAlpha 3 }}{{ date \"2006\" 0 }}".utf8))
        let renderer = TemplateRenderer(set, entropy: .test)
        _ = try renderer.render("t", .map([]))
        #expect(renderer.nonRepeatableFunctions == ["randAlpha", "uuidv4"])
    }

    @Test("a cancelled task stops")
    func cancelling() async {
        let task = Task { () -> TemplateFailure.Code? in
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(TemplateFailure) {
                _ = try render("{{ range until 100000 }}{{ . }}{{ end }}")
                return nil
            } catch {
                return error.code
            }
        }
        #expect(await task.value == .cancelled)
    }
}
