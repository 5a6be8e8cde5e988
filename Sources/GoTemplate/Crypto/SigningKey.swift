// SPDX-License-Identifier: Apache-2.0
import Crypto
import CryptoExtras

/// A private key for certificates.
enum SigningKey {
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case ed25519(Curve25519.Signing.PrivateKey)

    private static let rsaEncryption = DER.sequence(DER.identifier(1, 2, 840, 113_549, 1, 1, 1), DER.null)
    private static let ecKey = DER.identifier(1, 2, 840, 10_045, 2, 1)
    private static let curveP256 = DER.identifier(1, 2, 840, 10_045, 3, 1, 7)
    private static let ed25519 = DER.identifier(1, 3, 101, 112)

    static func makeRSA(bits: Int) throws(TemplateFailure) -> SigningKey {
        do { return .rsa(try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits))) } catch {
            throw TemplateFailure("error generating rsa key: \(error)")
        }
    }

    // MARK: PEM

    /// As Go's library writes it: PKCS #1 for RSA, SEC 1 for elliptic curves, PKCS #8 for Ed25519.
    var pem: String {
        switch self {
        case .rsa(let key): return PEM.text("RSA PRIVATE KEY", Array(key.derRepresentation))
        case .p256(let key):
            let sec1 = DER.sequence(
                DER.integer([1]), DER.octets(Array(key.rawRepresentation)), DER.element(0xA0, Self.curveP256),
                DER.element(0xA1, DER.bits(Array(key.publicKey.x963Representation))))
            return PEM.text("EC PRIVATE KEY", sec1)
        case .ed25519(let key):
            let pkcs8 = DER.sequence(DER.integer([0]), DER.sequence(Self.ed25519), DER.octets(DER.octets(Array(key.rawRepresentation))))
            return PEM.text("PRIVATE KEY", pkcs8)
        }
    }

    init(pem: String) throws(TemplateFailure) {
        guard let (type, der) = PEM.first(pem) else { throw TemplateFailure("no PEM data in input") }
        switch type {
        case "PRIVATE KEY": self = try Self.pkcs8(der)
        case "RSA PRIVATE KEY": self = try Self.rsa(der)
        case "EC PRIVATE KEY":
            guard let parts = DER.read(der)?.children, parts.count >= 2 else {
                throw TemplateFailure("parsing EC private key from PEM: x509: failed to parse EC private key")
            }
            self = try Self.p256(parts[1].content)
        case _ where type.hasSuffix(" PRIVATE KEY"):
            throw TemplateFailure("invalid private key type \(type.dropLast(" PRIVATE KEY".count))")
        default: throw TemplateFailure("no private key data in PEM block of type \(type)")
        }
    }

    private static func pkcs8(_ der: [UInt8]) throws(TemplateFailure) -> SigningKey {
        guard let parts = DER.read(der)?.children, parts.count >= 3, let algorithm = parts[1].children?.first?.all else {
            throw TemplateFailure("decoding PEM as PKCS#8: x509: failed to parse private key")
        }
        let key = parts[2].content
        if algorithm.elementsEqual(ed25519), let seed = DER.read(Array(key))?.content {
            do { return .ed25519(try Curve25519.Signing.PrivateKey(rawRepresentation: Array(seed))) } catch {
                throw TemplateFailure("decoding PEM as PKCS#8: \(error)")
            }
        }
        if algorithm.elementsEqual(ecKey), let inner = DER.read(Array(key))?.children, inner.count >= 2 {
            return try p256(inner[1].content)
        }
        return try rsa(Array(key))
    }

    private static func rsa(_ der: [UInt8]) throws(TemplateFailure) -> SigningKey {
        do { return .rsa(try _RSA.Signing.PrivateKey(derRepresentation: der)) } catch {
            throw TemplateFailure("parsing RSA private key from PEM: \(error)")
        }
    }

    private static func p256(_ scalar: ArraySlice<UInt8>) throws(TemplateFailure) -> SigningKey {
        do { return .p256(try P256.Signing.PrivateKey(rawRepresentation: Array(scalar))) } catch {
            throw TemplateFailure("parsing EC private key from PEM: only the curve P-256 is supported")
        }
    }

    // MARK: Certificates

    /// SubjectPublicKeyInfo, and the key alone as its bit string holds it.
    var publicKey: (info: [UInt8], bits: [UInt8]) {
        let (algorithm, bits): ([UInt8], [UInt8]) =
            switch self {
            case .rsa(let key): (Self.rsaEncryption, Array(key.publicKey.pkcs1DERRepresentation))
            case .p256(let key): (DER.sequence(Self.ecKey, Self.curveP256), Array(key.publicKey.x963Representation))
            case .ed25519(let key): (DER.sequence(Self.ed25519), Array(key.publicKey.rawRepresentation))
            }
        return (DER.sequence(algorithm, DER.bits(bits)), bits)
    }

    /// The AlgorithmIdentifier of `sign`.
    var signatureAlgorithm: [UInt8] {
        switch self {
        case .rsa: DER.sequence(DER.identifier(1, 2, 840, 113_549, 1, 1, 11), DER.null)
        case .p256: DER.sequence(DER.identifier(1, 2, 840, 10_045, 4, 3, 2))
        case .ed25519: DER.sequence(Self.ed25519)
        }
    }

    func sign(_ bytes: [UInt8]) throws(TemplateFailure) -> [UInt8] {
        do {
            switch self {
            case .rsa(let key):
                return Array(try key.signature(for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5).rawRepresentation)
            case .p256(let key): return Array(try key.signature(for: SHA256.hash(data: bytes)).derRepresentation)
            case .ed25519(let key): return Array(try key.signature(for: bytes))
            }
        } catch {
            throw TemplateFailure("error creating certificate: \(error)")
        }
    }
}
