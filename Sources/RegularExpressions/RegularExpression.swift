// SPDX-License-Identifier: Apache-2.0

/// A regular expression in RE2's syntax that matches as Go's `regexp` package does.
///
/// Texts are read as UTF-8, and every position is a byte offset. Matching takes time proportional to the size of the
/// compiled pattern times the length of the text, whatever the pattern: there are no look-around and no back references.
/// Patterns are bounded (64 KiB, 1,000 levels, 1,000 repetitions, 131,072 instructions), so both may come from outside.
package struct RegularExpression: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as it was given; bytes that are not UTF-8 never compile.
    package let pattern: String

    /// Whether the leftmost match is the longest one, instead of the one that a backtracking search finds first.
    package let longest: Bool

    private let program: Program

    /// Compiles `pattern`, as Go's `regexp.Compile`; with `longest`, as if `Longest` was called on the result.
    /// - Throws: an error that reads as Go's does.
    package init(_ pattern: String, longest: Bool = false) throws(RegularExpressionError) {
        try self.init(utf8: Array(pattern.utf8), longest: longest)
    }

    /// Compiles a pattern of bytes, which must be UTF-8 (`invalidUTF8` otherwise).
    package init(utf8 pattern: [UInt8], longest: Bool = false) throws(RegularExpressionError) {
        program = try Program(Parser.parse(pattern), pattern: pattern)
        self.pattern = String(decoding: pattern, as: UTF8.self)
        self.longest = longest
    }

    package var description: String { pattern }

    /// The names of the captures, the whole match first; nil for a capture without a name.
    package var subexpressionNames: [String?] { program.captureNames }

    /// How many captures the pattern has, the whole match not counted.
    package var subexpressionCount: Int { program.captureNames.count - 1 }

    /// The index of the first capture with this name.
    package func subexpressionIndex(_ name: String) -> Int? { program.captureNames.firstIndex(of: name) }

    package static func == (left: Self, right: Self) -> Bool { left.pattern == right.pattern && left.longest == right.longest }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(pattern)
        hasher.combine(longest)
    }

    /// A pattern that matches exactly `text`, as Go's `QuoteMeta`.
    package static func quote(_ text: String) -> String {
        let special = "\\.+*?()|[]{}^$".utf8
        var quoted: [UInt8] = []
        for byte in text.utf8 {
            if special.contains(byte) { quoted.append(UInt8(ascii: "\\")) }
            quoted.append(byte)
        }
        return String(decoding: quoted, as: UTF8.self)
    }
}

extension RegularExpression {
    /// Whether the pattern is found anywhere in `text`; anchor it to match the whole.
    package func matches(_ text: String) -> Bool { Self.withUTF8(text, matches) }

    /// Whether the pattern is found anywhere in `bytes`.
    package func matches(utf8 bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer { matches(UTF8Text($0)) } }

    private func matches(_ text: UTF8Text) -> Bool {
        if let answer = program.shape?.matches(text) { return answer }
        var search = Search()
        var slots: [Int] = []
        return search.run(program, text, from: 0, &slots)
    }

    /// The leftmost match, as Go's `FindStringSubmatchIndex`.
    package func firstMatch(in text: String) -> Match? { Self.withUTF8(text) { firstMatch($0, from: 0) } }

    /// The leftmost match in `bytes`.
    package func firstMatch(inUTF8 bytes: [UInt8]) -> Match? {
        bytes.withUnsafeBufferPointer { firstMatch(UTF8Text($0), from: 0) }
    }

    /// Matches that do not overlap, from left to right, as Go's `FindAllStringSubmatchIndex`.
    ///
    /// An empty match right behind the match before it is left out.
    /// - Parameter limit: the most matches; nil or a negative number for all.
    package func allMatches(in text: String, limit: Int? = nil) -> [Match] {
        Self.withUTF8(text) { allMatches($0, limit: limit) }
    }

    /// Matches that do not overlap in `bytes`; see `allMatches(in:limit:)`.
    package func allMatches(inUTF8 bytes: [UInt8], limit: Int? = nil) -> [Match] {
        bytes.withUnsafeBufferPointer { allMatches(UTF8Text($0), limit: limit) }
    }

    func firstMatch(_ text: UTF8Text, from start: Int) -> Match? {
        var search = Search(longest: longest, slotCount: program.slotCount)
        var slots: [Int] = []
        return search.run(program, text, from: start, &slots) ? Match(slots) : nil
    }

    private func allMatches(_ text: UTF8Text, limit: Int?) -> [Match] {
        let limit = limit.flatMap { $0 < 0 ? nil : $0 } ?? .max
        var matches: [Match] = []
        var position = 0
        var previousEnd = -1
        while matches.count < limit, position <= text.count, let match = firstMatch(text, from: position) {
            let range = match.range
            let isAccepted = range.upperBound != position || range.lowerBound != previousEnd
            if range.upperBound == position {
                position += position < text.count ? text.decode(at: position).width : 1
            } else {
                position = range.upperBound
            }
            previousEnd = range.upperBound
            if isAccepted { matches.append(match) }
        }
        return matches
    }

    static func withUTF8<Result>(_ text: String, _ body: (UTF8Text) -> Result) -> Result {
        var text = text
        return text.withUTF8 { body(UTF8Text($0)) }
    }
}
