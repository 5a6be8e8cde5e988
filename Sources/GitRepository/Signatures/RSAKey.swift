// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import CryptoExtras

/// A public RSA key that checks PKCS #1 v1.5 signatures.
struct RSAKey {
    private let key: _RSA.Signing.PublicKey
    private let width: Int

    /// Bits that a modulus has at least and at most: smaller ones can be broken, larger ones cost too much time.
    private static let bits = 2_048...8_192

    /// Takes big-endian numbers; `nil` for ones that are no usable key.
    init?(modulus: [UInt8], exponent: [UInt8]) {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard let first = modulus.first, Self.bits.contains(modulus.count * 8 - first.leadingZeroBitCount),
            (1...8).contains(exponent.count),
            let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent)
        else { return nil }
        self.key = key
        width = modulus.count
    }

    /// Whether `signature`, a big-endian number, is one of this digest.
    func verifies(_ signature: [UInt8], _ digest: some Crypto.Digest) -> Bool {
        let digits = Array(signature.drop { $0 == 0 })
        guard digits.count <= width else { return false }
        let bytes = [UInt8](repeating: 0, count: width - digits.count) + digits
        return key.isValidSignature(_RSA.Signing.RSASignature(rawRepresentation: bytes), for: digest, padding: .insecurePKCS1v1_5)
    }
}
