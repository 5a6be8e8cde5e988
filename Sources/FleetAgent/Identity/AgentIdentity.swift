// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// Who a cluster's agent is to the coordinator: a key with its certificate, and the key that an enrolment is about, while there is one.
struct AgentIdentity: Sendable, Hashable {
    /// A key with the certificate that was issued for it.
    struct Held: Sendable, Hashable {
        var key: SigningKey
        var issued: IssuedCertificate
        /// Of the token that it was had for: that one is spent.
        var token: Digest?

        fileprivate var age: (Timestamp, Timestamp) {
            ((try? CertificateFacts(pem: issued.certificate))?.begins ?? Timestamp(milliseconds: .min), issued.expires)
        }
    }

    var cluster: String
    var held: Held?
    /// Made for an enrolment, and kept before the coordinator hears of it: a token is good for one key only.
    var candidate: SigningKey?

    static let format = "flotilla.dev/identity/v1"
    static let bytesMax = 512 << 10

    init(cluster: String, held: Held? = nil, candidate: SigningKey? = nil) {
        self.cluster = cluster
        self.held = held
        self.candidate = candidate
    }

    /// What is to be known of two that were kept in different places: of the certificates the one that was issued later, and as the key of
    /// an enrolment that of `other`, which all agents of the cluster see.
    func merged(with other: AgentIdentity) -> AgentIdentity {
        var merged = self
        merged.held = [held, other.held].compactMap(\.self).max { $0.age < $1.age }
        merged.candidate = other.candidate ?? candidate
        if merged.candidate == merged.held?.key { merged.candidate = nil }
        return merged
    }

    // MARK: As it is kept

    /// A secret.
    var bytes: [UInt8] {
        var map: Map = ["format": .string(Self.format), "cluster": .string(cluster)]
        if let held {
            var certificate: Map = [
                "key": .string(held.key.pem), "certificate": .string(held.issued.certificate),
                "authorities": .string(held.issued.authorities), "renewAfter": .string(held.issued.renewAfter.rfc3339),
                "expires": .string(held.issued.expires.rfc3339),
            ]
            if let token = held.token { certificate["token"] = .string(token.description) }
            map["held"] = .map(certificate)
        }
        if let candidate { map["candidate"] = .string(candidate.pem) }
        return Canonical.bytes(.map(map))
    }

    /// - Returns: `nil` for what is damaged, or of a format of a later version.
    init?(bytes: [UInt8]) {
        guard let value = try? JSON.read(bytes), value["format"]?.string == Self.format, let cluster = value["cluster"]?.string else {
            return nil
        }
        self.init(cluster: cluster)
        if let map = value["held"] {
            guard let key = map["key"]?.string.flatMap({ SigningKey(pem: $0) }), let certificate = map["certificate"]?.string,
                let authorities = map["authorities"]?.string, let renew = map["renewAfter"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
                let expires = map["expires"]?.string.flatMap({ Timestamp(rfc3339: $0) })
            else { return nil }
            held = Held(
                key: key,
                issued: IssuedCertificate(certificate: certificate, authorities: authorities, renewAfter: renew, expires: expires),
                token: map["token"]?.string.flatMap { Digest($0) })
        }
        if let pem = value["candidate"]?.string {
            guard let key = SigningKey(pem: pem) else { return nil }
            candidate = key
        }
    }

    /// What nobody else may see.
    var secrets: Plaintexts {
        var secrets = Plaintexts()
        for key in [held?.key, candidate].compactMap(\.self) {
            secrets.insert(key.pem)
            // Also as one line, or without its frame.
            if let bytes = PEM.first("PRIVATE KEY", in: key.pem) { secrets.insert(bytes) }
        }
        return secrets
    }
}

extension AgentIdentity: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "the identity of \(cluster)'s agent" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["cluster": cluster]) }
}
