// SPDX-License-Identifier: Apache-2.0
internal import Manifests

/// A primary key with its user IDs and subkeys, and what its own signatures say about them.
///
/// Nothing that others say about the key counts: who is trusted is decided by listing the key.
struct OpenPGPCertificate: Sendable {
    /// A key of the certificate and whether it may sign.
    struct Signer: Sendable {
        let key: OpenPGPKey
        let expires: Timestamp?
        /// Why it may not sign at all.
        let obstacle: String?
    }

    let primary: OpenPGPKey
    /// The user ID that the owner calls the main one, or the newest.
    private(set) var name: String
    private(set) var signers: [Signer] = []

    /// What follows a primary key in a file, before anything is judged.
    private struct Parts {
        var direct: [OpenPGPSignature] = []
        var userIDs: [(id: [UInt8], isText: Bool, signatures: [OpenPGPSignature])] = []
        var subkeys: [(key: OpenPGPKey?, signatures: [OpenPGPSignature])] = []
    }

    /// Reads the first certificate of `packets` and removes its packets; `nil` where there is none that can be read.
    init?(reading packets: inout ArraySlice<OpenPGPPacket>) {
        guard let first = packets.popFirst(), first.tag == OpenPGPPacket.publicKeyTag, let primary = OpenPGPKey(first.body) else {
            return nil
        }
        var parts = Parts()
        while let next = packets.first, next.tag != OpenPGPPacket.publicKeyTag {
            packets.removeFirst()
            switch next.tag {
            case OpenPGPPacket.userIDTag: parts.userIDs.append((next.body, true, []))
            case OpenPGPPacket.userAttributeTag: parts.userIDs.append((next.body, false, []))
            case OpenPGPPacket.publicSubkeyTag: parts.subkeys.append((OpenPGPKey(next.body), []))
            case OpenPGPPacket.signatureTag:
                // Of a version that is not known here: says nothing.
                guard let signature = OpenPGPSignature(next.body) else { continue }
                if !parts.subkeys.isEmpty {
                    parts.subkeys[parts.subkeys.count - 1].signatures.append(signature)
                } else if !parts.userIDs.isEmpty {
                    parts.userIDs[parts.userIDs.count - 1].signatures.append(signature)
                } else {
                    parts.direct.append(signature)
                }
            case OpenPGPPacket.trustTag: break
            default: return nil
            }
        }
        self.primary = primary
        name = "OpenPGP key \(primary.name)"
        judge(parts)
    }

    private mutating func judge(_ parts: Parts) {
        let direct = newest(parts.direct, OpenPGPSignature.Kind.directKey...OpenPGPSignature.Kind.directKey, about: primary.hashed)
        var certified: [(name: String?, signature: OpenPGPSignature)] = []
        for userID in parts.userIDs {
            let subject = primary.hashed + [userID.isText ? 0xB4 : 0xD1] + Self.length(userID.id) + userID.id
            let revocation = OpenPGPSignature.Kind.certificationRevocation
            guard let signature = newest(userID.signatures, OpenPGPSignature.Kind.certifications, about: subject),
                !isRevoked(userID.signatures, revocation, about: subject, after: signature.created)
            else { continue }
            certified.append((userID.isText ? Self.text(userID.id) : nil, signature))
        }
        certified.sort { ($0.signature.created ?? .epoch) < ($1.signature.created ?? .epoch) }
        let main = certified.last { $0.signature.isPrimaryUserID } ?? certified.last
        if let text = main?.name ?? certified.last(where: { $0.name != nil })?.name { name = text }
        // As GnuPG takes them: the newest user ID with an end says when the key ends, and one on the key itself counts too.
        let ends = [direct, certified.last { $0.signature.keyLifetime ?? 0 > 0 }?.signature].compactMap { $0?.keyLifetime }.filter {
            $0 > 0
        }
        let expires = (ends.map { primary.created + .seconds($0) } + [direct, main?.signature].compactMap { $0?.expires }).min()
        var obstacle: String?
        // Wherever it stands: keys are put together from many places.
        let everything = parts.direct + parts.userIDs.flatMap(\.signatures) + parts.subkeys.flatMap(\.signatures)
        if isRevoked(everything, OpenPGPSignature.Kind.keyRevocation, about: primary.hashed, after: nil) {
            obstacle = "the key is revoked"
        } else if main == nil && direct == nil {
            obstacle = "the key has no signature of its own that can be checked here (one with SHA-2 is needed)"
        }
        let flags = main?.signature.keyFlags ?? direct?.keyFlags ?? 0
        let cannotSign = flags & OpenPGPSignature.signFlag == 0 ? "the key is not for signing" : nil
        signers = [Signer(key: primary, expires: expires, obstacle: obstacle ?? cannotSign)]
        for (key, signatures) in parts.subkeys {
            guard let key else { continue }
            signers.append(signer(key, signatures, primaryEnd: expires, obstacle: obstacle))
        }
    }

