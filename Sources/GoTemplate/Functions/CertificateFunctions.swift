// SPDX-License-Identifier: Apache-2.0
import Crypto

/// Sprig's functions that make keys and certificates.
enum CertificateFunctions {
    static let functions: [Function] = [
        Function("genPrivateKey", [.string], .one(makeKey), trait: .notRepeatable),
        Function("buildCustomCert", [.string, .string], .two(build)),
        Function(
            "genCA", [.string, .int],
            .many { machine, values throws(TemplateFailure) in
                try authority(machine, "genCA", values, key: nil)
            }, trait: .notRepeatable),
        Function(
            "genCAWithKey", [.string, .int, .string],
            .many { machine, values throws(TemplateFailure) in
                try authority(machine, "genCAWithKey", values, key: values[2])
            }, trait: .notRepeatable),
        Function(
            "genSelfSignedCert", [.string, .list, .list, .int],
            .many { machine, values throws(TemplateFailure) in
                try signed(machine, "genSelfSignedCert", values, authority: nil, key: nil)
            }, trait: .notRepeatable),
        Function(
            "genSelfSignedCertWithKey", [.string, .list, .list, .int, .string],
            .many { machine, values throws(TemplateFailure) in
                try signed(machine, "genSelfSignedCertWithKey", values, authority: nil, key: values[4])
            }, trait: .notRepeatable),
        Function(
            "genSignedCert", [.string, .list, .list, .int, .certificate],
            .many { machine, values throws(TemplateFailure) in
                try signed(machine, "genSignedCert", values, authority: values[4], key: nil)
            }, trait: .notRepeatable),
        Function(
            "genSignedCertWithKey", [.string, .list, .list, .int, .certificate, .string],
            .many {
                machine, values throws(TemplateFailure) in
                try signed(machine, "genSignedCertWithKey", values, authority: values[4], key: values[5])
            }, trait: .notRepeatable),
    ]

    /// What making one RSA key counts for: a tenth of a second.
    private static let keyCost = 500_000

    private static func makeKey(_ machine: Machine, _ type: Datum) throws(TemplateFailure) -> Datum {
        let entropy = try machine.useEntropy("genPrivateKey")
        switch type.text {
        case "", "rsa":
            try machine.charge(items: 10 * keyCost)
            return .string(try SigningKey.makeRSA(bits: 4_096).pem)
        case "ecdsa": return .string(SigningKey.p256(P256.Signing.PrivateKey()).pem)
        case "ed25519":
            do {
                return .string(SigningKey.ed25519(try Curve25519.Signing.PrivateKey(rawRepresentation: entropy.randomBytes(32))).pem)
            } catch {
                throw TemplateFailure("failed to generate private key: \(error)")
            }
        case "dsa": throw TemplateFailure("DSA keys are not made here: nothing accepts them any more; use ecdsa or ed25519")
        default: return .string("Unknown type \(type.text)")
        }
    }

    private static func build(_ machine: Machine, _ certificate: Datum, _ key: Datum) throws(TemplateFailure) -> Datum {
        func decoded(_ value: Datum, _ name: String) throws(TemplateFailure) -> String {
            do throws(TemplateFailure) { return UTF8Bytes.repaired(try Base64.decode(value.stringBytes ?? [])) } catch {
                throw TemplateFailure("unable to decode base64 \(name)")
            }
        }
        let certificate = try decoded(certificate, "certificate")
        let key = try decoded(key, "private key")
        _ = try read(certificate, "error parsing certificate: decodedCert.Bytes: ")
        do throws(TemplateFailure) { _ = try SigningKey(pem: key) } catch {
            throw TemplateFailure("error parsing private key: \(error.message)")
        }
        return .object(CertificateObject(certificate: certificate, key: key))
    }

    private static func read(_ pem: String, _ prefix: String) throws(TemplateFailure) -> CertificateReading {
        guard let (_, der) = PEM.first(pem) else { throw TemplateFailure("unable to decode certificate") }
        do throws(TemplateFailure) { return try CertificateReading(der: der) } catch { throw TemplateFailure(prefix + error.message) }
    }

