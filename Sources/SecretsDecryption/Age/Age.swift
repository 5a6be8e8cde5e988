// SPDX-License-Identifier: Apache-2.0
import Crypto

/// Files encrypted by age (age-encryption.org/v1, C2SP's age.md) for X25519 recipients.
package enum Age {
    /// A whole encrypted file: header, nonce, chunks and armor.
    private static let bytesMax = 64 << 20
    private static let x25519 = "X25519"
    private static let x25519Info = Array("age-encryption.org/v1/X25519".utf8)

    // MARK: Decrypting

    /// Opens a file, armored or not, with whichever identity fits.
    /// - Throws: `malformedFile`, `tamperedFile`, `noIdentity`, `noMatchingIdentity`, `unsupported`, `tooLarge`.
    package static func decrypt(_ bytes: [UInt8], identities: Identities) throws(SecretsError) -> [UInt8] {
        guard bytes.count <= bytesMax else {
            throw SecretsError(.tooLarge, "an age file of \(bytes.count) bytes, more than the limit of \(bytesMax)")
        }
        let file = AgeArmor.isArmored(bytes) ? try AgeArmor.decode(bytes) : bytes
        let header = try AgeHeader(parsing: file)
        let fileKey = try fileKey(header, identities)
        let macKey = macKey(fileKey)
        guard HMAC<SHA256>.isValidAuthenticationCode(header.mac, authenticating: file[..<header.signedCount], using: macKey) else {
            throw SecretsError(.tamperedFile, "the age file's header was changed")
        }
        return try AgePayload.open(file[header.count...], fileKey: fileKey)
    }

    private static func fileKey(_ header: AgeHeader, _ identities: Identities) throws(SecretsError) -> SymmetricKey {
        if header.stanzas.contains(where: { $0.kind == "scrypt" }), header.stanzas.count > 1 {
            throw AgeHeader.malformed("a passphrase must be its only recipient")
        }
        guard !identities.all.isEmpty else { throw SecretsError(.noIdentity, "there is no secret key to open an age file with") }
        var recipients = 0
        for stanza in header.stanzas where stanza.kind == x25519 {
            recipients += 1
            guard stanza.arguments.count == 2, let share = Base64.decode(Array(stanza.arguments[1].utf8), padded: false), share.count == 32
            else { throw AgeHeader.malformed("an X25519 stanza has not one share of 32 bytes") }
            guard stanza.body.count == 32 else { throw AgeHeader.malformed("an X25519 stanza has not a body of 32 bytes") }
            for identity in identities.all {
                let wrapKey = try wrapKey(identity.key, peer: share, share: share, recipient: identity.recipient.bytes)
                if let key = open(stanza.body, using: wrapKey) { return key }
            }
        }
        guard recipients == 0 else {
            let others = recipients == 1 ? "another key" : "\(recipients) other keys"
            let ours = identities.recipients.joined(separator: ", ")
            throw SecretsError(.noMatchingIdentity, "the age file is for \(others) than \(ours)")
        }
        let kinds = Set(header.stanzas.map { name(of: $0.kind) }).sorted().joined(separator: ", ")
        throw SecretsError(.unsupported, "the age file is only for \(kinds); add an X25519 recipient ('age1…', from age-keygen)")
    }

    private static func name(of kind: String) -> String {
        switch kind {
        case "scrypt": "a passphrase (scrypt)"
        case "ssh-ed25519", "ssh-rsa": "an SSH key (\(kind))"
        case "mlkem768x25519": "a post-quantum key (mlkem768x25519)"
        case "p256tag", "mlkem768p256tag", "piv-p256": "a hardware key (\(kind))"
        default: "a key of the kind '\(SecretsError.shown(kind))'"
        }
    }

    private static func open(_ body: [UInt8], using key: SymmetricKey) -> SymmetricKey? {
        guard let nonce = try? ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12)),
            let box = try? ChaChaPoly.SealedBox(nonce: nonce, ciphertext: body.prefix(16), tag: body.suffix(16)),
            let fileKey = try? ChaChaPoly.open(box, using: key)
        else { return nil }
        return SymmetricKey(data: fileKey)
    }

    // MARK: Encrypting

    /// Makes a file for these recipients.
    /// - Parameter random: must be fit for secrets, as `SystemRandomNumberGenerator` is.
    package static func encrypt(
        _ plaintext: [UInt8], for recipients: [AgeRecipient], armored: Bool, using random: inout some RandomNumberGenerator
    ) throws(SecretsError) -> [UInt8] {
        guard (1...64).contains(recipients.count) else {
            throw SecretsError(.invalidKey, "an age file needs between 1 and 64 recipients, not \(recipients.count)")
        }
        let fileKey = [UInt8].random(16, using: &random)
        var stanzas: [AgeHeader.Stanza] = []
        for recipient in recipients { stanzas.append(try wrap(fileKey, for: recipient, using: &random)) }
        let key = SymmetricKey(data: fileKey)
        let signed = AgeHeader.signedText(stanzas)
        let mac = Array(HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: macKey(key)))
        var file = Array("\(signed) \(Base64.encode(mac, padded: false))\n".utf8)
        file.append(contentsOf: try AgePayload.seal(plaintext, fileKey: key, using: &random))
        return armored ? AgeArmor.encode(file) : file
    }

    private static func wrap(
        _ fileKey: [UInt8], for recipient: AgeRecipient, using random: inout some RandomNumberGenerator
    ) throws(SecretsError) -> AgeHeader.Stanza {
        let ephemeral: Curve25519.KeyAgreement.PrivateKey
        do {
            ephemeral = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: [UInt8].random(32, using: &random))
        } catch {
            throw SecretsError(.failed, "making a key failed")
        }
        let share = Array(ephemeral.publicKey.rawRepresentation)
        let key = try wrapKey(ephemeral, peer: recipient.bytes, share: share, recipient: recipient.bytes)
        do {
            let nonce = try ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12))
            let box = try ChaChaPoly.seal(fileKey, using: key, nonce: nonce)
            return AgeHeader.Stanza(
                arguments: [x25519, Base64.encode(share, padded: false)], body: Array(box.ciphertext) + Array(box.tag))
        } catch {
            throw SecretsError(.failed, "sealing a file key failed")
        }
    }

    // MARK: Keys

    private static func wrapKey(
        _ secret: Curve25519.KeyAgreement.PrivateKey, peer: [UInt8], share: [UInt8], recipient: [UInt8]
    ) throws(SecretsError) -> SymmetricKey {
        do {
            let publicKey = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: peer)
            let shared = try secret.sharedSecretFromKeyAgreement(with: publicKey)
            // A point of low order gives zero whatever the secret: age demands that it be refused, and the library does not.
            guard shared.withUnsafeBytes({ $0.reduce(0) { $0 | $1 } }) != 0 else { throw badShare }
            return shared.hkdfDerivedSymmetricKey(
                using: SHA256.self, salt: share + recipient, sharedInfo: x25519Info, outputByteCount: 32)
        } catch {
            throw badShare
        }
    }

    private static var badShare: SecretsError { AgeHeader.malformed("a share is no point that may be used") }

    private static func macKey(_ fileKey: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: fileKey, info: Array("header".utf8), outputByteCount: 32)
    }
}
