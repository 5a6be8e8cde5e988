// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import RegularExpressions

#if canImport(Glibc)
    import Glibc
#endif

/// Random numbers from a seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// `FLOTILLA_SEED=n` replays one run.
private enum Seed {
    static let current: UInt64 = getenv("FLOTILLA_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 0...999_999)

    static func replay(_ test: String) -> String { "replay: FLOTILLA_SEED=\(current) swift test --filter RandomTests/\(test)" }
}

@Suite("Regular expressions: random") struct RandomTests {
    private static let atoms = [
        "a", "b", "c", "é", ".", "[ab]", "[^a]", "^", "$", "\\b", "\\B", "(?m:^)", "(?m:$)", "\\w", "(?i:k)", "ab", "", "\\x{FFFD}",
        "(?s:.)",
    ]

    static func pattern(_ depth: Int, _ random: inout SeededGenerator) -> String {
        guard depth > 0, Int.random(in: 0..<8, using: &random) > 0 else { return atoms.randomElement(using: &random) ?? "a" }
        let inner = pattern(depth - 1, &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return "(\(inner))"
        case 1: return "(?:\(inner))*"
        case 2: return "(\(inner))*?"
        case 3: return "(?:\(inner))+\(Bool.random(using: &random) ? "?" : "")"
        case 4: return "(\(inner))?\(Bool.random(using: &random) ? "?" : "")"
        case 5: return "(?:\(inner)){\(Int.random(in: 0...2, using: &random)),\(Int.random(in: 2...3, using: &random))}"
        case 6: return "(?:\(inner)|\(pattern(depth - 1, &random)))"
        case 7: return "(\(inner)|\(pattern(depth - 1, &random)))*"
        default: return inner + pattern(depth - 1, &random)
        }
    }

    static func text(_ random: inout SeededGenerator) -> [UInt8] {
        let pieces: [[UInt8]] = [
            [0x61], [0x61], [0x62], [0x63], [0xC3, 0xA9], [0x0A], [0x20], [0xFF], [0xC3], [0x4B], [0xE2, 0x84, 0xAA],
        ]
        return (0..<Int.random(in: 0...12, using: &random)).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
    }

    @Test("both machines find the same, whatever the pattern")
    func machinesAgree() throws {
        var random = SeededGenerator(seed: Seed.current)
        for _ in 0..<2000 {
            let pattern = Self.pattern(5, &random)
            guard let expression = try? RegularExpression(pattern, longest: Bool.random(using: &random)) else { continue }
            for _ in 0..<3 {
                let text = Self.text(&random)
                let one = try expression.run(.backtracking, text)
                let other = try expression.run(.threads, text)
                let name = "`\(pattern)` in \(text), longest \(expression.longest), \(Seed.replay("machinesAgree"))"
                try #require(one.found == other.found, "\(name)")
                try #require(expression.firstMatch(inUTF8: text) == one.found, "\(name)")
                try #require(expression.matches(utf8: text) == one.isFound, "\(name)")
                try #require(try expression.run(.threads, text, slots: false).isFound == one.isFound, "\(name)")
            }
        }
    }

    @Test("no bytes crash the parser, and what compiles can be run")
    func fuzz() throws {
        var random = SeededGenerator(seed: Seed.current)
        let alphabet = Array("()[]{}|*+?^$.\\-:,<>=!P?i?mU0123pLQEdxAzb&aé\u{10FFFF} ".utf8) + [0xFF, 0xC3, 0x00]
        var compiled = 0
        for round in 0..<12_000 {
            let length = Int.random(in: 0...(round % 10 == 0 ? 60 : 12), using: &random)
            let pattern = (0..<length).map { _ in
                round % 3 == 0 ? UInt8.random(in: 0...255, using: &random) : alphabet.randomElement(using: &random) ?? 0
            }
            guard let expression = try? RegularExpression(utf8: pattern) else { continue }
            compiled += 1
            let text = Self.text(&random)
            for match in expression.allMatches(inUTF8: text, limit: 5) { #expect(match.range.upperBound <= text.count) }
            _ = expression.replaceAll(in: String(decoding: text, as: UTF8.self), with: "$1${a}")
        }
        #expect(compiled > 500, "\(Seed.replay("fuzz"))")
    }

    @Test("changing a real pattern at random crashes nothing")
    func mutations() throws {
        var random = SeededGenerator(seed: Seed.current)
        for row in MatchCases.all {
            for _ in 0..<6 {
                var pattern = Array(row.pattern.utf8)
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let place = Int.random(in: 0...pattern.count, using: &random)
                    if Bool.random(using: &random), place < pattern.count {
                        pattern.remove(at: place)
                    } else {
                        pattern.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: place)
                    }
                }
                guard let expression = try? RegularExpression(utf8: pattern) else { continue }
                #expect(expression.matches(row.text) == (expression.firstMatch(in: row.text) != nil), "\(Seed.replay("mutations"))")
            }
        }
    }
}
