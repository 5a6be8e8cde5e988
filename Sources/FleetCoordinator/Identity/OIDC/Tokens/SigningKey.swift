// SPDX-License-Identifier: Apache-2.0
import JWTKit
import Manifests

/// A provider's public key for signatures, from its key set (RFC 7517).
struct SigningKey: Sendable {
    enum Material: Sendable {
        case rsa(Insecure.RSA.PublicKey)
        case p256(ES256PublicKey)
        case p384(ES384PublicKey)
        case p521(ES512PublicKey)
        case ed25519(EdDSA.PublicKey)
    }

    var identifier: String?
    /// The one algorithm that the key is for, where the provider says so.
    var algorithm: TokenAlgorithm?
    var material: Material

    static let setMax = 64
    static let setBytesMax = 512 << 10

    /// The keys that can be used. Others are passed over, as RFC 7517 §5 wants it; a set with a secret in it is refused.
    static func set(_ document: Value) throws(ProviderRefusal) -> [SigningKey] {
        guard let items = document["keys"]?.list else { throw ProviderRefusal(.untrusted, "the provider's key set has no 'keys'") }
        guard items.count <= setMax else { throw ProviderRefusal(.untrusted, "the provider's key set has more than \(setMax) keys") }
        var keys: [SigningKey] = []
        for item in items {
            guard item["kty"]?.string != "oct", !["d", "p", "q", "dp", "dq", "qi", "oth", "k"].contains(where: { item[$0] != nil }) else {
                throw ProviderRefusal(
                    .untrusted, "the provider's key set has a secret or private key in it",
                    hint: "whoever reads that can sign as the provider: its keys have to be replaced")
            }
            if let key = SigningKey(item) { keys.append(key) }
        }
        return keys
    }

    private init?(_ item: Value) {
        guard item["use"] == nil || item["use"]?.string == "sig" else { return nil }
        if let operations = item["key_ops"]?.list, !operations.contains("verify") { return nil }
        if let text = item["alg"]?.string {
            guard let named = TokenAlgorithm(rawValue: text) else { return nil }
            algorithm = named
        }
        identifier = item["kid"]?.string
        guard let material = try? Self.material(item) else { return nil }
        self.material = material
        guard algorithm.map({ fits($0) }) != false else { return nil }
    }

    private static func material(_ item: Value) throws -> Material? {
        func bytes(_ name: String, _ counts: ClosedRange<Int>) -> String? {
            guard let text = item[name]?.string, let bytes = Base64URL.decode(text), counts.contains(bytes.count) else { return nil }
            return text
        }
        switch (item["kty"]?.string, item["crv"]?.string) {
        case ("RSA", _):
            guard let modulus = bytes("n", 256...1_025), let exponent = bytes("e", 1...4) else { return nil }
            return .rsa(try Insecure.RSA.PublicKey(modulus: modulus, exponent: exponent))
        case ("EC", "P-256"):
            guard let x = bytes("x", 32...32), let y = bytes("y", 32...32) else { return nil }
            return .p256(try ES256PublicKey(parameters: (x, y)))
        case ("EC", "P-384"):
            guard let x = bytes("x", 48...48), let y = bytes("y", 48...48) else { return nil }
            return .p384(try ES384PublicKey(parameters: (x, y)))
        case ("EC", "P-521"):
            guard let x = bytes("x", 66...66), let y = bytes("y", 66...66) else { return nil }
            return .p521(try ES512PublicKey(parameters: (x, y)))
        case ("OKP", "Ed25519"):
            guard let x = bytes("x", 32...32) else { return nil }
            return .ed25519(try EdDSA.PublicKey(x: x, curve: .ed25519))
        default: return nil
        }
    }

    /// Whether signatures of this kind can be by this key: its type decides, and what the provider says it is for.
    func fits(_ wanted: TokenAlgorithm) -> Bool {
        if let algorithm, algorithm != wanted { return false }
        switch (material, wanted) {
        case (.rsa, .rs256), (.rsa, .rs384), (.rsa, .rs512), (.rsa, .ps256), (.rsa, .ps384), (.rsa, .ps512), (.p256, .es256),
            (.p384, .es384), (.p521, .es512), (.ed25519, .edDSA):
            return true
        default: return false
        }
    }

    /// Whether the signature is by this key. The algorithm must fit.
    func verifies(_ signature: [UInt8], of bytes: [UInt8], _ algorithm: TokenAlgorithm) async -> Bool {
        guard fits(algorithm) else { return false }
        // One key alone, so that there is nothing to choose from.
        let keys = JWTKeyCollection()
        switch (material, algorithm) {
        case (.rsa(let key), .rs256): await keys.add(rsa: key, digestAlgorithm: .sha256)
        case (.rsa(let key), .rs384): await keys.add(rsa: key, digestAlgorithm: .sha384)
        case (.rsa(let key), .rs512): await keys.add(rsa: key, digestAlgorithm: .sha512)
        case (.rsa(let key), .ps256): await keys.add(pss: key, digestAlgorithm: .sha256)
        case (.rsa(let key), .ps384): await keys.add(pss: key, digestAlgorithm: .sha384)
        case (.rsa(let key), .ps512): await keys.add(pss: key, digestAlgorithm: .sha512)
        case (.p256(let key), .es256): await keys.add(ecdsa: key)
        case (.p384(let key), .es384): await keys.add(ecdsa: key)
        case (.p521(let key), .es512): await keys.add(ecdsa: key)
        case (.ed25519(let key), .edDSA): await keys.add(eddsa: key)
        default: return false
        }
        guard let verifier = try? await keys.getKey(), verifier.name == algorithm.rawValue else { return false }
        return (try? verifier.verify(signature, signs: bytes)) == true
    }

    /// The one key that a token's header can mean; `nil` where there is none, or more than one.
    static func choose(from keys: [SigningKey], identifier: String?, _ algorithm: TokenAlgorithm) -> SigningKey? {
        let fitting = keys.filter { $0.fits(algorithm) }
        var candidates = fitting
        if let identifier {
            candidates = fitting.filter { $0.identifier == identifier }
            if candidates.isEmpty { candidates = fitting.filter { $0.identifier == nil } }
        }
        return candidates.count == 1 ? candidates.first : nil
    }
}
