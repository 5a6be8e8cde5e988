// SPDX-License-Identifier: Apache-2.0
import Crypto

/// A certificate with its key, as Sprig's functions give it to templates.
final class CertificateObject: TemplateObject {
    let certificate: String
    let key: String

    init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    var typeName: String { Parameter.certificate.goName }
    var kindName: String { "struct" }
    var members: [(String, Datum)]? { [("Cert", .string(certificate)), ("Key", .string(key))] }

    func field(_ name: String) -> Datum? {
        switch name {
        case "Cert": .string(certificate)
        case "Key": .string(key)
        default: nil
        }
    }
}

/// What a new certificate (RFC 5280) says.
struct CertificateRequest {
    var commonName: String
    var addresses: [[UInt8]] = []
    var names: [String] = []
    var isAuthority = false
    var days: Int64

    /// Who signs.
    struct Issuer {
        /// The subject's name, encoded.
        let name: [UInt8]
        let keyIdentifier: [UInt8]
        let key: SigningKey
    }

    var subject: [UInt8] {
        if commonName.isEmpty { return DER.sequence() }
        let isPrintable = commonName.utf8.allSatisfy { byte in
            (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || (byte >= 0x30 && byte <= 0x39)
                || " '()+,-./:=?".utf8.contains(byte)
        }
        let text = DER.element(isPrintable ? 0x13 : 0x0C, Array(commonName.utf8))
        return DER.sequence(DER.element(0x31, DER.sequence(DER.identifier(2, 5, 4, 3), text)))
    }

    /// The certificate; without an issuer it signs itself.
    func certificate(for key: SigningKey, issuer: Issuer?, _ entropy: Entropy) throws(TemplateFailure) -> [UInt8] {
        let begin = Moment(seconds: entropy.now().seconds)
        let end = Moment(seconds: begin.seconds &+ days &* 86_400)
        let (info, bits) = key.publicKey
        let signer = issuer?.key ?? key
        var serial = entropy.randomBytes(16)
        if serial.allSatisfy({ $0 == 0 }) { serial = [1] }
        let body = DER.sequence(
            DER.element(0xA0, DER.integer([2])), DER.integer(serial), signer.signatureAlgorithm, issuer?.name ?? subject,
            DER.sequence(Self.time(begin), Self.time(end)), subject, info,
            DER.element(0xA3, DER.sequence(extensions(bits, authority: issuer?.keyIdentifier ?? []))))
        return DER.sequence(body, signer.signatureAlgorithm, DER.bits(try signer.sign(body)))
    }

    private static func time(_ moment: Moment) -> [UInt8] {
        let isShort = (1_950..<2_050).contains(moment.civil.year)
        let text = TimeLayout.format(moment, isShort ? "060102150405Z" : "20060102150405Z")
        return DER.element(isShort ? 0x17 : 0x18, Array(text.utf8))
    }

    private func extensions(_ publicKey: [UInt8], authority: [UInt8]) -> [UInt8] {
        func entry(_ number: UInt32, isCritical: Bool = false, _ value: [UInt8]) -> [UInt8] {
            DER.sequence(DER.identifier(2, 5, 29, number), isCritical ? [0x01, 0x01, 0xFF] : [], DER.octets(value))
        }
        // digitalSignature, keyEncipherment, and keyCertSign of authorities.
        var all = entry(15, isCritical: true, isAuthority ? DER.bits([0xA4], unused: 2) : DER.bits([0xA0], unused: 5))
        all += entry(37, DER.sequence(DER.identifier(1, 3, 6, 1, 5, 5, 7, 3, 1), DER.identifier(1, 3, 6, 1, 5, 5, 7, 3, 2)))
        all += entry(19, isCritical: true, isAuthority ? DER.sequence([0x01, 0x01, 0xFF]) : DER.sequence())
        if isAuthority { all += entry(14, DER.octets(Array(Array(SHA256.hash(data: publicKey)).prefix(20)))) }
        if !authority.isEmpty { all += entry(35, DER.sequence(DER.element(0x80, authority))) }
        if !names.isEmpty || !addresses.isEmpty {
            let others = names.flatMap { DER.element(0x82, Array($0.utf8)) } + addresses.flatMap { DER.element(0x87, $0) }
            all += entry(17, DER.sequence(others))
        }
        return all
    }
}

/// The parts of a certificate that a new one refers to.
struct CertificateReading {
    let subject: [UInt8]
    let keyIdentifier: [UInt8]

    init(der: [UInt8]) throws(TemplateFailure) {
        guard var fields = DER.read(der)?.children?.first?.children, let first = fields.first else {
            throw TemplateFailure("x509: malformed certificate")
        }
        if first.tag == 0xA0 { fields.removeFirst() }
        guard fields.count >= 6, fields[4].tag == 0x30 else { throw TemplateFailure("x509: malformed certificate") }
        subject = Array(fields[4].all)
        let identifier = DER.identifier(2, 5, 29, 14)
        var found: [UInt8] = []
        for entry in fields.first(where: { $0.tag == 0xA3 })?.children?.first?.children ?? [] {
            guard let parts = entry.children, let last = parts.last, parts[0].all.elementsEqual(identifier) else { continue }
            found = DER.read(Array(last.content)).map { Array($0.content) } ?? []
        }
        keyIdentifier = found
    }
}
