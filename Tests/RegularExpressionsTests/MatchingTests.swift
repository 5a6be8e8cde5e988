// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import RegularExpressions

/// A pattern, a text, and what the leftmost match and its captures are: `0-3 1-2 -` in bytes, or `none`.
struct MatchCase: CustomTestStringConvertible {
    let pattern: String
    let text: String
    let expected: String

    init(_ pattern: String, _ text: String, _ expected: String) {
        self.pattern = pattern
        self.text = text
        self.expected = expected
    }

    var testDescription: String { "`\(pattern)` in \"\(text)\"" }
}

extension Match {
    /// The ranges as the tables write them.
    var summary: String { ranges.map { range in range.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "-" }.joined(separator: " ") }
}

extension RegularExpression {
    /// What one machine finds in `text`, and in how many steps.
    func run(_ machine: Search.Machine, _ bytes: [UInt8], slots: Bool = true) throws -> (found: Match?, isFound: Bool, steps: Int) {
        let program = try Program(Parser.parse(Array(pattern.utf8)), pattern: [])
        var search = Search(machine, longest: longest, slotCount: slots ? program.slotCount : 0)
        var positions: [Int] = []
        let isFound = bytes.withUnsafeBufferPointer { search.run(program, UTF8Text($0), from: 0, &positions) }
        return (isFound && slots ? Match(positions) : nil, isFound, search.steps)
    }
}

@Suite("Regular expressions: matching") struct MatchingTests {
    @Test("finds the leftmost match that is tried first", arguments: MatchCases.all)
    func first(_ row: MatchCase) throws {
        let expression = try RegularExpression(row.pattern)
        let match = expression.firstMatch(in: row.text)
        #expect(match?.summary ?? "none" == row.expected)
        #expect(expression.matches(row.text) == (row.expected != "none"))
        #expect(expression.matches(utf8: Array(row.text.utf8)) == (row.expected != "none"))
        for machine in [Search.Machine.backtracking, .threads] {
            let result = try expression.run(machine, Array(row.text.utf8))
            #expect(result.found == match, "\(machine)")
            #expect(try expression.run(machine, Array(row.text.utf8), slots: false).isFound == (match != nil), "\(machine)")
        }
    }

    @Test(
        "finds the longest of the leftmost matches when asked to",
        arguments: [
            MatchCase("a|ab", "ab", "0-2"),
            MatchCase("a|ab|abc", "xabcd", "1-4"),
            MatchCase("(a+)(b+)?", "aabb", "0-4 0-2 2-4"),
            MatchCase("a*?", "aaa", "0-3"),
            MatchCase("(a|ab)(c|bcd)", "abcd", "0-4 0-1 1-4"),
            MatchCase("x*", "aaxx", "0-0"),
            MatchCase("(?:foo|foobar)$", "foobar", "0-6"),
            MatchCase("b|ab|abc", "zabc", "1-4"),
        ])
    func longest(_ row: MatchCase) throws {
        let expression = try RegularExpression(row.pattern, longest: true)
        #expect(expression.firstMatch(in: row.text)?.summary ?? "none" == row.expected)
        for machine in [Search.Machine.backtracking, .threads] {
            #expect(try expression.run(machine, Array(row.text.utf8)).found?.summary ?? "none" == row.expected, "\(machine)")
        }
    }

    @Test(
        "reads each byte that is no UTF-8 as one replacement character",
        arguments: [
            (".", [0xFF], "0-1"),
            ("^.$", [0xE2, 0x82], "none"),
            ("^..$", [0xE2, 0x82], "0-2"),
            ("^.$", [0xE2, 0x82, 0xAC], "0-3"),
            ("\\x{FFFD}", [0x61, 0xC0, 0x61], "1-2"),
            ("[^a]", [0x61, 0x80], "1-2"),
            ("^.{3}$", [0xED, 0xA0, 0x80], "0-3"),
            ("^.{4}$", [0xF4, 0x90, 0x80, 0x80], "0-4"),
            ("^.$", [0xF4, 0x8F, 0xBF, 0xBF], "0-4"),
            ("^.{2}$", [0xC0, 0x80], "0-2"),
            ("^.{3}$", [0xE0, 0x9F, 0xBF], "0-3"),
            ("a", [0xFF, 0xE2, 0x61], "2-3"),
            ("\\w", [0xC3], "none"),
        ] as [(String, [UInt8], String)])
    func invalidUTF8(_ pattern: String, _ bytes: [UInt8], _ expected: String) throws {
        let expression = try RegularExpression(pattern)
        #expect(expression.firstMatch(inUTF8: bytes)?.summary ?? "none" == expected)
        #expect(expression.matches(utf8: bytes) == (expected != "none"))
        #expect(try expression.run(.threads, bytes).found?.summary ?? "none" == expected)
    }

    @Test("copies compare by pattern and by what longest says")
    func equality() throws {
        let expression = try RegularExpression("a+")
        #expect(try expression == RegularExpression("a+"))
        #expect(try expression != RegularExpression("a+", longest: true))
        #expect(try Set([expression, RegularExpression("a+"), RegularExpression("a*")]).count == 2)
    }

    @Test("captures have names")
    func names() throws {
        let expression = try RegularExpression("(?P<year>\\d{4})-(\\d\\d)-(?<day>\\d\\d)(?P<day>x)?")
        #expect(expression.subexpressionNames == [nil, "year", nil, "day", "day"])
        #expect(expression.subexpressionCount == 4)
        #expect(expression.subexpressionIndex("day") == 3)
        #expect(expression.subexpressionIndex("month") == nil)
        let match = try #require(expression.firstMatch(in: "on 2026-11-21."))
        #expect(match.text(of: "on 2026-11-21.") == "2026-11-21")
        #expect(match.text(1, of: "on 2026-11-21.") == "2026")
        #expect(match.text(4, of: "on 2026-11-21.") == nil)
        #expect(match[9] == nil)
    }
}
