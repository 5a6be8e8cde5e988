// SPDX-License-Identifier: Apache-2.0
internal import Manifests

/// A signature of version 4 (RFC 4880, section 5.2.3), about a document or about keys.
///
/// Only what the signature covers counts; of the rest, the issuer is taken as a hint and an embedded signature proves itself.
struct OpenPGPSignature: Sendable {
    enum Kind {
        static let document: UInt8 = 0x00
        static let certifications: ClosedRange<UInt8> = 0x10...0x13
        static let subkeyBinding: UInt8 = 0x18
        static let primaryKeyBinding: UInt8 = 0x19
        static let directKey: UInt8 = 0x1F
        static let keyRevocation: UInt8 = 0x20
        static let subkeyRevocation: UInt8 = 0x28
        static let certificationRevocation: UInt8 = 0x30
    }

    let kind: UInt8
    let algorithm: UInt8
    let hash: UInt8
    /// What is hashed after the subject.
    let trailer: [UInt8]
    let digestPrefix: [UInt8]
    /// The algorithm's own numbers.
    let integers: [UInt8]

    private(set) var created: Timestamp?
    /// When the signature itself ends to be good.
    private(set) var expires: Timestamp?
    /// Seconds after a key's creation; 0 means never.
    private(set) var keyLifetime: Int?
    private(set) var keyFlags: UInt8?
    private(set) var isPrimaryUserID = false
    private(set) var issuerID: [UInt8]?
    private(set) var issuerFingerprint: [UInt8]?
    private(set) var embedded: [[UInt8]] = []
    /// The first thing that must be understood and is not.
    private(set) var obstacle: String?

    static let certifyFlag: UInt8 = 0x01
    static let signFlag: UInt8 = 0x02

    /// Reads a packet's body; `nil` for another version, or for what cannot be a signature.
    init?(_ body: [UInt8]) {
        var reader = OpenPGPReader(body)
        guard reader.byte() == 4, let kind = reader.byte(), let algorithm = reader.byte(), let hash = reader.byte(),
            let hashedCount = reader.number(2), let hashed = reader.raw(hashedCount), let unhashedCount = reader.number(2),
            let unhashed = reader.raw(unhashedCount), let prefix = reader.raw(2)
        else { return nil }
        self.kind = kind
        self.algorithm = algorithm
        self.hash = hash
        let head = Array(body.prefix(6 + hashedCount))
        trailer = head + [4, 0xFF] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: head.count >> $0) }
        digestPrefix = prefix
        integers = Array(reader.rest)
        guard read(hashed, covered: true), read(unhashed, covered: false) else { return nil }
    }

    /// Reads an area of subpackets; `false` where it is not readable.
    private mutating func read(_ area: [UInt8], covered: Bool) -> Bool {
        var reader = OpenPGPReader(area)
        var lifetime: Int?
        while !reader.isAtEnd {
            guard let length = OpenPGPPacket.newLength(&reader, isSubpacket: true), length > 0, let mark = reader.byte(),
                let body = reader.raw(length - 1)
            else { return false }
            if covered {
                guard take(mark & 0x7F, body, isCritical: mark & 0x80 != 0, lifetime: &lifetime) else { return false }
            } else {
                hint(mark & 0x7F, body)
            }
        }
        if let lifetime, lifetime > 0, let created { expires = created + .seconds(lifetime) }
        return true
    }

    private mutating func take(_ type: UInt8, _ body: [UInt8], isCritical: Bool, lifetime: inout Int?) -> Bool {
        var reader = OpenPGPReader(body)
        switch type {
        case 2:
            guard created == nil, body.count == 4, let seconds = reader.number(4) else { return false }
            created = Timestamp(seconds: Int64(seconds))
        case 3:
            guard lifetime == nil, body.count == 4, let seconds = reader.number(4) else { return false }
            lifetime = seconds
        case 9:
            guard keyLifetime == nil, body.count == 4, let seconds = reader.number(4) else { return false }
            keyLifetime = seconds
        case 25:
            guard body.count == 1 else { return false }
            isPrimaryUserID = body[0] != 0
        case 27:
            // Further bytes hold flags for other purposes.
            guard keyFlags == nil else { return false }
            keyFlags = body.first ?? 0
        case 16, 32, 33: hint(type, body)
        // Exportable, trust, revocable, preferences, designated revokers, key server, policy, features, reason, signer: nothing that
        // makes a signature count less.
        case 4, 5, 7, 11, 12, 21, 22, 23, 24, 26, 28, 29, 30, 31, 34, 35: break
        // Notations (20) and whatever else may be left aside, unless they say that they may not.
        default: if isCritical { obstacle = obstacle ?? "it has a critical subpacket of type \(type), which is not known here" }
        }
        return true
    }

    private mutating func hint(_ type: UInt8, _ body: [UInt8]) {
        switch type {
        case 16 where body.count == 8: issuerID = issuerID ?? body
        case 33 where body.count == 21 && body[0] == 4: issuerFingerprint = issuerFingerprint ?? Array(body.dropFirst())
        case 32 where embedded.count < 4: embedded.append(body)
        default: break
        }
    }

    /// Whether the signature says that this key made it, or says nothing about that.
    func mayBe(from key: OpenPGPKey) -> Bool {
        if let issuerFingerprint { return issuerFingerprint == key.fingerprint }
        return issuerID.map { $0 == key.id } ?? true
    }
}
