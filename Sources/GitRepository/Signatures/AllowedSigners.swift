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

    private static let bytesMax = 1 << 20

    /// Parses the text of a file; `name` says in errors which one.
    ///
    /// Throws `GitError.invalid` that names the line which cannot be read: where `ssh-keygen` passes over one, a mistake would let nobody
    /// in and say nothing. `cert-authority` is refused, since certificates are not accepted here.
    package init(parsing text: String, name: String = "allowed signers") throws(GitError) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLarge(what: "\(name) in bytes", limit: Self.bytesMax) }
        var entries: [Entry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if let entry = try Self.entry(line, place: "\(name):\(index + 1)") { entries.append(entry) }
        }
        self.entries = entries
    }

    private static func entry(_ line: Substring, place: String) throws(GitError) -> Entry? {
        let words = try split(line, place: place) { $0 == " " || $0 == "\t" }
        guard let principals = words.first, !principals.hasPrefix("#") else { return nil }
        var options = Options()
        var key = SSHPublicKey(line: words.dropFirst().prefix(2).joined(separator: " "))
        if key == nil, words.count > 3 {
            key = SSHPublicKey(line: words[2...3].joined(separator: " "))
            for option in try split(words[1][...], place: place, at: { $0 == "," }) { try options.read(option, place: place) }
        }
        guard let key else {
            throw .invalid(what: place, reason: "expected principals, options, and a key such as 'ssh-ed25519 AAAA…'")
        }
        if let after = options.validAfter, let before = options.validBefore, after > before {
            throw .invalid(what: place, reason: "valid-after is later than valid-before")
        }
        return Entry(
            principals: list(unquoted(principals[...])), key: key, namespaces: options.namespaces, validAfter: options.validAfter,
            validBefore: options.validBefore)
    }

    private struct Options {
        var namespaces: [String]?
        var validAfter: Timestamp?
        var validBefore: Timestamp?

        mutating func read(_ option: String, place: String) throws(GitError) {
            let parts = option.split(separator: "=", maxSplits: 1)
            let name = parts.first?.lowercased() ?? ""
            func given(_ isGiven: Bool) throws(GitError) -> String {
                if isGiven { throw .invalid(what: place, reason: "'\(name)' is given twice") }
                let value = parts.count > 1 ? parts[1] : ""
                guard value.count > 2, value.hasPrefix("\""), value.hasSuffix("\""), !value.dropFirst().dropLast().contains("\"") else {
                    throw .invalid(what: place, reason: "expected \(name)=\"…\", in quotation marks")
                }
                return String(value.dropFirst().dropLast())
            }
            switch name {
            case "cert-authority":
                throw .invalid(what: place, reason: "certificates are not supported; list the signers' own keys instead")
            case "namespaces": namespaces = AllowedSigners.list(try given(namespaces != nil))
            case "valid-after": validAfter = try AllowedSigners.time(given(validAfter != nil), place: place)
            case "valid-before": validBefore = try AllowedSigners.time(given(validBefore != nil), place: place)
            default: throw .invalid(what: place, reason: "unknown option '\(option)'")
            }
        }
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

extension AllowedSigners {
    /// Judges a key that made a fitting signature in `namespace` at `time`, as stock Git does.
    ///
    /// Git asks `ssh-keygen -Y find-principals` first, which answers with the first line that has the key and is valid at the time; then
    /// `-Y verify` whether one of those principals may sign, on whichever line.
    func judge(_ key: SSHPublicKey, namespace: String, at time: Timestamp) -> SignatureVerdict {
        let lines = entries.filter { $0.key == key }
        guard let any = lines.first else { return .unknownKey(.ssh(key)) }
        let first = lines.first { $0.obstacle(at: time) == nil }
        var reason = any.obstacle(at: time) ?? "its principal is on no line with this key"
        for principal in first?.principals ?? [] {
            for line in lines where PatternList.matches(principal, line.principals) {
                if let obstacle = line.obstacle(at: time) ?? line.obstacle(namespace: namespace) {
                    reason = obstacle
                } else {
                    return .good(principals: line.principals, key: .ssh(key))
                }
            }
        }
        return .notAllowed(key: .ssh(key), reason: reason)
    }
}

extension AllowedSigners.Entry {
    // What stands against a signature by this line; `nil` for nothing.

    fileprivate func obstacle(namespace: String) -> String? {
        guard let namespaces, !PatternList.matches(namespace, namespaces) else { return nil }
        return "the key is not for namespace '\(namespace)'"
    }

    /// Both times are within.
    fileprivate func obstacle(at time: Timestamp) -> String? {
        if let validAfter, time < validAfter { return "the key is valid only after \(validAfter.rfc3339)" }
        if let validBefore, time > validBefore { return "the key was valid only before \(validBefore.rfc3339)" }
        return nil
    }
}
