// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests

/// The keys that seal the audit trail: whoever owns the database alone can compute hashes, but no seals.
///
/// The file has one key per line, 64 hexadecimal digits; empty lines and those that begin with `#` are passed over. The first key seals,
/// all of them verify: a new first line begins a new key, and the old one stays for as long as entries that it sealed are kept.
package struct AuditKeys: Sendable {
    private struct Key: Sendable {
        /// Says in a seal which key made it.
        let name: String
        let secret: SymmetricKey

        init(_ bytes: [UInt8]) {
            let given = SymmetricKey(data: bytes)
            func derive(_ purpose: String, _ count: Int) -> SymmetricKey {
                HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: given, info: Array("flotilla.dev/audit/v1 \(purpose)".utf8), outputByteCount: count)
            }
            name = derive("name", 4).withUnsafeBytes { KeyFolder.hex($0) }
            secret = derive("seal", 32)
        }
    }

    enum Failure: Error, Equatable, CustomStringConvertible {
        case noKey
        case tooManyKeys
        /// Counted from 1.
        case malformedLine(Int)

        var description: String {
            switch self {
            case .noKey: "holds no key; a key is a line of 64 hexadecimal digits"
            case .tooManyKeys: "holds more than \(AuditKeys.countMax) keys"
            case .malformedLine(let line): "line \(line): a key is 64 hexadecimal digits"
            }
        }
    }

    /// What a seal says of a hash.
    enum Verdict: Sendable, Equatable {
        case genuine
        case forged
        /// Made by a key that is not here.
        case unknownKey(String)
    }

    static let countMax = 64

    private let keys: [Key]
    private let first: Key

    /// Reads a file of keys; errors never have any of its text.
    init(parsing text: String) throws(Failure) {
        var keys: [Key] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.filter { !$0.isWhitespace }
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let digest = Manifests.Digest(hex: line.lowercased()) else { throw .malformedLine(index + 1) }
            keys.append(Key(digest.bytes))
        }
        guard let first = keys.first else { throw .noKey }
        guard keys.count <= Self.countMax else { throw .tooManyKeys }
        self.keys = keys
        self.first = first
    }

    /// A file with one new key.
    static func newFile(_ secret: [UInt8]) -> String {
        """
        # Seals Flotilla's audit trail. A new key goes on a line of its own above the others; keep those: they verify what they sealed.
        \(KeyFolder.hex(secret))

        """
    }

    /// The seal of an entry's hash.
    func seal(of hash: String) -> String { seal(Self.message(hash: hash)) }

    func check(_ seal: String, of hash: String) -> Verdict { check(seal, message: Self.message(hash: hash)) }

    /// The seal of an anchor; what it removed is covered by its export's digest.
    func seal(of anchor: AuditAnchor) -> String { seal(Self.message(anchor: anchor)) }

    func check(_ anchor: AuditAnchor) -> Verdict { check(anchor.seal, message: Self.message(anchor: anchor)) }

    private func seal(_ message: [UInt8]) -> String {
        "\(first.name).\(KeyFolder.hex(HMAC<SHA256>.authenticationCode(for: message, using: first.secret)))"
    }

    private func check(_ seal: String, message: [UInt8]) -> Verdict {
        let parts = seal.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let code = Manifests.Digest(hex: parts[1]) else { return .forged }
        guard let key = keys.first(where: { $0.name == parts[0] }) else { return .unknownKey(String(parts[0].prefix(16))) }
        return HMAC<SHA256>.isValidAuthenticationCode(code.bytes, authenticating: message, using: key.secret) ? .genuine : .forged
    }

    private static func message(hash: String) -> [UInt8] { Array("flotilla.dev/audit/v1\n\(hash)".utf8) }

    private static func message(anchor: AuditAnchor) -> [UInt8] {
        Array(
            "flotilla.dev/audit-anchor/v1\n\(anchor.first)\n\(anchor.sequence)\n\(anchor.hash)\n\(anchor.at.milliseconds)\n\(anchor.export)"
                .utf8)
    }
}
