// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import SwiftASN1

/// Why a certificate is of no use.
struct IdentityError: Error, Sendable, Hashable, CustomStringConvertible {
    var message: String
    var description: String { message }
}

/// What an agent has to know of a certificate (RFC 5280): when it is good, and for which key. Whether it is trusted is others' matter.
struct CertificateFacts: Sendable, Hashable {
    var begins: Timestamp
    var ends: Timestamp
    /// SubjectPublicKeyInfo.
    var publicKey: [UInt8]

    /// - Parameter pem: the first certificate in it counts.
    init(pem: String) throws(IdentityError) {
        guard let bytes = PEM.first("CERTIFICATE", in: pem) else { throw IdentityError(message: "there is no certificate in it") }
        do { self = try Self.read(bytes) } catch { throw IdentityError(message: "it is no certificate: \(error)") }
    }

    private init(begins: Timestamp, ends: Timestamp, publicKey: [UInt8]) {
        self.begins = begins
        self.ends = ends
        self.publicKey = publicKey
    }

    private static func read(_ bytes: [UInt8]) throws -> CertificateFacts {
        try DER.sequence(try DER.parse(bytes), identifier: .sequence) { certificate throws in
            guard let body = certificate.next() else { throw IdentityError(message: "it is empty") }
            defer { while certificate.next() != nil {} }
            return try DER.sequence(body, identifier: .sequence) { fields throws in
                defer { while fields.next() != nil {} }
                // version [0], serial number, algorithm, issuer, validity, subject, key.
                var next = fields.next()
                if next?.identifier == ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific) { next = fields.next() }
                _ = (fields.next(), fields.next())
                guard next != nil, let validity = fields.next(), fields.next() != nil, let key = fields.next() else {
                    throw IdentityError(message: "it is cut short")
                }
                let (begins, ends) = try DER.sequence(validity, identifier: .sequence) { times throws in
                    (try time(times.next()), try time(times.next()))
                }
                return CertificateFacts(begins: begins, ends: ends, publicKey: Array(key.encodedBytes))
            }
        }
    }

    private static func time(_ node: ASN1Node?) throws -> Timestamp {
        guard let node else { throw IdentityError(message: "a time is missing") }
        let parts: [Int]
        if node.identifier == .utcTime {
            let time = try UTCTime(derEncoded: node)
            parts = [time.year, time.month, time.day, time.hours, time.minutes, time.seconds]
        } else {
            let time = try GeneralizedTime(derEncoded: node)
            parts = [time.year, time.month, time.day, time.hours, time.minutes, time.seconds]
        }
        func digits(_ index: Int, _ count: Int = 2) -> String {
            let text = String(parts[index])
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let text = "\(digits(0, 4))-\(digits(1))-\(digits(2))T\(digits(3)):\(digits(4)):\(digits(5))Z"
        guard let time = Timestamp(rfc3339: text) else { throw IdentityError(message: "\(text) is no time") }
        return time
    }
}

extension IssuedCertificate {
    /// When it is good, once it is known to be one for this key.
    /// - Throws: `IdentityError` for one that would be of no use.
    func validity(for key: SigningKey) throws(IdentityError) -> Validity {
        let facts = try CertificateFacts(pem: certificate)
        guard facts.publicKey == key.publicKey else { throw IdentityError(message: "it is for another key than the agent's") }
        return Validity(begins: facts.begins, renewAfter: renewAfter, ends: min(expires, facts.ends))
    }
}
