// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import RegularExpressions

@Suite("Regular expressions: bounds") struct BoundsTests {
    @Test(
        "takes steps in proportion to program and text",
        arguments: [
            ("(a*)*b", "a"), ("(x+x+)+y", "x"), ("(a|aa)+$", "a"), ("^(([a-z])+.)+[A-Z]([a-z])+$", "a"), ("(a*)*(a*)*(a*)*b", "a"),
            ("(?:a?){30}a{30}b", "a"), ("a{1000}b", "a"), ("(?:a{20}){50}$", "a"), (".*.*.*=.*", "x"), ("(|a|b|ab)*c", "ab"),
            ("((a?)?)*?b", "a"), ("[^b]*[^c]*[^d]*e", "a"), ("(?i)(ſ|k)+x", "sk"), ("(\\b|a)*c", "a "),
        ])
    func linear(_ pattern: String, _ unit: String) throws {
        let text = Array(String(repeating: unit, count: 1500).utf8)
        let expression = try RegularExpression(pattern)
        let size = try Program(Parser.parse(Array(pattern.utf8)), pattern: []).instructions.count
        for machine in [Search.Machine.backtracking, .threads, .automatic] {
            let result = try expression.run(machine, text)
            // Each pair of instruction and position is reached once at most, and each waiting thread looked at once.
            #expect(result.steps <= 2 * size * (text.count + 1), "\(machine)")
            let short = try expression.run(machine, Array(text.prefix(500)))
            #expect(result.steps <= 4 * max(1, short.steps) + 4 * size * 1000, "\(machine)")
        }
    }

    @Test("looks no further than it must")
    func early() throws {
        let text = Array(String(repeating: "a", count: 100_000).utf8)
        for (pattern, most) in [("^b", 10), ("b", 10), ("^(a)(b)", 20), ("\\Aab|\\Aac", 30), ("(a)", 20), ("bc*d", 10)] {
            for machine in [Search.Machine.backtracking, .threads] {
                #expect(try RegularExpression(pattern).run(machine, text).steps <= most, "\(pattern) \(machine)")
            }
        }
    }

    @Test(
        "compares simple patterns instead of running them",
        arguments: [
            "nginx", "^nginx$", "^nginx", "nginx$", ".*", "^.*$", "^(?:.*)$", "web|api", "^(?:web|api)$", "^(web|api)-.*$", "", "^$",
            "^(?:a|b)(?:c|)d$", "(?s)^a.*", "web-(a|b|c)-.*",
        ])
    func shapes(_ pattern: String) throws {
        let program = try Program(Parser.parse(Array(pattern.utf8)), pattern: [])
        let shape = try #require(program.shape)
        for text in ["", "nginx", "my-nginx-1", "web", "api", "web-1", "web-b-", "ad", "bcd", "a\nb", "é"] {
            let answer = Array(text.utf8).withUnsafeBufferPointer { shape.matches(UTF8Text($0)) }
            let expected = try RegularExpression(pattern).run(.threads, Array(text.utf8), slots: false).isFound
            #expect(answer == expected || (answer == nil && text.contains("\n")), "\(text)")
            #expect(try RegularExpression(pattern).matches(text) == expected, "\(text)")
        }
    }

    @Test(
        "leaves patterns that are more than comparisons to the program", arguments: ["a+", "[ab]", "^a.b$", "a^b", "\\ba", "x|^y", "a.*b"])
    func noShape(_ pattern: String) throws {
        #expect(try Program(Parser.parse(Array(pattern.utf8)), pattern: []).shape == nil)
    }

    @Test(
        "knows the Unicode names",
        arguments: [
            ("Lu", 0x41), ("Lt", 0x1C5), ("Cs", 0xD800), ("Co", 0x10_FFFD), ("Han", 0x4E00), ("Nl", 0x2160), ("Old_Italic", 0x10300),
        ])
    func names(_ name: String, _ member: UInt32) throws {
        let set = try #require(NamedSets.unicode(name))
        #expect(set.contains(member))
        #expect(!set.inverted.contains(member))
        #expect(!set.contains(0x20))
    }

    @Test("every code point is in one category at most, and sets invert exactly")
    func categories() throws {
        let letters = try #require(NamedSets.unicode("L"))
        let parts = try ["Lu", "Ll", "Lt", "Lm", "Lo"].map { try #require(NamedSets.unicode($0)) }
        #expect(ScalarSet(parts.flatMap(\.ranges)) == letters)
        #expect(parts.reduce(0) { $0 + $1.ranges.reduce(0) { $0 + $1.count } } == letters.ranges.reduce(0) { $0 + $1.count })
        #expect(letters.inverted.inverted == letters)
        #expect(ScalarSet.all.inverted.ranges == [])
    }

    @Test("cases fold in circles")
    func folding() {
        for scalar in UInt32(0)...0x1_FFFF {
            let orbit = CaseFolding.orbit(of: scalar)
            #expect(orbit.contains(scalar) && orbit.allSatisfy { CaseFolding.orbit(of: $0) == orbit })
        }
        #expect(CaseFolding.orbit(of: 0x6B) == [0x4B, 0x6B, 0x212A])
        #expect(CaseFolding.orbit(of: 0x69) == [0x49, 0x69])
    }
}
