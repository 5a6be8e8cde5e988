// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import RegularExpressions

@Suite("Regular expressions: all matches, replacing, splitting") struct ReplacingTests {
    @Test(
        "finds all matches without overlap",
        arguments: [
            ("a", "banana", "1-2,3-4,5-6"), ("", "abc", "0-0,1-1,2-2,3-3"), ("", "é", "0-0,2-2"), ("", "", "0-0"),
            ("a*", "baaab", "0-0,1-4,5-5"), ("a*", "aab", "0-2,3-3"), ("a*?", "aa", "0-0,1-1,2-2"), ("a|", "ab", "0-1,2-2"),
            ("b*", "abb", "0-0,1-3"), ("^", "aaa", "0-0"), ("^a", "aaa", "0-1"), ("(?m)^", "a\nb\n", "0-0,2-2,4-4"),
            ("$", "ab", "2-2"), ("(?m)$", "a\nb", "1-1,3-3"), ("\\b", "ab cd", "0-0,2-2,3-3,5-5"), ("\\B", "ab", "1-1"),
            ("(a)(b)?", "abaab", "0-2 0-1 1-2,2-3 2-3 -,3-5 3-4 4-5"), ("[^a]", "日a本", "0-3,4-7"), ("aa", "aaaaa", "0-2,2-4"),
            ("\\Aa", "aa", "0-1"), ("x", "abc", ""), ("(|a)*", "aa", "0-0 0-0,1-1 1-1,2-2 2-2"),
            ("(?:(?:^|;)x)", "x;xx", "0-1,1-3"),
        ])
    func all(_ pattern: String, _ text: String, _ expected: String) throws {
        let expression = try RegularExpression(pattern)
        let matches = expression.allMatches(in: text).map(\.summary)
        #expect(matches.joined(separator: ",") == expected)
        #expect(expression.allMatches(inUTF8: Array(text.utf8)).map(\.summary) == matches)
        #expect(expression.allMatches(in: text, limit: -1).map(\.summary) == matches)
        #expect(expression.allMatches(in: text, limit: 2).map(\.summary) == Array(matches.prefix(2)))
        #expect(expression.allMatches(in: text, limit: 0) == [])
    }

    @Test(
        "replaces with captures",
        arguments: [
            ("a", "banana", "o", "bonono"), ("", "abc", "-", "-a-b-c-"), ("", "", "-", "-"), ("", "éa", "-", "-é-a-"),
            ("a*", "baaac", "x", "xbxcx"), ("a+", "baaac", "x", "bxc"), ("b*", "abb", "-", "-a-"), ("^", "ab", "> ", "> ab"),
            ("(\\w+) (\\w+)", "hello world", "$2 $1", "world hello"), ("(\\w+)", "ab cd", "<$1>", "<ab> <cd>"),
            ("a(x*)b", "-ab-axxb-", "${1}W", "-W-xxW-"), ("a(x*)b", "-ab-axxb-", "$1W", "---"), ("a(x*)b", "-ab-axxb-", "$1", "--xx-"),
            ("a(?P<x>x*)b", "axxb", "$x", "xx"), ("a(?<x>x*)b", "axxb", "${x}${x}", "xxxx"), ("a", "a", "$$", "$"), ("a", "a", "$$1", "$1"),
            ("a", "a", "$", "$"), ("a", "a", "$-", "$-"), ("a", "a", "${", "${"), ("a", "a", "${1", "${1"), ("a", "a", "${}", "${}"),
            ("a", "a", "$0$0", "aa"), ("a", "a", "$9", ""), ("(a)", "a", "$01", ""), ("(a)", "a", "${1}0", "a0"), ("(a)", "a", "$10", ""),
            ("a", "a", "$$$0$", "$a$"), ("(?P<n>a)|(?P<n>b)", "ab", "[$n]", "[a][b]"), ("(a)|(b)", "ab", "[$1$2]", "[a][b]"),
            ("a", "a", "$\u{301}", "$\u{301}"), ("x", "abc", "$0", "abc"), ("(a)", "a", "$12345678901", ""),
            ("[aeiou]", "日a本e", "_", "日_本_"), (".", "日本", "$0.", "日.本."), ("(?m)^", "a\nb", "# ", "# a\n# b"),
        ])
    func replacing(_ pattern: String, _ text: String, _ template: String, _ expected: String) throws {
        #expect(try RegularExpression(pattern).replaceAll(in: text, with: template) == expected)
    }

    @Test("replaces literally, and by a function")
    func literal() throws {
        #expect(try RegularExpression("a(x*)b").replaceAllLiteral(in: "-ab-axxb-", with: "$1") == "-$1-$1-")
        #expect(try RegularExpression("[a-c]+").replaceAll(in: "xaby", by: { "<\($0.uppercased())>" }) == "x<AB>y")
    }

    @Test(
        "splits as Go does",
        arguments: [
            ("a", "banana", nil, ["b", "n", "n", ""]), ("a", "banana", 0, []), ("a", "banana", 1, ["banana"]),
            ("a", "banana", 2, ["b", "nana"]), ("a", "banana", -1, ["b", "n", "n", ""]), ("z+", "pizza", nil, ["pi", "a"]),
            ("", "abc", nil, ["a", "b", "c"]), ("", "", nil, []), ("a", "", nil, [""]), (",", "a,b,,c,", nil, ["a", "b", "", "c", ""]),
            (",", ",a", nil, ["", "a"]), ("a*", "abaabaccadaaae", 5, ["", "b", "b", "c", "cadaaae"]),
            ("\\s+", "a b\t c", nil, ["a", "b", "c"]),
            ("x", "abc", nil, ["abc"]), (",", "a,b,c", 10, ["a", "b", "c"]), ("é", "aébéc", nil, ["a", "b", "c"]),
        ] as [(String, String, Int?, [String])])
    func splitting(_ pattern: String, _ text: String, _ limit: Int?, _ expected: [String]) throws {
        #expect(try RegularExpression(pattern).split(text, limit: limit) == expected)
    }

    @Test(
        "quotes what has a meaning, and the result matches the text", arguments: ["", "abc", "a.b*c", "\\.+*?()|[]{}^$", "é-日_#/", "\\Q"])
    func quoting(_ text: String) throws {
        let quoted = RegularExpression.quote(text)
        #expect(try RegularExpression("^" + quoted + "$").matches(text))
        #expect(try RegularExpression(quoted).firstMatch(in: "x" + text)?.range == (text.isEmpty ? 0..<0 : 1..<1 + text.utf8.count))
    }

    @Test("quotes with backslashes only")
    func quotedText() { #expect(RegularExpression.quote("a.b[c]-{d}") == "a\\.b\\[c\\]-\\{d\\}") }
}
