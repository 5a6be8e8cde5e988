// SPDX-License-Identifier: Apache-2.0
internal import Manifests

/// OpenPGP public keys whose signatures count, and the check of signatures against them; no process is run.
///
/// Known are version 4 with RSA (2,048 to 8,192 bits), ECDSA over the NIST curves and Ed25519 (algorithm 22), with SHA-256, SHA-384 or
/// SHA-512. Anything that is not understood is not good.
package struct OpenPGPKeys: Sendable {
    private let certificates: [OpenPGPCertificate]

    private static let bytesMax = 4 << 20
    private static let certificatesMax = 1_000
    private static let packetsMax = 20_000
    private static let signatureBytesMax = 65_536

    /// No key at all.
    package init() { certificates = [] }

    /// Reads the armored public keys in `text` (`gpg --armor --export`); `name` says in errors which file.
    ///
    /// Throws `GitError.invalid` where one cannot be read. One that can be read and may not sign is kept, so that it can be said why.
    package init(armored text: String, name: String = "OpenPGP keys") throws(GitError) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLarge(what: "\(name) in bytes", limit: Self.bytesMax) }
        guard let blocks = OpenPGPArmor.publicKey.blocks(in: text) else {
            throw .invalid(what: name, reason: "a block is damaged; export the keys again with `gpg --armor --export`")
        }
        guard !blocks.isEmpty else { throw .invalid(what: name, reason: "holds no \(OpenPGPArmor.publicKey.begin)") }
        var certificates: [OpenPGPCertificate] = []
        for block in blocks {
            guard let packets = OpenPGPPacket.packets(in: block, limit: Self.packetsMax) else {
                throw .invalid(what: name, reason: "block \(blocks.count == 1 ? "" : "\(certificates.count + 1) ")is not readable")
            }
            var rest = packets[...]
            while !rest.isEmpty {
                guard certificates.count < Self.certificatesMax else { throw .tooLarge(what: "\(name): keys", limit: Self.certificatesMax) }
                guard let certificate = OpenPGPCertificate(reading: &rest) else {
                    throw .invalid(what: name, reason: "key \(certificates.count + 1) is not a public key of version 4 that is known here")
                }
                certificates.append(certificate)
            }
        }
        self.certificates = certificates
    }

    package var isEmpty: Bool { certificates.isEmpty }

    /// Each key for people: its owner, its fingerprint, and why it may not sign if so.
    package var descriptions: [String] {
        certificates.map { certificate in
            let usable = certificate.signers.contains { $0.obstacle == nil }
            let reason = usable ? "" : ": \(certificate.signers.first?.obstacle ?? "has no key")"
            return "\(certificate.name) (\(certificate.primary.name))\(reason)"
        }
    }

    /// Judges an armored signature of `message`, at the time when it says that it was made.
    ///
    /// A key that was revoked at any time and for any reason is refused.
    package func verify(_ message: [UInt8], signature text: String) -> SignatureVerdict {
        guard text.utf8.count <= Self.signatureBytesMax, let blocks = OpenPGPArmor.signature.blocks(in: text), blocks.count == 1,
            let packets = OpenPGPPacket.packets(in: blocks[0], limit: 2), packets.count == 1, packets[0].tag == OpenPGPPacket.signatureTag
        else { return .bad(reason: "it is not readable, or there is more than one") }
        guard let signature = OpenPGPSignature(packets[0].body) else {
            return .unsupported(reason: "OpenPGP signatures of another version than 4")
        }
        guard signature.kind == OpenPGPSignature.Kind.document else { return .bad(reason: "it is not one of a document") }
        if let obstacle = signature.obstacle { return .unsupported(reason: obstacle) }
        guard let created = signature.created else { return .bad(reason: "it does not say when it was made") }
        guard signature.expires == nil else { return .unsupported(reason: "signatures that expire") }
        guard signature.issuerFingerprint != nil || signature.issuerID != nil else { return .bad(reason: "it does not name its key") }
        var verdict: SignatureVerdict?
        for certificate in certificates {
            for signer in certificate.signers where signature.mayBe(from: signer.key) {
                let new = Self.verdict(signature, message, certificate, signer, at: created)
                if new.isGood { return new }
                verdict = verdict ?? new
            }
        }
        return verdict ?? .unknownKey(.openPGP(fingerprint: OpenPGPKey.hex(signature.issuerFingerprint ?? signature.issuerID ?? [])))
    }

    private static func verdict(
        _ signature: OpenPGPSignature, _ message: [UInt8], _ certificate: OpenPGPCertificate, _ signer: OpenPGPCertificate.Signer,
        at time: Timestamp
    ) -> SignatureVerdict {
        let key = SigningKey.openPGP(fingerprint: signer.key.name)
        switch signer.key.verifies(signature, message) {
        case nil: return .unsupported(reason: "OpenPGP algorithm \(signature.algorithm) with hash \(signature.hash), or a key of this size")
        case false?: return .bad(reason: "it does not fit the contents")
        case true?: break
        }
        if let obstacle = signer.obstacle { return .notAllowed(key: key, reason: obstacle) }
        if time < signer.key.created { return .notAllowed(key: key, reason: "the key was made only at \(signer.key.created.rfc3339)") }
        if let expires = signer.expires, time >= expires { return .notAllowed(key: key, reason: "the key expired at \(expires.rfc3339)") }
        return .good(principals: [certificate.name], key: key)
    }
}
