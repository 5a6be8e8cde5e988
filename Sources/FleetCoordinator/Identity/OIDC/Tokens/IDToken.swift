// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A provider's statement of who has signed in (OpenID Connect Core 1.0 §2), taken apart, and believed only once all of it was checked.
struct IDToken: Sendable {
    let algorithm: TokenAlgorithm
    let keyIdentifier: String?
    let claims: Value
    /// What the signature is of.
    let signed: [UInt8]
    let signature: [UInt8]

    static let bytesMax = 64 << 10
    /// How far clocks may be apart.
    static let skewMilliseconds: Int64 = 60_000
    private static let limits = Limits(bytesMax: bytesMax, depthMax: 16, aliasesMax: 0, documentsMax: 1)

    /// What a token has to say to be meant for this sign-in.
    struct Expectation: Sendable {
        var issuer: String
        var clientID: String
        var audiences: [String] = []
        /// `nil` in flows that have none.
        var nonce: String?
        /// It may not have been made before this.
        var notBefore: Timestamp?
        /// Where one came along, and the token says its digest, they have to go together.
        var accessToken: String?
    }

    /// Takes a token apart; whatever is not signed by one of `TokenAlgorithm` goes no further.
    init(_ text: String) throws(ProviderRefusal) {
        guard text.utf8.count <= Self.bytesMax else { throw Self.refusal("is larger than \(Self.bytesMax) bytes") }
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64URL.decode(parts[0]), let header = try? JSON.read(headerBytes, limits: Self.limits),
            header.map != nil
        else { throw Self.refusal("is no signed token") }
        guard let named = header["alg"]?.string, let algorithm = TokenAlgorithm(rawValue: named) else {
            throw Self.refusal(
                "is not signed, or by an algorithm that is not accepted",
                hint: "accepted are \(TokenAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard header["crit"] == nil, header["b64"] == nil else { throw Self.refusal("has extensions that are not known") }
        if let key = header["kid"] {
            guard let identifier = key.string, identifier.utf8.count <= 1_024 else { throw Self.refusal("names its key as no text") }
            keyIdentifier = identifier
        } else {
            keyIdentifier = nil
        }
        guard let payload = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2]), !signature.isEmpty,
            let claims = try? JSON.read(payload, limits: Self.limits), claims.map != nil
        else { throw Self.refusal("is no signed token") }
        self.algorithm = algorithm
        self.claims = claims
        self.signature = signature
        signed = Array(parts[0]) + [UInt8(ascii: ".")] + Array(parts[1])
    }

    /// Checks the signature, by one of the provider's keys.
    func verify(_ keys: [SigningKey]) async throws(ProviderRefusal) {
        guard let key = SigningKey.choose(from: keys, identifier: keyIdentifier, algorithm) else {
            throw Self.refusal("is signed by a key that is not among the provider's, or that cannot be told from others there")
        }
        guard await key.verifies(signature, of: signed, algorithm) else { throw Self.refusal("has a signature that is not the provider's") }
    }

    /// Checks what it says (OpenID Connect Core 1.0 §3.1.3.7).
    func check(_ expected: Expectation, at now: Timestamp) throws(ProviderRefusal) {
        guard claims["iss"]?.string == expected.issuer else { throw Self.refusal("is from another issuer") }
        guard let subject = claims["sub"]?.string, (1...255).contains(subject.utf8.count) else {
            throw Self.refusal("is of nobody: no 'sub'")
        }
        try checkAudience(expected)
        guard let expires = try time("exp"), let issued = try time("iat") else { throw Self.refusal("does not say when it ends and began") }
        guard expires + Self.skewMilliseconds > now.milliseconds else {
            throw Self.refusal("has run out", hint: "if it was just made, this machine's clock is wrong")
        }
        let latest = now.milliseconds + Self.skewMilliseconds
        guard issued <= latest, try time("nbf") ?? 0 <= latest else {
            throw Self.refusal("is from the future", hint: "this machine's clock, or the provider's, is wrong")
        }
        if let notBefore = expected.notBefore, issued < notBefore.milliseconds - Self.skewMilliseconds {
            throw Self.refusal("is older than this sign-in")
        }
        if let nonce = expected.nonce {
            guard let own = claims["nonce"]?.string, ConstantTime.equal(own, nonce) else { throw Self.refusal("is not of this sign-in") }
        }
        if let accessToken = expected.accessToken, let hash = claims["at_hash"] {
            guard let hash = hash.string, ConstantTime.equal(hash, algorithm.halfDigest(accessToken)) else {
                throw Self.refusal("goes with another access token")
            }
        }
    }

    private func checkAudience(_ expected: Expectation) throws(ProviderRefusal) {
        let audiences: [String]
        switch claims["aud"] {
        case .string(let one)?: audiences = [one]
        case .list(let several)?:
            audiences = several.compactMap(\.string)
            guard audiences.count == several.count else { throw Self.refusal("has audiences that are no texts") }
        default: throw Self.refusal("is for no audience")
        }
        guard audiences.contains(expected.clientID) else { throw Self.refusal("is meant for another client") }
        guard audiences.allSatisfy({ $0 == expected.clientID || expected.audiences.contains($0) }) else {
            throw Self.refusal("is meant for others too", hint: "those that may are listed as 'audiences' in the file of providers")
        }
        let party = claims["azp"]
        guard audiences.count == 1 || party != nil else { throw Self.refusal("is for several, and does not say who asked for it") }
        guard party == nil || party?.string == expected.clientID else { throw Self.refusal("was asked for by another client") }
    }

    /// A time in milliseconds; `nil` where there is none.
    private func time(_ name: String) throws(ProviderRefusal) -> Int64? {
        guard let value = claims[name], !value.isNull else { return nil }
        guard let seconds = value.double, seconds >= 0, seconds < 1e11 else { throw Self.refusal("has a time that is none") }
        return Int64(seconds * 1_000)
    }

    private static func refusal(_ what: String, hint: String? = nil) -> ProviderRefusal {
        ProviderRefusal(.untrusted, "the identity provider's token \(what)", hint: hint)
    }
}

/// Comparisons that take as long wherever texts differ.
enum ConstantTime {
    static func equal(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | $1.0 ^ $1.1 } == 0
    }
}
