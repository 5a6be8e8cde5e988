// SPDX-License-Identifier: Apache-2.0

/// OpenSSH's lists of patterns with `*`, `?` and a leading `!` (ssh_config(5), "PATTERNS").
enum PatternList {
    /// Whether some pattern matches and no negated one does: a negated match refuses whatever else matches.
    static func matches(_ text: String, _ patterns: [String]) -> Bool {
        let text = Array(text.utf8)
        var matched = false
        for pattern in patterns {
            if pattern.hasPrefix("!") {
                if matches(text, Array(pattern.utf8.dropFirst())) { return false }
            } else if matches(text, Array(pattern.utf8)) {
                matched = true
            }
        }
        return matched
    }

    /// Matches `*` and `?` without backtracking further than the last `*`.
    private static func matches(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
        var textIndex = 0
        var patternIndex = 0
        var star: (pattern: Int, text: Int)?
        while textIndex < text.count {
            if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
                patternIndex += 1
                star = (patternIndex, textIndex)
            } else if patternIndex < pattern.count,
                pattern[patternIndex] == UInt8(ascii: "?") || pattern[patternIndex] == text[textIndex]
            {
                patternIndex += 1
                textIndex += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                patternIndex = last.pattern
                textIndex = last.text + 1
            } else {
                return false
            }
        }
        return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
