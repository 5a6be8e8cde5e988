// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Crypto
import HTTPTransport
import Manifests
import PostgresClient
import SwiftASN1
import Testing
import X509

@testable import FleetCoordinator

/// An agent that talks to a served fleet over TLS, with a key of its own and, once it has one, a certificate.
struct ServedAgent: Sendable {
    let key: P256.Signing.PrivateKey
    var certificate: String?
    let client: HTTPClient
    let url: String

    static let headers = [(name: "Flotilla-Protocol", value: "1"), (name: "Content-Type", value: "application/json")]

    /// - Parameter trust: the authorities that it believes; those of the fleet by default.
    init(_ served: ServedFleet, key: P256.Signing.PrivateKey = P256.Signing.PrivateKey(), certificate: String? = nil, trust: String? = nil)
    {
        self.key = key
        self.certificate = certificate
        url = served.agentURL
        let authorities = trust ?? served.web.listener.authorities.current.bundle
        var settings = TrustSettings(certificateAuthority: Array(authorities.utf8))
        if let certificate {
            settings.clientCertificate = Array(certificate.utf8)
            settings.clientKey = Array(key.pemRepresentation.utf8)
        }
        client = HTTPClient(configuration: .init(trust: settings), sharingThreadOf: served.client)
    }

    /// A certificate request for `key`, signed by `signer` where that is another one.
    static func request(
        for key: P256.Signing.PrivateKey, signedBy signer: P256.Signing.PrivateKey? = nil, commonName: String = "whatever"
    ) throws -> String {
        let subject = try DistinguishedName { CommonName(commonName) }
        let honest = try CertificateSigningRequest(
            version: .v1, subject: subject, privateKey: Certificate.PrivateKey(key), attributes: CertificateSigningRequest.Attributes(),
            signatureAlgorithm: .ecdsaWithSHA256)
        guard let signer else { return try honest.serializeAsPEM().pemString }
        let other = try CertificateSigningRequest(
            version: .v1, subject: subject, privateKey: Certificate.PrivateKey(signer), attributes: CertificateSigningRequest.Attributes(),
            signatureAlgorithm: .ecdsaWithSHA256)
        return try CertificateSigningRequest(
            version: .v1, subject: subject, publicKey: Certificate.PrivateKey(key).publicKey,
            attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: .ecdsaWithSHA256, signature: other.signature
        ).serializeAsPEM().pemString
    }

    func post(_ path: String, _ body: Value) async throws -> ServedFleet.Answer { try await send("POST", path, body: JSON.write(body)) }

    func send(
        _ method: String, _ path: String, headers: [(name: String, value: String)] = Self.headers, body: [UInt8] = [],
        acceptGzip: Bool = false
    ) async throws -> ServedFleet.Answer {
        let response = try await client.send(
            HTTPRequest(method: method, url: url + path, headers: headers, body: body, deadline: .seconds(30), acceptGzip: acceptGzip))
        return ServedFleet.Answer(status: response.status, headers: .init(all: response.headers), body: response.body)
    }

    func enroll(_ token: String, request: String? = nil, instance: String = "first") async throws -> ServedFleet.Answer {
        try await post(
            "/agent/v1/enroll",
            EnrolmentRequest(
                token: token, certificateRequest: try request ?? Self.request(for: key), instance: instance
            ).json)
    }

    func renew(request: String? = nil) async throws -> ServedFleet.Answer {
        try await post("/agent/v1/renew", RenewalRequest(certificateRequest: try request ?? Self.request(for: key)).json)
    }

    func poll(_ instance: String = "first", waitSeconds: Int = 0) async throws -> ServedFleet.Answer {
        try await post(
            "/agent/v1/poll",
            PollRequest(instance: instance, agentVersion: "1", kubernetesVersion: "", waitSeconds: waitSeconds, held: []).json)
    }
}

extension ServedFleet {
    /// The agent of a cluster, with a certificate of the fleet's own authority.
    func agent(
        _ cluster: String, epoch: Int64 = 0, authority: Authority? = nil, key: P256.Signing.PrivateKey = P256.Signing.PrivateKey(),
        trust: String? = nil
    ) throws -> ServedAgent {
        let now = fleet.time.now
        let made = try AgentCertificate.issue(
            by: authority ?? web.listener.authorities.issuing(at: now), to: ProvenKey(request: ServedAgent.request(for: key)),
            cluster: cluster, epoch: epoch, lifetime: AgentCertificate.lifetimeDefault, at: now)
        return ServedAgent(self, key: key, certificate: made.chain, trust: trust)
    }

    /// The same agent with the certificate that an answer has brought.
    func agent(_ agent: ServedAgent, _ answer: Answer) throws -> ServedAgent {
        guard case .issued(let issued) = try CertificateAnswer(json: answer.json) else {
            throw ShapeError(path: "state", message: "no certificate was issued: \(answer.text)")
        }
        return ServedAgent(self, key: agent.key, certificate: issued.certificate, trust: issued.authorities)
    }

    /// A fresh one-time token, as the administrator gets it.
    func token(_ cluster: String, _ body: Value = [:]) async throws -> String {
        let opened = try await post("/api/v1/clusters/\(cluster)/enrollments", body)
        return try #require(opened.json["token"]?.string)
    }

    /// The newest event of a kind.
    func event(_ kind: String) async throws -> FleetEvent? {
        try await fleet.store.database.read { session in
            try EventRows.page(session, .everything, EventRows.Filter(), before: nil, limit: 200).first { $0.kind == kind }
        }
    }
}
