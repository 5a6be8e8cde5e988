// SPDX-License-Identifier: Apache-2.0

/// `.helmignore`: which files of a folder are no part of the chart.
///
/// A pattern without `/` is held against the last part of a path alone, one that begins with `/` or has one against the whole path. The
/// first pattern that decides counts; one with `!` decides for everything that it does not match, as Helm has it.
struct IgnoreRules {
    private struct Rule {
        var pattern: [UnicodeScalar]
        var isNegated = false
        var isForFolders = false
        var isForWholePaths = false
    }

    private var rules: [Rule] = []

    /// Hidden files among templates are always ignored.
    private static let standing = "templates/.?*"

    init() throws(HelmFailure) { try add(Self.standing) }

    init(parsing text: String) throws(HelmFailure) {
        for line in text.split(whereSeparator: \.isNewline) { try add(line) }
        try add(Self.standing)
    }

    private mutating func add(_ line: some StringProtocol) throws(HelmFailure) {
        var scalars = Array(line.unicodeScalars)[...]
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        scalars = scalars.drop { $0.properties.isWhitespace || $0.value == 0xFEFF }
        guard let first = scalars.first, first != "#" else { return }
        let shown = String(String.UnicodeScalarView(scalars))
        guard !shown.contains("**") else { throw HelmFailure(.chart, ".helmignore: double-star (**) syntax is not supported") }
        guard ShellPattern.isValid(Array(scalars)) else { throw HelmFailure(.chart, ".helmignore: syntax error in pattern '\(shown)'") }
        var rule = Rule(pattern: [])
        if first == "!" {
            rule.isNegated = true
            scalars.removeFirst()
        }
        if scalars.last == "/" {
            rule.isForFolders = true
            scalars.removeLast()
        }
        if scalars.first == "/" {
            rule.isForWholePaths = true
            scalars.removeFirst()
        } else {
            rule.isForWholePaths = scalars.contains("/")
        }
        rule.pattern = Array(scalars)
        rules.append(rule)
    }

    func ignores(_ path: String, isFolder: Bool) -> Bool {
        let whole = Array(path.unicodeScalars)
        let base = Array(whole[(whole.lastIndex(of: "/").map { $0 + 1 } ?? 0)...])
        for rule in rules {
            let matches = ShellPattern.matches(rule.pattern, rule.isForWholePaths ? whole : base)
            if rule.isNegated {
                if (rule.isForFolders && !isFolder) || !matches { return true }
            } else if matches, isFolder || !rule.isForFolders {
                return true
            }
        }
        return false
    }
}

/// Shell patterns as Go's `filepath.Match` has them: `*` and `?` do not pass a `/`; `[a-z]`, `[^a]`, `\` before any character.
enum ShellPattern {
    static func isValid(_ pattern: [UnicodeScalar]) -> Bool {
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case "\\":
                guard index + 1 < pattern.count else { return false }
                index += 2
            case "[":
                guard let end = set(pattern, index, nil)?.end else { return false }
                index = end
            default: index += 1
            }
        }
        return true
    }

    static func matches(_ pattern: [UnicodeScalar], _ name: [UnicodeScalar]) -> Bool {
        var (place, at) = (0, 0)
        // Where to go on when the rest does not fit: one more character for the last star.
        var retry: (place: Int, at: Int)?
        while true {
            if place < pattern.count, pattern[place] == "*" {
                retry = (place + 1, at)
                place += 1
                continue
            }
            if at == name.count {
                if place == pattern.count { return true }
            } else if place < pattern.count, let next = step(pattern, place, name[at]) {
                place = next
                at += 1
                continue
            }
            guard let last = retry, last.at < name.count, name[last.at] != "/" else { return false }
            retry = (last.place, last.at + 1)
            (place, at) = (last.place, last.at + 1)
        }
    }

    /// The place behind the part of the pattern that matches the character; `nil` where it does not.
    private static func step(_ pattern: [UnicodeScalar], _ place: Int, _ character: UnicodeScalar) -> Int? {
        switch pattern[place] {
        case "?": character == "/" ? nil : place + 1
        case "[": set(pattern, place, character).flatMap { $0.contains && character != "/" ? $0.end : nil }
        case "\\" where place + 1 < pattern.count: pattern[place + 1] == character ? place + 2 : nil
        case let plain: plain == character ? place + 1 : nil
        }
    }

    private static func set(_ pattern: [UnicodeScalar], _ start: Int, _ character: UnicodeScalar?) -> (contains: Bool, end: Int)? {
        var index = start + 1
        let isNegated = index < pattern.count && pattern[index] == "^"
        if isNegated { index += 1 }
        var contains = false
        var ranges = 0
        func one() -> UnicodeScalar? {
            guard index < pattern.count, pattern[index] != "-", pattern[index] != "]" else { return nil }
            if pattern[index] == "\\" { index += 1 }
            guard index < pattern.count else { return nil }
            defer { index += 1 }
            return pattern[index]
        }
        while true {
            if index < pattern.count, pattern[index] == "]", ranges > 0 { break }
            guard let low = one() else { return nil }
            var high = low
            if index < pattern.count, pattern[index] == "-" {
                index += 1
                guard let end = one() else { return nil }
                high = end
            }
            if let character, low <= character, character <= high { contains = true }
            ranges += 1
        }
        return (contains != isNegated, index + 1)
    }
}
