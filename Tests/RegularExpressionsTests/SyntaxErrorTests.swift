// SPDX-License-Identifier: Apache-2.0
import RegularExpressions
import Testing

@Suite("Regular expressions: errors") struct SyntaxErrorTests {
    @Test(
        "says what Go says about a wrong pattern",
        arguments: [
            ("(a", "missing closing ): `(a`"), ("a(b|c", "missing closing ): `a(b|c`"), ("(?:a", "missing closing ): `(?:a`"),
            ("(?i)(?s:a", "missing closing ): `(?i)(?s:a`"), ("a)", "unexpected ): `a)`"), (")", "unexpected ): `)`"),
            ("(a))b", "unexpected ): `(a))b`"), ("[a", "missing closing ]: `[a`"), ("x[a-", "missing closing ]: `[a-`"),
            ("[]", "missing closing ]: `[]`"), ("[^]", "missing closing ]: `[^]`"), ("[a\\]", "missing closing ]: `[a\\]`"),
            ("*", "missing argument to repetition operator: `*`"), ("+a", "missing argument to repetition operator: `+`"),
            ("a|*", "missing argument to repetition operator: `*`"), ("(*)", "missing argument to repetition operator: `*`"),
            ("(?i)*", "missing argument to repetition operator: `*`"), ("??", "missing argument to repetition operator: `??`"),
            ("{2}", "missing argument to repetition operator: `{2}`"), ("\\Q\\E*", "missing argument to repetition operator: `*`"),
            ("a**", "invalid nested repetition operator: `**`"), ("a*+", "invalid nested repetition operator: `*+`"),
            ("a*??", "invalid nested repetition operator: `*??`"), ("a***", "invalid nested repetition operator: `**`"),
            ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"), ("x{2}*", "invalid nested repetition operator: `{2}*`"),
            ("a+?{2}b", "invalid nested repetition operator: `+?{2}`"), ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{2,1}", "invalid repeat count: `{2,1}`"), ("a{0,1001}", "invalid repeat count: `{0,1001}`"),
            ("a{1001,}", "invalid repeat count: `{1001,}`"), ("a{99999999999}", "invalid repeat count: `{99999999999}`"),
            ("a{1,99999999999999999999}", "invalid repeat count: `{1,99999999999999999999}`"),
            ("(?:a{100}){100}", "invalid repeat count: `{100}`"), ("((a{10}){10}){11}", "invalid repeat count: `{11}`"),
            ("(?:(?:x{2}y){501})", "invalid repeat count: `{501}`"), ("((a{100})*){11}?", "invalid repeat count: `{11}?`"),
            ("\\", "trailing backslash at end of expression: ``"), ("a\\", "trailing backslash at end of expression: ``"),
            ("[\\", "trailing backslash at end of expression: ``"), ("\\8", "invalid escape sequence: `\\8`"),
            ("\\1", "invalid escape sequence: `\\1`"), ("(a)\\1", "invalid escape sequence: `\\1`"),
            ("\\18", "invalid escape sequence: `\\1`"), ("\\xZq", "invalid escape sequence: `\\xZq`"),
            ("\\x1", "invalid escape sequence: `\\x1`"), ("\\x", "invalid escape sequence: `\\x`"),
            ("\\x{110000}", "invalid escape sequence: `\\x{110000`"), ("\\x{}", "invalid escape sequence: `\\x{}`"),
            ("\\x{1g}", "invalid escape sequence: `\\x{1g`"), ("\\x{12", "invalid escape sequence: `\\x{12`"),
            ("\\C", "invalid escape sequence: `\\C`"), ("a\\Z", "invalid escape sequence: `\\Z`"),
            ("\\e", "invalid escape sequence: `\\e`"), ("\\g1", "invalid escape sequence: `\\g`"),
            ("\\k<a>", "invalid escape sequence: `\\k`"), ("\\é", "invalid escape sequence: `\\é`"),
            ("[\\b]", "invalid escape sequence: `\\b`"), ("[a-\\d]", "invalid escape sequence: `\\d`"),
            ("\\R", "invalid escape sequence: `\\R`"), ("\\h", "invalid escape sequence: `\\h`"),
            ("\\K", "invalid escape sequence: `\\K`"), ("\\u0041", "invalid escape sequence: `\\u`"),
            ("[z-a]", "invalid character class range: `z-a`"), ("[a-z-Z-A]", "invalid character class range: `Z-A`"),
            ("[\\x62-\\x61]", "invalid character class range: `\\x62-\\x61`"),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`"), ("[[:^foo:]]", "invalid character class range: `[:^foo:]`"),
            ("[[::]]", "invalid character class range: `[::]`"), ("\\pX", "invalid character class range: `\\pX`"),
            ("\\p", "invalid character class range: `\\p`"), ("\\p{Foo}", "invalid character class range: `\\p{Foo}`"),
            ("\\p{Foo)", "invalid character class range: `\\p{Foo)`"), ("[\\P{^X}]", "invalid character class range: `\\P{^X}`"),
            ("\\p{greek}", "invalid character class range: `\\p{greek}`"), ("\\p{}", "invalid character class range: `\\p{}`"),
            ("\\p{Cn}", "invalid character class range: `\\p{Cn}`"), ("\\p{LC}", "invalid character class range: `\\p{LC}`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"), ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
            ("(?z)", "invalid or unsupported Perl syntax: `(?z`"), ("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`"),
            ("(?i-s-m:a)", "invalid or unsupported Perl syntax: `(?i-s-`"), ("(?#a)", "invalid or unsupported Perl syntax: `(?#`"),
            ("(?>a)", "invalid or unsupported Perl syntax: `(?>`"), ("(?|a)", "invalid or unsupported Perl syntax: `(?|`"),
            ("(?P=a)", "invalid or unsupported Perl syntax: `(?P`"), ("(?x) a", "invalid or unsupported Perl syntax: `(?x`"),
            ("(?1)", "invalid or unsupported Perl syntax: `(?1`"), ("(?<=a)b", "invalid named capture: `(?<=a)b`"),
            ("(?<!a)b", "invalid named capture: `(?<!a)b`"), ("(?P<n", "invalid named capture: `(?P<n`"),
            ("(?<a b>c)", "invalid named capture: `(?<a b>`"), ("(?P<>a)", "invalid named capture: `(?P<>`"),
            ("(?P<é>a)", "invalid named capture: `(?P<é>`"), ("(?<n-1>a)", "invalid named capture: `(?<n-1>`"),
            ("(?<n>a", "missing closing ): `(?<n>a`"),
        ])
    func wording(_ pattern: String, _ message: String) throws {
        let error = #expect(throws: RegularExpressionError.self) { () throws in try RegularExpression(pattern) }
        #expect(error?.description == "error parsing regexp: \(message)")
    }

    @Test("refuses patterns that are no UTF-8, and names the place")
    func invalidUTF8() {
        for (pattern, rest) in [([0x61, 0xFF, 0x62], [0xFF, 0x62]), ([0x5B, 0xC3, 0x5D], [0xC3, 0x5D])] as [([UInt8], [UInt8])] {
            let error = #expect(throws: RegularExpressionError.self) { () throws in try RegularExpression(utf8: pattern) }
            #expect(error == RegularExpressionError(.invalidUTF8, String(decoding: rest, as: UTF8.self)))
        }
    }

    @Test("allows nesting up to a depth of 1,000")
    func depth() throws {
        func nested(_ depth: Int, _ open: String = "(", _ close: String = ")") -> String {
            String(repeating: open, count: depth) + "a" + String(repeating: close, count: depth)
        }
        let deepest = try RegularExpression(nested(999))
        #expect(deepest.firstMatch(in: "ba")?.ranges.count == 1000)
        #expect(throws: RegularExpressionError(.nestingDepth, nested(1000))) { () throws in try RegularExpression(nested(1000)) }
        // Groups without capture leave nothing behind that could be deep.
        #expect(try RegularExpression(nested(10_000, "(?:")).matches("a"))
        let stars = nested(1000, "(?:", ")*")
        #expect(throws: RegularExpressionError(.nestingDepth, stars)) { () throws in try RegularExpression(stars) }
    }

    @Test(
        "refuses what would compile to too much, with only its beginning",
        arguments: [
            String(repeating: "(?:[a-z]x){1000}", count: 100), String(repeating: "a", count: 65_537),
            String(repeating: "(a)", count: 2000),
        ])
    func size(_ pattern: String) {
        let error = #expect(throws: RegularExpressionError.self) { () throws in try RegularExpression(pattern) }
        #expect(error?.code == .tooLarge)
        #expect(error?.offendingText == pattern.prefix(64) + "…")
    }

    @Test("repeats up to 1,000 times")
    func repeats() throws {
        #expect(try RegularExpression("^(?:(?:a{10}){10}){10}$").matches(String(repeating: "a", count: 1000)))
        #expect(try RegularExpression("^a{0,1000}$").matches(String(repeating: "a", count: 1001)) == false)
        #expect(try RegularExpression("^(?:(?:a{500}){0}){1000}$").matches(""))
    }
}
