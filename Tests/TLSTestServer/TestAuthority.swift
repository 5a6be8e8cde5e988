// SPDX-License-Identifier: Apache-2.0
import Crypto
package import Foundation
import SwiftASN1
import X509

/// A certificate authority of a test's own.
package struct TestAuthority: Sendable {
    private let key = P256.Signing.PrivateKey()
    private let certificate: Certificate

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package init(name: String = "Test authority") throws {
        let subject = try DistinguishedName { CommonName(name) }
        let issuer = Certificate.PrivateKey(key)
        certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: issuer.publicKey, notValidBefore: Date() - 86_400,
            notValidAfter: Date() + 86_400 * 30, issuer: subject, subject: subject,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            }, issuerPrivateKey: issuer)
    }

    /// In PEM.
    package var pem: String { get throws { try certificate.serializeAsPEM().pemString + "\n" } }

    /// A certificate for a server on this machine, and its key, in PEM.
    package func server() throws -> (certificate: String, key: String) {
        let key = P256.Signing.PrivateKey()
        let names: [GeneralName] = [.dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))]
        let issued = try issue(
            Certificate.PrivateKey(key).publicKey, try DistinguishedName { CommonName("localhost") }, begins: Date() - 3_600,
            ends: Date() + 86_400,
            try Certificate.Extensions {
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names)
            })
        return (try issued.serializeAsPEM().pemString + "\n", key.pemRepresentation + "\n")
    }

    /// Issues what a client asks for, to the name that counts.
    /// - Throws: where the request is not signed with its own key.
    package func client(_ request: String, name: String, begins: Date, ends: Date) throws -> String {
        let request = try CertificateSigningRequest(pemEncoded: request)
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw Failure(description: "the request is not signed with its key")
        }
        let issued = try issue(
            request.publicKey, try DistinguishedName { CommonName(name) }, begins: begins, ends: ends,
            try Certificate.Extensions { try ExtendedKeyUsage([.clientAuth]) })
        return try issued.serializeAsPEM().pemString + "\n"
    }

    /// The same with times in seconds since 1970.
    package func client(_ request: String, name: String, from begins: Int64, to ends: Int64) throws -> String {
        try client(
            request, name: name, begins: Date(timeIntervalSince1970: Double(begins)), ends: Date(timeIntervalSince1970: Double(ends)))
    }

    private func issue(
        _ key: Certificate.PublicKey, _ subject: DistinguishedName, begins: Date, ends: Date, _ extensions: Certificate.Extensions
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key, notValidBefore: begins, notValidAfter: ends,
            issuer: certificate.subject, subject: subject, extensions: extensions, issuerPrivateKey: Certificate.PrivateKey(self.key))
    }
}

/// Who a client says it is.
package struct ShownCertificate: Sendable, Hashable {
    /// The subject's common name.
    package var name: String
    package var serial: String
    /// The key's bits alone.
    package var publicKey: [UInt8]

    init(der: [UInt8]) throws {
        let certificate = try Certificate(derEncoded: der)
        name = certificate.subject.flatMap { $0 }.first { $0.type == .RDNAttributeType.commonName }.map { "\($0.value)" } ?? ""
        serial = certificate.serialNumber.description
        publicKey = Array(certificate.publicKey.subjectPublicKeyInfoBytes)
    }

    package init(pem: String) throws {
        try self.init(der: try PEMDocument(pemString: pem).derBytes)
    }
}

/// The public key of a certificate request, its bits alone.
package func requestedKey(_ request: String) throws -> [UInt8] {
    Array(try CertificateSigningRequest(pemEncoded: request).publicKey.subjectPublicKeyInfoBytes)
}
