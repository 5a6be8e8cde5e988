// SPDX-License-Identifier: Apache-2.0
import Crypto
package import Manifests

/// The secret half of an X25519 key, `AGE-SECRET-KEY-1…`; its descriptions show only the recipient.
package struct AgeIdentity: Sendable {
    let key: Curve25519.KeyAgreement.PrivateKey
    package let recipient: AgeRecipient

    private init(bytes: [UInt8]) throws(SecretsError) {
        do {
            key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
        } catch {
            throw SecretsError(.invalidKey, "a secret key of age must hold 32 bytes")
        }
        recipient = AgeRecipient(key.publicKey)
    }

    /// A new key.
    /// - Parameter random: must be fit for secrets, as `SystemRandomNumberGenerator` is.
    package static func generate(using random: inout some RandomNumberGenerator) throws(SecretsError) -> AgeIdentity {
        try AgeIdentity(bytes: .random(32, using: &random))
    }

    /// - Throws: `invalidKey`, or `unsupported` for other kinds of age identities; never with any of the text.
    package init(parsing text: String) throws(SecretsError) {
        let text = text.trimmed
        guard text.utf8.count <= 8_192 else { throw SecretsError(.tooLarge, "a secret key has more than 8,192 characters") }
        if text.hasPrefix("AGE-SECRET-KEY-PQ-1") {
            throw SecretsError(
                .unsupported, "a post-quantum key (AGE-SECRET-KEY-PQ-1…); only X25519 keys (AGE-SECRET-KEY-1…) are supported")
        }
        if text.hasPrefix("AGE-PLUGIN-") {
            throw SecretsError(.unsupported, "a key of an age plugin (AGE-PLUGIN-…); only X25519 keys (AGE-SECRET-KEY-1…) are supported")
        }
        let prefix: String
        let data: [UInt8]
        do {
            (prefix, data) = try Bech32.decode(text)
        } catch {
            throw SecretsError(.invalidKey, "no secret key of age: \(error.rawValue)")
        }
        guard prefix == "age-secret-key-", text.hasPrefix("AGE-SECRET-KEY-1") else {
            if prefix == "age" {
                throw SecretsError(.invalidKey, "a recipient (age1…) where a secret key (AGE-SECRET-KEY-1…) is expected")
            }
            throw SecretsError(.invalidKey, "no secret key of age: those begin with 'AGE-SECRET-KEY-1', in upper case")
        }
        guard data.count == 32 else { throw SecretsError(.invalidKey, "no secret key of age: it must hold 32 bytes") }
        try self.init(bytes: data)
    }

    /// The secret itself, `AGE-SECRET-KEY-1…`: for writing it to a file or a Secret, never to a log.
    package var secretText: String {
        Bech32.encode(prefix: "age-secret-key-", Array(key.rawRepresentation)).uppercased()
    }

    /// An identities file as `age-keygen` writes it.
    package func fileText(createdAt time: Timestamp) -> String {
        "# created: \(Timestamp(seconds: time.seconds).rfc3339)\n# public key: \(recipient)\n\(secretText)\n"
    }
}

extension AgeIdentity: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "the identity of \(recipient)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["recipient": recipient.description]) }
}

extension [UInt8] {
    static func random(_ count: Int, using random: inout some RandomNumberGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }
}