    private func signer(_ key: OpenPGPKey, _ signatures: [OpenPGPSignature], primaryEnd: Timestamp?, obstacle: String?) -> Signer {
        let subject = primary.hashed + key.hashed
        let binding = OpenPGPSignature.Kind.subkeyBinding
        guard let bound = newest(signatures, binding...binding, about: subject) else {
            return Signer(key: key, expires: nil, obstacle: obstacle ?? "the subkey is not bound to its key by a signature known here")
        }
        var reason = obstacle
        if isRevoked(signatures, OpenPGPSignature.Kind.subkeyRevocation, about: subject, after: nil) {
            reason = reason ?? "the subkey is revoked"
        } else if (bound.keyFlags ?? 0) & OpenPGPSignature.signFlag == 0 {
            reason = reason ?? "the subkey is not for signing"
        } else if !isClaimed(by: key, bound, subject) {
            // Otherwise somebody could pass a stranger's key for a subkey of theirs.
            reason = reason ?? "the subkey has not signed that it belongs to the key"
        }
        let end = (bound.keyLifetime ?? 0) > 0 ? key.created + .seconds(bound.keyLifetime ?? 0) : nil
        let expires = [end, primaryEnd, bound.expires].compactMap { $0 }.min()
        return Signer(key: key, expires: expires, obstacle: reason)
    }

    private func isClaimed(by key: OpenPGPKey, _ binding: OpenPGPSignature, _ subject: [UInt8]) -> Bool {
        binding.embedded.contains { body in
            guard let signature = OpenPGPSignature(body) else { return false }
            return signature.kind == OpenPGPSignature.Kind.primaryKeyBinding && signature.obstacle == nil && signature.created != nil
                && signature.expires == nil && key.verifies(signature, subject) == true
        }
    }

    /// The newest signature of the primary key about `subject`; none where that cannot be understood, since an older one may say less.
    private func newest(
        _ signatures: [OpenPGPSignature], _ kinds: ClosedRange<UInt8>, about subject: [UInt8]
    ) -> OpenPGPSignature? {
        let own = signatures.filter { kinds.contains($0.kind) && $0.created != nil && $0.mayBe(from: primary) }
        // The newest first: usually the first look is the last.
        let sorted = own.sorted { ($0.created ?? .epoch) > ($1.created ?? .epoch) }
        for signature in sorted.prefix(Self.checksMax) {
            guard signature.obstacle == nil, let fits = primary.verifies(signature, subject) else { return nil }
            if fits { return signature }
        }
        return nil
    }

    /// Signatures of one kind that are looked at for one subject.
    private static let checksMax = 50

    /// Whether the owner has revoked `subject`. A revocation that cannot be checked counts: it must not be lost to its form. Neither its
    /// reason nor its time make a difference for keys; a user ID may be certified again `after`.
    private func isRevoked(
        _ signatures: [OpenPGPSignature], _ kind: UInt8, about subject: [UInt8], after certified: Timestamp?
    ) -> Bool {
        signatures.contains { signature in
            guard signature.kind == kind, signature.mayBe(from: primary) else { return false }
            if let certified, let created = signature.created, created < certified { return false }
            return primary.verifies(signature, subject, allowsSHA1: true) ?? true
        }
    }

    private static func length(_ bytes: [UInt8]) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bytes.count >> $0) } }

    /// A user ID without what a terminal would obey.
    private static func text(_ id: [UInt8]) -> String {
        let scalars = String(decoding: id.prefix(256), as: UTF8.self).unicodeScalars.filter {
            $0.value >= 32 && !(127..<160).contains($0.value)
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