    private static func key(_ machine: Machine, _ given: Datum?) throws(TemplateFailure) -> SigningKey {
        guard let given else {
            try machine.charge(items: keyCost)
            return try SigningKey.makeRSA(bits: 2_048)
        }
        do throws(TemplateFailure) { return try SigningKey(pem: given.text) } catch {
            throw TemplateFailure("parsing private key: \(error.message)")
        }
    }

    private static func authority(
        _ machine: Machine, _ function: String, _ values: [Datum], key given: Datum?
    ) throws(TemplateFailure) -> Datum {
        let entropy = try machine.useEntropy(function)
        let key = try key(machine, given)
        let request = CertificateRequest(commonName: values[0].text, isAuthority: true, days: values[1].integer)
        return try object(request, key, issuer: nil, entropy)
    }

    private static func signed(
        _ machine: Machine, _ function: String, _ values: [Datum], authority: Datum?, key given: Datum?
    ) throws(TemplateFailure) -> Datum {
        let entropy = try machine.useEntropy(function)
        let key = try key(machine, given)
        var issuer: CertificateRequest.Issuer?
        if let authority {
            guard case .object(let object) = authority, let authority = object as? CertificateObject else {
                throw TemplateFailure("unable to decode certificate")
            }
            let parent = try read(authority.certificate, "error parsing certificate: decodedSignerCert.Bytes: ")
            do throws(TemplateFailure) {
                issuer = .init(name: parent.subject, keyIdentifier: parent.keyIdentifier, key: try SigningKey(pem: authority.key))
            } catch {
                throw TemplateFailure("error parsing private key: \(error.message)")
            }
        }
        var request = CertificateRequest(commonName: values[0].text, days: values[3].integer)
        for address in values[1].items ?? [] {
            guard address.isString else { throw TemplateFailure("error parsing ip: \(Format.print(address)) is not a string") }
            guard let bytes = NetworkAddress.parse(address.text) else { throw TemplateFailure("error parsing ip: \(address.text)") }
            request.addresses.append(bytes)
        }
        for name in values[2].items ?? [] {
            guard name.isString else {
                throw TemplateFailure("error processing alternate dns name: \(Format.print(name)) is not a string")
            }
            request.names.append(name.text)
        }
        return try object(request, key, issuer: issuer, entropy)
    }

    private static func object(
        _ request: CertificateRequest, _ key: SigningKey, issuer: CertificateRequest.Issuer?, _ entropy: Entropy
    ) throws(TemplateFailure) -> Datum {
        let der = try request.certificate(for: key, issuer: issuer, entropy)
        return .object(CertificateObject(certificate: PEM.text("CERTIFICATE", der), key: key.pem))
    }
}

/// IP addresses as certificates hold them.
enum NetworkAddress {
    /// 4 or 16 bytes; `nil` where the text is no address.
    static func parse(_ text: String) -> [UInt8]? { text.contains(":") ? version6(text) : version4(text[...]) }

    private static func version4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), part.utf8.count == 1 || !part.hasPrefix("0"), let byte = UInt8(part)
            else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }

    private static func version6(_ text: String) -> [UInt8]? {
        func groups(_ text: Substring) -> [UInt8]? {
            if text.isEmpty { return [] }
            var bytes: [UInt8] = []
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                if index == parts.count - 1, part.contains(".") {
                    guard let last = version4(part) else { return nil }
                    bytes += last
                } else {
                    guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit), let group = UInt16(part, radix: 16) else {
                        return nil
                    }
                    bytes += [UInt8(group >> 8), UInt8(group & 255)]
                }
            }
            return bytes
        }
        guard let gap = text.firstRange(of: "::") else {
            guard let bytes = groups(text[...]), bytes.count == 16 else { return nil }
            return bytes
        }
        guard let left = groups(text[..<gap.lowerBound]), let right = groups(text[gap.upperBound...]), left.count + right.count <= 14 else {
            return nil
        }
        return left + [UInt8](repeating: 0, count: 16 - left.count - right.count) + right
    }
}
