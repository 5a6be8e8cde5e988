// SPDX-License-Identifier: Apache-2.0
import Crypto
import FoundationEssentials
import Manifests
import SwiftASN1
import X509

/// Signs certificates: those of agents, and that of the listener that agents talk to.
struct Authority: Sendable {
    enum Failure: Error, Sendable, CustomStringConvertible {
        case unusable(String)

        var description: String {
            switch self {
            case .unusable(let reason): reason
            }
        }
    }

    /// Its own certificate.
    let certificate: Certificate
    /// Its own certificate first, then those above it as far as they were given, in PEM.
    let chain: String
    /// SHA-256 of its own certificate in DER.
    let fingerprint: Manifests.Digest
    private let key: Certificate.PrivateKey

    /// The most bytes that chain and key may have together.
    static let bytesMax = 64 << 10
    private static let chainMax = 8
    private static let years: Int64 = 10
    /// Clocks of agents that are behind by less than this still accept what was issued just now.
    static let skew = Duration.seconds(300)

    /// Reads PEM: one private key, and certificates of which the first is the authority's own.
    init(pem text: String) throws(Failure) {
        var certificates: [Certificate] = []
        var keys: [Certificate.PrivateKey] = []
        let documents: [PEMDocument]
        do { documents = try PEMDocument.parseMultiple(pemString: text) } catch { throw .unusable("is not PEM") }
        for document in documents {
            if document.discriminator == Certificate.defaultPEMDiscriminator {
                do { certificates.append(try Certificate(pemDocument: document)) } catch {
                    throw .unusable("certificate \(certificates.count + 1) cannot be read")
                }
            } else if document.discriminator.hasSuffix("PRIVATE KEY") {
                // What is wrong with a key is not said: the words of a parser may hold a part of it.
                do { keys.append(try Certificate.PrivateKey(pemDocument: document)) } catch {
                    throw .unusable("the private key cannot be read; it must be EC, RSA or Ed25519, without a passphrase")
                }
            }
        }
        guard let own = certificates.first, certificates.count <= Self.chainMax else {
            throw .unusable("has \(certificates.count) certificates instead of 1 to \(Self.chainMax)")
        }
        guard let key = keys.first, keys.count == 1 else { throw .unusable("has \(keys.count) private keys instead of one") }
        guard key.publicKey == own.publicKey else { throw .unusable("the key is not that of the first certificate") }
        guard case .isCertificateAuthority = try? own.extensions.basicConstraints else {
            throw .unusable("the first certificate is not that of an authority (basic constraints)")
        }
        if let usage = try? own.extensions.keyUsage, !usage.keyCertSign {
            throw .unusable("the first certificate's key may not sign certificates (key usage)")
        }
        do {
            chain = try certificates.map { try $0.serializeAsPEM().pemString + "\n" }.joined()
            fingerprint = Manifests.Digest.sha256(try own.serializeAsPEM().derBytes)
        } catch { throw .unusable("the certificates cannot be written again") }
        certificate = own
        self.key = key
    }

    /// Makes a new authority that vouches for itself: P-256, for ten years, for certificates of its own only.
    static func make(at now: Timestamp) throws -> String {
        let key = P256.Signing.PrivateKey()
        let own = Certificate.PrivateKey(key)
        let identifier = SubjectKeyIdentifier(hash: own.publicKey)
        // Two of them are never called the same: verifiers find an issuer by its name first.
        let short = KeyFolder.hex(identifier.keyIdentifier.prefix(4))
        let name = try DistinguishedName {
            OrganizationName("Flotilla")
            CommonName("Flotilla agents' authority \(short)")
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: own.publicKey, notValidBefore: (now - skew).date,
            notValidAfter: (now + .seconds(years * 365 * 86_400)).date, issuer: name, subject: name,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                identifier
            }, issuerPrivateKey: own)
        return try certificate.serializeAsPEM().pemString + "\n" + key.pemRepresentation + "\n"
    }

    var notBefore: Timestamp { Timestamp(certificate.notValidBefore) }
    var notAfter: Timestamp { Timestamp(certificate.notValidAfter) }
    var name: String { certificate.subject.description }

    func isValid(at now: Timestamp) -> Bool { notBefore <= now && now < notAfter }

    /// Whether this authority has signed the certificate.
    func hasIssued(_ other: Certificate) -> Bool {
        other.issuer == certificate.subject && certificate.publicKey.isValidSignature(other.signature, for: other)
    }

    /// Signs a certificate for somebody's key.
    func issue(
        to key: Certificate.PublicKey, commonName: String, from: Timestamp, until: Timestamp, usage: ExtendedKeyUsage.Usage,
        names: [GeneralName]
    ) throws -> Certificate {
        let issuer = try certificate.extensions.subjectKeyIdentifier?.keyIdentifier
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key, notValidBefore: from.date,
            notValidAfter: min(until, notAfter).date, issuer: certificate.subject,
            // X.520 allows 64 characters.
            subject: try DistinguishedName { CommonName(String(commonName.prefix(64))) },
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([usage])
                SubjectAlternativeNames(names)
                SubjectKeyIdentifier(hash: key)
                AuthorityKeyIdentifier(keyIdentifier: issuer)
            }, issuerPrivateKey: self.key)
    }
}

extension Timestamp {
    /// As certificates keep it: in whole seconds.
    init(_ date: Date) { self.init(seconds: Int64(date.timeIntervalSince1970.rounded(.down))) }

    var date: Date { Date(timeIntervalSince1970: Double(seconds)) }

    static func - (time: Timestamp, duration: Duration) -> Timestamp { time + (.zero - duration) }
}
