// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// An allowed-signers file: who may sign, with which key, for what and when (ssh-keygen(1), "ALLOWED SIGNERS").
package struct AllowedSigners: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        /// Names or patterns with `*`, `?` and a leading `!`.
        package let principals: [String]
        package let key: SSHPublicKey
        /// Patterns of namespaces; `nil` allows every one.
        package let namespaces: [String]?
        package let validAfter: Timestamp?
        package let validBefore: Timestamp?
    }

    package let entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }

    /// Parses the text of a file. Certificate authorities are left out: certificates are not accepted here.
    ///
    /// Throws `GitError.invalid` that names the line.
    package init(parsing text: String, name: String = "allowed signers") throws(GitError) {
        var entries: [Entry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if let entry = try Self.entry(line, place: "\(name):\(index + 1)") { entries.append(entry) }
        }
        self.entries = entries
    }

    private static func entry(_ line: Substring, place: String) throws(GitError) -> Entry? {
        let words = try split(line, place: place) { $0 == " " || $0 == "\t" }
        guard let principals = words.first, !principals.hasPrefix("#") else { return nil }
        var namespaces: [String]?
        var validAfter: Timestamp?
        var validBefore: Timestamp?
        var authority = false
        var key = SSHPublicKey(line: words.dropFirst().prefix(2).joined(separator: " "))
        if key == nil, words.count > 3 {
            key = SSHPublicKey(line: words[2...3].joined(separator: " "))
            for option in try split(words[1][...], place: place, at: { $0 == "," }) {
                let parts = option.split(separator: "=", maxSplits: 1).map { unquoted($0) }
                switch (parts[0].lowercased(), parts.count > 1 ? parts[1] : nil) {
                case ("cert-authority", nil): authority = true
                case ("namespaces", let value?): namespaces = list(value)
                case ("valid-after", let value?): validAfter = try time(value, place: place)
                case ("valid-before", let value?): validBefore = try time(value, place: place)
                default: throw .invalid(what: place, reason: "unknown option '\(option)'")
                }
            }
        }
        guard let key else {
            throw .invalid(what: place, reason: "expected principals, options, and a key such as 'ssh-ed25519 AAAA…'")
        }
        if authority { return nil }
        return Entry(
            principals: list(unquoted(principals[...])), key: key, namespaces: namespaces, validAfter: validAfter,
            validBefore: validBefore)
    }

    /// Splits outside double quotes, which stay.
    private static func split(
        _ text: Substring, place: String, at isSeparator: (Character) -> Bool
    ) throws(GitError) -> [String] {
        var words: [String] = []
        var word = ""
        var quoted = false
        for character in text {
            if character == "\"" { quoted.toggle() }
            if isSeparator(character) && !quoted {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        guard !quoted else { throw .invalid(what: place, reason: "a quotation mark is not closed") }
        if !word.isEmpty { words.append(word) }
        return words
    }

    private static func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

    private static func unquoted(_ text: Substring) -> String { String(text.filter { $0 != "\"" }) }

    /// `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, with `Z` or without: taken as UTC either way, so that every machine decides alike.
    private static func time(_ text: String, place: String) throws(GitError) -> Timestamp {
        let digits = Array((text.hasSuffix("Z") || text.hasSuffix("z") ? text.dropLast() : text[...]).utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        if [8, 12, 14].contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) {
            let seconds = digits.count == 14 ? part(12..<14) : "00"
            let clock = digits.count == 8 ? "00:00:00" : "\(part(8..<10)):\(part(10..<12)):\(seconds)"
            if let time = Timestamp(rfc3339: "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(clock)Z") { return time }
        }
        throw .invalid(what: place, reason: "'\(text)' is no time such as 20260504 or 202605041011Z")
    }
}
