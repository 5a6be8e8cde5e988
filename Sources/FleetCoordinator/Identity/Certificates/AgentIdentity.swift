// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Manifests
import SwiftASN1
import X509

/// Whose agent speaks: what its certificate says, once the signature on it has been found to be an authority's of ours.
///
/// The cluster and the epoch of its credentials stand in one URI among the certificate's names; the common name is for people.
struct AgentIdentity: Sendable, Hashable {
    var cluster: String
    /// The epoch of the cluster's credentials under which it was issued.
    var epoch: Int64
    /// When it was issued, to the millisecond: a revocation ends all that are not younger.
    var issuedAt: Timestamp
    var notBefore: Timestamp
    var notAfter: Timestamp
    /// Of the authority that has signed it.
    var authority: Digest
    /// In hex.
    var serial: String
    /// SHA-256 of the public key (DER, SubjectPublicKeyInfo).
    var key: Digest

    func isValid(at now: Timestamp) -> Bool { notBefore <= now && now < notAfter }

    static let scheme = "flotilla://cluster/"

    /// The name that carries the identity.
    static func uri(cluster: String, epoch: Int64, issuedAt: Timestamp) -> String {
        "\(scheme)\(URLText.encode(cluster))?epoch=\(epoch)&issued=\(issuedAt.milliseconds)"
    }

    private static func parse(_ uri: String) -> (cluster: String, epoch: Int64, issuedAt: Timestamp)? {
        guard uri.hasPrefix(scheme), uri.utf8.count <= 1_024 else { return nil }
        let parts = uri.dropFirst(scheme.count).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let cluster = URLText.decode(parts[0]), !cluster.isEmpty,
            let query = try? Query(parsing: String(parts[1])), query.values.count == 2,
            let epoch = query.values["epoch"].flatMap({ Int64($0) }), let issued = query.values["issued"].flatMap({ Int64($0) })
        else { return nil }
        return (cluster, epoch, Timestamp(milliseconds: issued))
    }

    /// Reads a peer's certificate; `nil` where no authority of ours has signed it, or it was not made for an agent.
    ///
    /// Agents' certificates are signed by an authority itself: no path is built, so that nobody below or beside it can make one. Whether
    /// the time is right, and whether it was revoked, is asked with every request.
    static func read(der: [UInt8], believing authorities: [Authority]) -> AgentIdentity? {
        guard der.count <= 32 << 10, let certificate = try? Certificate(derEncoded: der),
            let authority = authorities.first(where: { $0.hasIssued(certificate) })
        else { return nil }
        return read(certificate, authority: authority)
    }

    /// Reads a certificate that `authority` has signed.
    static func read(_ certificate: Certificate, authority: Authority) -> AgentIdentity? {
        guard case .notCertificateAuthority = try? certificate.extensions.basicConstraints,
            let usage = try? certificate.extensions.extendedKeyUsage, usage.contains(.clientAuth),
            let names = try? certificate.extensions.subjectAlternativeNames, names.count == 1,
            case .uniformResourceIdentifier(let uri)? = names.first, let said = parse(uri), let key = try? certificate.publicKey.digest
        else { return nil }
        return AgentIdentity(
            cluster: said.cluster, epoch: said.epoch, issuedAt: said.issuedAt, notBefore: Timestamp(certificate.notValidBefore),
            notAfter: Timestamp(certificate.notValidAfter), authority: authority.fingerprint,
            serial: KeyFolder.hex(certificate.serialNumber.bytes), key: key)
    }
}

extension Certificate.PublicKey {
    /// SHA-256 of the key in DER (SubjectPublicKeyInfo, RFC 5280 §4.1.2.7): how people compare keys.
    var digest: Digest {
        get throws { Digest.sha256(try serializeAsPEM().derBytes) }
    }
}
