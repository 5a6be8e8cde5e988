// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// `POST /agent/v1/enroll`: an agent without a certificate asks for its first one, vouched for by the one-time token.
package struct EnrolmentRequest: Sendable, Hashable {
    /// What `flotilla cluster enroll` gave out: good once, for one cluster, for a while.
    package var token: String
    /// A certificate request (PKCS #10, RFC 2986) in PEM; only its public key counts, and its signature proves that the agent has the key.
    package var certificateRequest: String
    /// The agent instance that asks, so that whoever approves by hand sees which one.
    package var instance: String

    package static let tokenBytesMax = 512
    package static let requestBytesMax = 16 << 10

    package init(token: String, certificateRequest: String, instance: String) {
        self.token = token
        self.certificateRequest = certificateRequest
        self.instance = instance
    }

    package var json: Value {
        .map([
            "certificateRequest": .string(certificateRequest), "instance": .string(instance), "token": .string(token),
        ])
    }

    package init(json value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        token = try fields.string("token", bytesMax: Self.tokenBytesMax)
        certificateRequest = try fields.string("certificateRequest", bytesMax: Self.requestBytesMax)
        instance = try fields.string("instance", bytesMax: 128)
    }
}

/// `POST /agent/v1/renew`: an agent asks for a new certificate for the key that it has, over a connection that the old one vouches for.
package struct RenewalRequest: Sendable, Hashable {
    /// As in `EnrolmentRequest`; its key must be that of the connection's certificate.
    package var certificateRequest: String

    package init(certificateRequest: String) { self.certificateRequest = certificateRequest }

    package var json: Value { .map(["certificateRequest": .string(certificateRequest)]) }

    package init(json value: Value) throws(ShapeError) {
        certificateRequest = try Fields(value).string("certificateRequest", bytesMax: EnrolmentRequest.requestBytesMax)
    }
}

/// What enrolment and renewal answer.
package enum CertificateAnswer: Sendable, Hashable {
    /// Somebody has to approve the enrolment first: the same request is to be sent again after so many seconds.
    case pending(retrySeconds: Int64)
    case issued(IssuedCertificate)

    package var json: Value {
        switch self {
        case .pending(let seconds): .map(["retrySeconds": .int(seconds), "state": "pending"])
        case .issued(let issued):
            .map([
                "authorities": .string(issued.authorities), "certificate": .string(issued.certificate),
                "expires": .string(issued.expires.rfc3339), "renewAfter": .string(issued.renewAfter.rfc3339), "state": "issued",
            ])
        }
    }

    package init(json value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        switch try fields.string("state") {
        case "pending": self = .pending(retrySeconds: try fields.int("retrySeconds"))
        case "issued":
            self = .issued(
                IssuedCertificate(
                    certificate: try fields.string("certificate", bytesMax: IssuedCertificate.bytesMax),
                    authorities: try fields.string("authorities", bytesMax: IssuedCertificate.bytesMax),
                    renewAfter: try fields.time("renewAfter"), expires: try fields.time("expires")))
        default: throw fields.failure("state", "expected 'pending' or 'issued'")
        }
    }
}

/// A cluster's certificate and whom its agent trusts from now on.
package struct IssuedCertificate: Sendable, Hashable {
    /// The agent's own certificate and the intermediates above it, in PEM, its own first.
    package var certificate: String
    /// The authorities by which the coordinator is known, in PEM; two while they are being exchanged.
    package var authorities: String
    /// When the agent begins to ask for the next one: well before it ends.
    package var renewAfter: Timestamp
    package var expires: Timestamp

    package static let bytesMax = 64 << 10

    package init(certificate: String, authorities: String, renewAfter: Timestamp, expires: Timestamp) {
        self.certificate = certificate
        self.authorities = authorities
        self.renewAfter = renewAfter
        self.expires = expires
    }
}
