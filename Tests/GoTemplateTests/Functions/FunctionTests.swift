// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import GoTemplate

@Suite("Functions")
struct FunctionTests {
    @Test(
        "strings",
        arguments: [
            ("{{ abbrevboth 5 10 \"1234 5678 9123\" }}", "...5678..."), ("{{ initials \"First Try\" }}", "FT"),
            ("{{ wrap 5 \"aa bb cc dd\" }}", "aa bb\ncc dd"), ("{{ wrapWith 3 \"|\" \"abcdefg\" }}", "abc|def|g"),
            ("{{ title \"hello wOrld-x\" }}", "Hello WOrld-X"), ("{{ untitle \"Hello World\" }}", "hello world"),
            ("{{ camelcase \"GOLANG_IS_GREAT\" }} {{ camelcase \"http_server\" }}", "GolangIsGreat HttpServer"),
            ("{{ snakecase \"HTTP2xx\" }} {{ snakecase \"Bld4Floor3rd\" }}", "http_2xx bld4_floor_3rd"),
            ("{{ kebabcase \"HelloWorldFoo\" }}", "hello-world-foo"), ("{{ substr 1 3 \"abcdef\" }}", "bc"),
            ("{{ \"é\" | trunc 1 | len }}{{ \"é\" | trunc 1 | b64enc }}", "1ww=="), ("{{ squote \"a\" 1 nil }}", "'a' '1'"),
            ("{{ splitList \"\" \"aé\" }}", "[a é]"), ("{{ replace \"\" \"-\" \"ab\" }}", "-a-b-"),
            ("{{ plural \"one\" \"many\" 2 }}", "many"),
            ("{{ html \"<a&'>\" }} {{ urlquery \"a b&c\" }}", "&lt;a&amp;&#39;&gt; a+b%26c"),
            ("{{ b64dec \"!\" }}|{{ b64dec \"YQ==\" }}", "illegal base64 data at input byte 0|a"),
        ])
    func strings(template: String, output: String) { #expect(evaluate(template) == output) }

    @Test(
        "numbers",
        arguments: [
            ("{{ addf 0.1 0.2 }} {{ subf 1 0.9 }} {{ mulf 1.1 1.1 }} {{ divf 1 3 }}", "0.3 0.1 1.21 0.3333333333333333"),
            ("{{ round 123.555555 3 }} {{ round 1.5 0 }} {{ floor 1.9 }} {{ ceil 1.1 }}", "123.556 2 1 2"),
            ("{{ int \"1.00\" }} {{ int \"1.5\" }} {{ int \"010\" }} {{ int64 1e300 }}", "1 0 8 -9223372036854775808"),
            ("{{ mod 10 3 }} {{ div 10 3 }} {{ max 1 2 }} {{ minf 1.5 2 }}", "1 3 2 1.5"), ("{{ seq 2 }} {{ seq 0 2 4 }}", "1 2 0 2 4"),
            (
                "{{ printf \"%.2f|%6.2f|%-8s|%+d|%x|%q|%v|%t\" 1.005 2.5 \"ab\" 5 255 \"a\" nil true }}",
                "1.00|  2.50|ab      |+5|ff|\"a\"|<nil>|true"
            ),
            ("{{ printf \"%d %s\" 1 }} {{ printf \"%d\" 1 2 }} {{ printf \"%\" }}", "1 %!s(MISSING) 1%!(EXTRA int=2) %!(NOVERB)"),
        ])
    func numbers(template: String, output: String) { #expect(evaluate(template) == output) }

    @Test(
        "lists and maps",
        arguments: [
            ("{{ list 1 2 3 | rest }} {{ list 1 2 3 | initial }} {{ list 1 2 | reverse }}", "[2 3] [1 2] [2 1]"),
            ("{{ rest (list) | toJson }} {{ list 1 | rest | toJson }}", "null []"), ("{{ without (list 1 2 1) 1 }}", "[2]"),
            (
                "{{ merge (dict \"a\" 0 \"b\" (dict \"x\" 1)) (dict \"a\" 2 \"b\" (dict \"y\" 2)) | toJson }}",
                "{\"a\":2,\"b\":{\"x\":1,\"y\":2}}"
            ),
            ("{{ mergeOverwrite (dict \"l\" (list 1 2)) (dict \"l\" (list)) | toJson }}", "{\"l\":[]}"),
            ("{{ keys (dict \"b\" 1 \"a\" 2) }} {{ values (dict \"b\" 1 \"a\" 2) }}", "[a b] [2 1]"),
            ("{{ typeOf (keys (dict)) }} {{ typeOf (until 1) }} {{ kindOf (list) }} {{ typeOf nil }}", "[]string []int slice <nil>"),
            ("{{ deepEqual (list 1) (list 1) }} {{ has 1 (list 1 2) }} {{ has \"1\" (list 1) }}", "true true false"),
        ])
    func collections(template: String, output: String) { #expect(evaluate(template) == output) }

    @Test(
        "dates and spans",
        arguments: [
            ("{{ date \"2006-01-02 15:04:05 MST\" 0 }}", "1970-01-01 00:00:00 UTC"),
            ("{{ toDate \"2006-01-02T15:04:05Z07:00\" \"2024-03-10T01:02:03+02:00\" | unixEpoch }}", "1710025323"),
            ("{{ toDate \"2006-01-02\" \"nope\" }}", "0001-01-01 00:00:00 +0000 UTC"),
            ("{{ duration \"95\" }} {{ durationRound \"2h10m5s\" }}", "1m35s 2h"),
            ("{{ date \"Monday, _2 January 2006 3:04PM .000\" 90061 }}", "Friday,  2 January 1970 1:01AM .000"),
            ("{{ (toDate \"2006-01-02\" \"2024-02-29\").Year }}", "2024"),
            ("{{ durationSeconds \"1m30s\" }} {{ mustToDuration \"90s\" }} {{ durationRoundTo \"1h35m\" \"1h\" }}", "90 1m30s 2h0m0s"),
            ("{{ mustToDate \"2006-01-02\" \"2024-02-30\" }}", "day out of range"),
            ("{{ dateInZone \"15:04\" 0 \"Europe/Berlin\" }}", "time zone \"Europe/Berlin\" is not known here"),
        ])
    func dates(template: String, output: String) { #expect(evaluate(template).contains(output)) }

    @Test(
        "versions, paths and URLs",
        arguments: [
            ("{{ semverCompare \"^0.2.3\" \"0.2.9\" }}{{ semverCompare \"^0.2.3\" \"0.3.0\" }}", "truefalse"),
            (
                "{{ semverCompare \"~1.2.3\" \"1.2.9\" }}{{ semverCompare \"!=1.2\" \"1.3.0\" }}{{ semverCompare \">1.2\" \"1.2.9\" }}",
                "truetruefalse"
            ),
            ("{{ semverCompare \">=1.0\" \"1.1.0-rc1\" }}{{ semverCompare \">=1.0-0\" \"1.1.0-rc1\" }}", "falsetrue"),
            ("{{ semverCompare \">=1.2<2\" \"1.3.0\" }}", "improper constraint: \">=1.2<2\""),
            ("{{ (semver \"1.2.3\").IncMinor }} {{ typeOf (semver \"1.0\") }}", "1.3.0 *semver.Version"),
            ("{{ clean \"a/../../b\" }} {{ dir \"a\" }} {{ base \"\" }} {{ ext \"a.b/c\" }}", "../b . . "),
            (
                "{{ urlJoin (dict \"scheme\" \"https\" \"host\" \"h\" \"path\" \"/a b\" \"query\" \"x=1\" \"userinfo\" \"u:p\") }}",
                "https://u:p@h/a%20b?x=1"
            ),
        ])
    func others(template: String, output: String) { #expect(evaluate(template).contains(output)) }

    @Test(
        "regular expressions",
        arguments: [
            ("{{ regexReplaceAll \"(a+)b\" \"aab\" \"${1}c\" }}", "aac"), ("{{ regexFindAll \"z\" \"abc\" -1 | toJson }}", "null"),
            ("{{ regexSplit \",\" \"a,b\" -1 }}", "[a b]"),
            ("{{ regexFind \"[\" \"a\" }}", "regexp: Compile(`[`): error parsing regexp: missing closing ]: `[`"),
            ("{{ mustRegexMatch \"[\" \"a\" }}", "error calling mustRegexMatch: error parsing regexp"),
        ])
    func regularExpressions(template: String, output: String) { #expect(evaluate(template).contains(output)) }

    @Test("values have methods, which go before members")
    func valuesMethods() throws {
        var set = TemplateSet()
        let text =
            "{{ dig \"a\" \"b\" 0 .Values.AsMap }} {{ .Values.YAML }}{{ (.Values.Table \"a\").b }} {{ .Values.PathValue \"a.b\" }} {{ typeOf .Values }}"
        try set.add(name: "t", text: Array(text.utf8))
        let output = try TemplateRenderer(set).render("t", .map([("Values", Datum(values: ["a": ["b": 1]]))]))
        #expect(String(decoding: output, as: UTF8.self) == "1 a:\n  b: 1\n1 1 common.Values")
    }

    @Test("the host's environment and network are out of reach")
    func isolation() {
        #expect(evaluate("{{ env \"HOME\" }}").contains("function \"env\" not defined"))
        #expect(evaluate("{{ expandenv \"$HOME\" }}").contains("function \"expandenv\" not defined"))
        #expect(evaluate("{{ getHostByName \"localhost\" }}").contains("cannot ask the network"))
    }
}
