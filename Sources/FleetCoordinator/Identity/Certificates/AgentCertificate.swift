// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Crypto
import CryptoExtras
import HTTPTypes
import Manifests
import SwiftASN1
import X509

/// A public key that an agent has shown to be its own. Nothing else of a certificate request counts: not its subject, not its extensions.
struct ProvenKey: Sendable {
    let key: Certificate.PublicKey
    let digest: Manifests.Digest

    static let rsaBitsMin = 2_048
    private static let rsaBitsMax = 8_192

    /// Checks a certificate request (PKCS #10) in PEM.
    init(request text: String) throws(APIFailure) {
        func invalid(_ reason: String) -> APIFailure {
            APIFailure(.unprocessableContent, "invalid-request", "the certificate request \(reason)")
        }
        guard text.utf8.count <= EnrolmentRequest.requestBytesMax, let request = try? CertificateSigningRequest(pemEncoded: text) else {
            throw invalid("is no PKCS #10 request in PEM")
        }
        guard Self.isAccepted(request.publicKey) else {
            throw invalid("has a key of a kind that is not accepted: P-256, P-384, Ed25519, or RSA of at least \(Self.rsaBitsMin) bits")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request), let digest = try? request.publicKey.digest else {
            throw invalid("is not signed by its own key")
        }
        key = request.publicKey
        self.digest = digest
    }

    private static func isAccepted(_ key: Certificate.PublicKey) -> Bool {
        if P256.Signing.PublicKey(key) != nil || P384.Signing.PublicKey(key) != nil || Curve25519.Signing.PublicKey(key) != nil {
            return true
        }
        guard let rsa = _RSA.Signing.PublicKey(key) else { return false }
        return (rsaBitsMin...rsaBitsMax).contains(rsa.keySizeInBits)
    }
}

/// A certificate for a cluster's agent, as it was made.
struct AgentCertificate: Sendable {
    let identity: AgentIdentity
    /// The certificate and, where the authority is not a root, those above it, in PEM.
    let chain: String
    /// When the agent is to ask for the next one.
    let renewAfter: Timestamp

    static let lifetimeDefault = Duration.seconds(86_400)

    /// Signs a certificate for a cluster.
    /// - Parameter lifetime: from now on; it begins a little earlier, for clocks that are behind.
    static func issue(
        by authority: Authority, to key: ProvenKey, cluster: String, epoch: Int64, lifetime: Duration, at now: Timestamp
    ) throws -> AgentCertificate {
        let certificate = try authority.issue(
            to: key.key, commonName: cluster, from: now - Authority.skew, until: now + lifetime, usage: .clientAuth,
            names: [.uniformResourceIdentifier(AgentIdentity.uri(cluster: cluster, epoch: epoch, issuedAt: now))])
        guard let identity = AgentIdentity.read(certificate, authority: authority) else {
            throw Authority.Failure.unusable("a certificate for '\(cluster)' could not be made")
        }
        return AgentCertificate(
            identity: identity, chain: try certificate.serializeAsPEM().pemString + "\n" + authority.above,
            renewAfter: renewal(of: identity))
    }

    /// Two thirds of the time that it has: the last third is for whatever keeps the agent from asking.
    static func renewal(of identity: AgentIdentity) -> Timestamp {
        let length = identity.notAfter.milliseconds - identity.issuedAt.milliseconds
        return Timestamp(milliseconds: identity.issuedAt.milliseconds + length / 3 * 2)
    }
}

extension Authority {
    /// What stands between its certificates and whom they are believed for, in PEM: empty for one that vouches for itself.
    var above: String { certificate.issuer == certificate.subject ? "" : chain }
}
