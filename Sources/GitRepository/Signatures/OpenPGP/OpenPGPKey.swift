// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Manifests

/// A public key or subkey of version 4.
struct OpenPGPKey: Sendable {
    enum Material: Sendable {
        case rsa(modulus: [UInt8], exponent: [UInt8])
        /// SEC 1 form of a point on P-256, P-384 or P-521; `width` bytes to a coordinate.
        case ecdsa(point: [UInt8], width: Int)
        /// Algorithm 22 with the curve Ed25519.
        case ed25519([UInt8])
        /// A key that encrypts, or of a kind that is not known here.
        case other(algorithm: UInt8)
    }

    let algorithm: UInt8
    let created: Timestamp
    let material: Material
    /// What signatures about the key cover, and its fingerprint: a mark, its length, and the packet's bytes.
    let hashed: [UInt8]
    let fingerprint: [UInt8]

    static let ed25519OID: [UInt8] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01]
    private static let curves: [([UInt8], width: Int)] = [
        ([0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], 32), ([0x2B, 0x81, 0x04, 0x00, 0x22], 48), ([0x2B, 0x81, 0x04, 0x00, 0x23], 66),
    ]

    /// Reads a key packet's body; `nil` for another version, or for what cannot be a key.
    init?(_ body: [UInt8]) {
        var reader = OpenPGPReader(body)
        guard body.count <= 65_535, reader.byte() == 4, let created = reader.number(4), let algorithm = reader.byte() else { return nil }
        switch algorithm {
        case 1, 3:
            guard let modulus = reader.integer(), let exponent = reader.integer(), reader.isAtEnd else { return nil }
            material = .rsa(modulus: modulus, exponent: exponent)
        case 19, 22:
            guard let count = reader.number(1), count > 0, count < 255, let oid = reader.raw(count), let point = reader.integer(),
                reader.isAtEnd
            else { return nil }
            if algorithm == 22 {
                let isKnown = oid == Self.ed25519OID && point.count == 33 && point.first == 0x40
                material = isKnown ? .ed25519(Array(point.dropFirst())) : .other(algorithm: algorithm)
            } else if let width = Self.curves.first(where: { $0.0 == oid })?.width, point.count == 2 * width + 1 {
                material = .ecdsa(point: point, width: width)
            } else {
                material = .other(algorithm: algorithm)
            }
        default: material = .other(algorithm: algorithm)
        }
        self.algorithm = algorithm
        self.created = Timestamp(seconds: Int64(created))
        hashed = [0x99, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
        fingerprint = Array(Insecure.SHA1.hash(data: hashed))
    }

    /// The last eight bytes of the fingerprint.
    var id: [UInt8] { Array(fingerprint.suffix(8)) }

    /// In capital hexadecimal digits.
    var name: String { Self.hex(fingerprint) }

    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Whether `signature` is this key's over `message`; `nil` where this kind of key, or its hash, is not known here.
    ///
    /// - Parameter allowsSHA1: for revocations, which must count in any case.
    func verifies(_ signature: OpenPGPSignature, _ message: [UInt8], allowsSHA1: Bool = false) -> Bool? {
        // Keys of algorithm 3 may sign with 1's name, and the other way round.
        guard signature.algorithm == algorithm || Set([signature.algorithm, algorithm]) == [1, 3] else { return false }
        let bytes = message + signature.trailer
        switch signature.hash {
        case 2 where allowsSHA1: return verifies(signature, Insecure.SHA1.hash(data: bytes))
        case 8: return verifies(signature, SHA256.hash(data: bytes))
        case 9: return verifies(signature, SHA384.hash(data: bytes))
        case 10: return verifies(signature, SHA512.hash(data: bytes))
        default: return nil
        }
    }

    private func verifies(_ signature: OpenPGPSignature, _ digest: some Crypto.Digest) -> Bool? {
        var reader = OpenPGPReader(signature.integers)
        // The first two bytes of the digest stand in the signature for a quick look.
        guard digest.starts(with: signature.digestPrefix) else { return false }
        switch material {
        case .rsa(let modulus, let exponent):
            guard let key = RSAKey(modulus: modulus, exponent: exponent) else { return nil }
            guard let number = reader.integer(), reader.isAtEnd else { return false }
            return key.verifies(number, digest)
        case .ecdsa(let point, let width):
            guard let first = reader.integer(width: width), let second = reader.integer(width: width), reader.isAtEnd else { return false }
            return Self.verifies(point, width, first + second, digest)
        case .ed25519(let raw):
            guard let first = reader.integer(width: 32), let second = reader.integer(width: 32), reader.isAtEnd,
                let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw)
            else { return false }
            return key.isValidSignature(first + second, for: Array(digest))
        case .other: return nil
        }
    }

    private static func verifies(_ point: [UInt8], _ width: Int, _ signature: [UInt8], _ digest: some Crypto.Digest) -> Bool {
        let isValid: Bool?
        switch width {
        case 32:
            isValid = try? P256.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P256.Signing.ECDSASignature(rawRepresentation: signature), for: digest)
        case 48:
            isValid = try? P384.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P384.Signing.ECDSASignature(rawRepresentation: signature), for: digest)
        default:
            isValid = try? P521.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P521.Signing.ECDSASignature(rawRepresentation: signature), for: digest)
        }
        return isValid ?? false
    }
}
