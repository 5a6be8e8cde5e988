// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// The ssh hosts that may be spoken to, each with its keys: lines of OpenSSH's known_hosts format (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
package struct KnownHosts: Sendable, Hashable {
    /// One line.
    struct Line: Sendable, Hashable {
        enum Names: Sendable, Hashable {
            /// Names or patterns with `*`, `?` and a leading `!`, in lower case.
            case patterns([String])
            /// `|1|salt|hash`: one name, which the file's reader cannot see.
            case hashed(salt: [UInt8], hash: [UInt8])
        }

        let number: Int
        let names: Names
        let key: SSHPublicKey
        let isRevoked: Bool
    }

    /// What a host's key is worth.
    enum Verdict: Hashable {
        case known
        /// No line for this host; `otherTypes` are those of keys that it is known by.
        case unknown(otherTypes: [String])
        /// The host is known with another key of the same type.
        case changed(line: Int)
        case revoked(line: Int)
    }

    private static let bytesMax = 1 << 20

    let lines: [Line]
    private let name: String

    /// No host at all.
    package init() {
        lines = []
        name = "known hosts"
    }

    /// Parses the text of a file; `name` says in errors which one.
    ///
    /// Throws `GitError.invalid` that names the line which cannot be read: a line that was meant to protect must not be passed over.
    package init(parsing text: String, name: String = "known hosts") throws(GitError) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLarge(what: "\(name) in bytes", limit: Self.bytesMax) }
        var lines: [Line] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if let line = try Self.line(line, number: index + 1, place: "\(name):\(index + 1)") { lines.append(line) }
        }
        self.lines = lines
        self.name = name
    }

    package var isEmpty: Bool { lines.isEmpty }

    private static func line(_ text: Substring, number: Int, place: String) throws(GitError) -> Line? {
        var words = text.split { $0 == " " || $0 == "\t" }[...]
        guard let first = words.first, !first.hasPrefix("#") else { return nil }
        var isRevoked = false
        if first.hasPrefix("@") {
            switch first {
            case "@revoked": isRevoked = true
            case "@cert-authority":
                throw .invalid(what: place, reason: "host certificates are not supported; list the host's own keys instead")
            default: throw .invalid(what: place, reason: "unknown marker '\(first)'")
            }
            words = words.dropFirst()
        }
        guard words.count >= 3, let names = words.first, let key = SSHPublicKey(line: words.dropFirst().prefix(2).joined(separator: " "))
        else { throw .invalid(what: place, reason: "expected names and a key, such as 'git.example.com ssh-ed25519 AAAA…'") }
        guard names.hasPrefix("|") else {
            let patterns = names.split(separator: ",").map { $0.lowercased() }
            guard !patterns.isEmpty else { throw .invalid(what: place, reason: "names no host") }
            return Line(number: number, names: .patterns(patterns), key: key, isRevoked: isRevoked)
        }
        let parts = names.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[1] == "1", let salt = Base64.decode(parts[2]), let hash = Base64.decode(parts[3]),
            salt.count == Insecure.SHA1.byteCount, hash.count == Insecure.SHA1.byteCount
        else { throw .invalid(what: place, reason: "the hashed name is not of the form |1|salt|hash") }
        return Line(number: number, names: .hashed(salt: salt, hash: hash), key: key, isRevoked: isRevoked)
    }

    /// How a host is named: `host`, or `[host]:port` for another port than ssh's own.
    static func name(host: String, port: Int) -> String {
        port == SSHLocation.defaultPort ? host.lowercased() : "[\(host.lowercased())]:\(port)"
    }

    /// The types of the keys that the host may show, in the order of the lines.
    func types(host: String, port: Int) -> [String] {
        var types: [String] = []
        for line in applying(host: host, port: port) where !line.isRevoked && !types.contains(line.key.type) { types.append(line.key.type) }
        return types
    }

    /// Judges the key that a host shows.
    func judge(host: String, port: Int, key: SSHPublicKey) -> Verdict {
        let lines = applying(host: host, port: port)
        if let revoked = lines.first(where: { $0.isRevoked && $0.key == key }) { return .revoked(line: revoked.number) }
        let trusted = lines.filter { !$0.isRevoked }
        if trusted.contains(where: { $0.key == key }) { return .known }
        if let other = trusted.first(where: { $0.key.type == key.type }) { return .changed(line: other.number) }
        return .unknown(otherTypes: types(host: host, port: port))
    }

    /// The lines that speak of a host. Those for its port count; only where there is none, those for ssh's own port do, as OpenSSH has it.
    private func applying(host: String, port: Int) -> [Line] {
        let exact = lines.filter { $0.names.include(Self.name(host: host, port: port)) }
        guard port != SSHLocation.defaultPort else { return exact }
        let plain = lines.filter { $0.names.include(Self.name(host: host, port: SSHLocation.defaultPort)) }
        guard exact.contains(where: { !$0.isRevoked }) else { return exact + plain }
        return exact + plain.filter(\.isRevoked)
    }

    /// Why `key` is refused, and what to do; `nil` for a known one.
    func refusal(host: String, port: Int, key: SSHPublicKey) -> String? {
        let host = host.lowercased()
        let shown = "\(Self.name(host: host, port: port)) shows a key of type \(key.type) with the fingerprint \(key.fingerprint)"
        let scan = "`ssh-keyscan\(port == SSHLocation.defaultPort ? "" : " -p \(port)") \(host)`"
        let check = "Compare the fingerprint with the one that the host's operators publish"
        switch judge(host: host, port: port, key: key) {
        case .known: return nil
        case .unknown(let types):
            let others = types.isEmpty ? "" : " (known there: \(types.joined(separator: ", ")))"
            return "\(shown), which is not among the known hosts\(others). \(check); if it is the same, add the host's line from \(scan)"
        case .changed(let line):
            return
                "\(shown), but \(name):\(line) has another one: the host has a new key, or somebody stands between. \(check); only if it "
                + "is the same, replace the line by the one from \(scan)"
        case .revoked(let line): return "\(shown), which \(name):\(line) revokes"
        }
    }
}

extension KnownHosts.Line.Names {
    /// Whether the line speaks of the host with this name, which is in lower case.
    func include(_ name: String) -> Bool {
        switch self {
        case .patterns(let patterns): PatternList.matches(name, patterns)
        case .hashed(let salt, let hash):
            Array(HMAC<Insecure.SHA1>.authenticationCode(for: Array(name.utf8), using: SymmetricKey(data: salt))) == hash
        }
    }
}
