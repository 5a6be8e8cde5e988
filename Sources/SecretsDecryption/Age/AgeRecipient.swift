// SPDX-License-Identifier: Apache-2.0
import Crypto

/// The public half of an X25519 key, `age1…`: whom to encrypt for.
package struct AgeRecipient: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    let bytes: [UInt8]

    init(_ key: Curve25519.KeyAgreement.PublicKey) { bytes = Array(key.rawRepresentation) }

    /// - Throws: `invalidKey`, or `unsupported` for other kinds of age recipients.
    package init(parsing text: String) throws(SecretsError) {
        let text = text.trimmed
        guard text.utf8.count <= 8_192 else { throw SecretsError(.tooLarge, "a recipient has more than 8,192 characters") }
        if text.hasPrefix("ssh-") {
            throw SecretsError(.unsupported, "'\(SecretsError.shown(text.prefix(12)))…' is an SSH key; use an age key (age-keygen)")
        }
        if text.lowercased().hasPrefix("age-secret-key-") {
            throw SecretsError(.invalidKey, "a secret key was given where a recipient is expected; the recipient begins with 'age1'")
        }
        let prefix: String
        let data: [UInt8]
        do {
            (prefix, data) = try Bech32.decode(text)
        } catch {
            throw SecretsError(.invalidKey, "'\(SecretsError.shown(text))' is no age recipient: \(error.rawValue)")
        }
        guard prefix == "age" else {
            guard prefix.hasPrefix("age") else {
                throw SecretsError(.invalidKey, "'\(SecretsError.shown(text))' is no age recipient: those begin with 'age1'")
            }
            let kind =
                switch prefix {
                case "age1pq", "agepq": "a post-quantum recipient"
                case "age1tag", "age1tagpq": "a recipient of a hardware key"
                default: "a recipient of a plugin"
                }
            throw SecretsError(
                .unsupported, "'\(SecretsError.shown(text.prefix(16)))…' is \(kind); only X25519 ('age1…', from age-keygen) is supported")
        }
        guard data.count == 32, text.hasPrefix("age1") else {
            throw SecretsError(.invalidKey, "'\(SecretsError.shown(text))' is no age recipient: it must hold 32 bytes, in lower case")
        }
        bytes = data
    }

    /// `age1…`.
    package var description: String { Bech32.encode(prefix: "age", bytes) }
}

extension StringProtocol {
    /// Without blanks, tabs and line breaks at its ends.
    var trimmed: String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let bytes = Array(utf8)
        guard let start = bytes.firstIndex(where: { !isBlank($0) }), let end = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(decoding: bytes[start...end], as: UTF8.self)
    }
}
