// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// A public key as SSH writes it: a type and the bytes that stand in `authorized_keys` in base 64.
package struct SSHPublicKey: Sendable, Hashable, CustomStringConvertible {
    /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, ….
    package let type: String
    let blob: [UInt8]

    static let ed25519 = "ssh-ed25519"

    /// Reads a key's binary form.
    init?(blob: [UInt8]) {
        var reader = SSHReader(blob)
        guard let type = reader.text(), !type.isEmpty else { return nil }
        self.type = type
        self.blob = blob
    }

    /// Reads `type base64`; whatever follows is a comment.
    package init?(line: some StringProtocol) {
        let words = line.split(maxSplits: 2) { $0 == " " || $0 == "\t" }
        guard words.count >= 2, let blob = Base64.decode(words[1]), let key = SSHPublicKey(blob: blob), key.type == words[0] else {
            return nil
        }
        self = key
    }

    init(ed25519 key: [UInt8]) {
        var writer = SSHWriter()
        writer.string(Self.ed25519)
        writer.string(key)
        type = Self.ed25519
        blob = writer.bytes
    }

    /// `type base64`, as in `authorized_keys` and allowed-signers files.
    package var description: String { "\(type) \(Base64.encode(blob))" }

    /// The key's name for people: `SHA256:` and base 64 without padding, as `ssh-keygen -l` prints it.
    package var fingerprint: String {
        let digest = Base64.encode(Array(SHA256.hash(data: blob)))
        return "SHA256:" + digest.prefix { $0 != "=" }
    }

    /// Whether `signature` (SSH's type and bytes) fits `message`; `nil` for a kind of key that cannot be checked here.
    func verifies(signature: [UInt8], message: [UInt8]) -> Bool? {
        if type == SSHPrivateKey.rsa { return verifiesRSA(signature, message) }
        guard type == Self.ed25519 || Self.widths[type] != nil else { return nil }
        var key = SSHReader(blob)
        var parts = SSHReader(signature)
        guard key.text() == type, parts.text() == type, let bytes = parts.string(), parts.isAtEnd else { return false }
        if type == Self.ed25519 {
            guard let raw = key.string(), let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: raw) else { return false }
            return publicKey.isValidSignature(bytes, for: message)
        }
        // RFC 5656: the key is curve name and point, the signature two integers.
        var integers = SSHReader(bytes)
        guard let width = Self.widths[type], key.text() != nil, let point = key.string(), let first = integers.integer(width: width),
            let second = integers.integer(width: width), integers.isAtEnd
        else { return false }
        let valid: Bool?
        switch width {
        case 32:
            valid = try? P256.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P256.Signing.ECDSASignature(rawRepresentation: first + second), for: message)
        case 48:
            valid = try? P384.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P384.Signing.ECDSASignature(rawRepresentation: first + second), for: message)
        default:
            valid = try? P521.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P521.Signing.ECDSASignature(rawRepresentation: first + second), for: message)
        }
        return valid ?? false
    }

    /// RFC 8332; signatures with SHA-1 (`ssh-rsa`) count as ones that do not fit.
    private func verifiesRSA(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
        var key = SSHReader(blob)
        var parts = SSHReader(signature)
        guard key.text() == type, let exponent = key.string(), let modulus = key.string(), key.isAtEnd, let kind = parts.text(),
            let bytes = parts.string(), parts.isAtEnd, let rsa = RSAKey(modulus: modulus, exponent: exponent)
        else { return false }
        switch kind {
        case "rsa-sha2-256": return rsa.verifies(bytes, SHA256.hash(data: message))
        case "rsa-sha2-512": return rsa.verifies(bytes, SHA512.hash(data: message))
        default: return false
        }
    }

    /// Bytes per integer of a signature.
    private static let widths = ["ecdsa-sha2-nistp256": 32, "ecdsa-sha2-nistp384": 48, "ecdsa-sha2-nistp521": 66]
}
