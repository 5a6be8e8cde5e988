// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Crypto
import CryptoExtras
import Manifests
import PostgresClient
import SwiftASN1
import Testing
import X509

@testable import FleetCoordinator

@Suite("Enrolment of agents, over TLS") struct EnrolmentTests {
    @Test("a one-time token gives one key one certificate, however often it asks")
    func onceForOneKey() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge", "other"])
            let opened = try await served.post("/api/v1/clusters/edge/enrollments")
            #expect(opened.status == 201 && opened.json["agentUrl"]?.string == served.agentURL)
            #expect(opened.json["authorities"]?.string == served.web.listener.authorities.current.bundle)
            let token = try #require(opened.json["token"]?.string)
            let newcomer = ServedAgent(served)
            let first = try await newcomer.enroll(token)
            #expect(first.status == 200)
            let agent = try served.agent(newcomer, first)
            #expect(try await agent.poll().status == 200)
            // The answer was lost: the same key gets the same certificate.
            let again = try await newcomer.enroll(token)
            #expect(again.json == first.json)

            // Whoever else has the token gets nothing, and it is told.
            let thief = try await ServedAgent(served).enroll(token, instance: "thief")
            #expect(thief.status == 401 && thief.code == "enrolment-refused")
            let event = try #require(try await served.event("enrollmentReplayed"))
            #expect(event.severity == .error && event.cluster == "edge" && event.message.contains("thief"))
            #expect(!event.message.contains(token))
            let audited = try await served.audited("agent.enroll")
            #expect(audited.map(\.outcome) == ["denied", "done"] && audited.allSatisfy { $0.target == "cluster edge" })
            #expect(try await served.audited("cluster.enroll").first?.actor == "administrator")
            // Still good for whom it was meant.
            #expect(try await newcomer.enroll(token).json == first.json)

            // The token is nowhere in the database.
            let kept = try await served.fleet.store.database.read {
                try $0.query("select count(*) as count from enrollments e where e::text like '%' || $1 || '%'", [.text(token)])
                    .first?.int64("count")
            }
            #expect(kept == 0)
            let listed = try await served.get("/api/v1/enrollments").json
            #expect(listed.at("items")?.list?.first?["state"] == "issued" && !JSON.text(listed).contains(token))
        }
    }

    @Test("bad tokens look alike, whatever is wrong with them")
    func refusals() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge", "gone"])
            let late = try await served.token("edge", ["expiresSeconds": 60])
            let revoked = try await served.token("edge")
            let orphaned = try await served.token("gone")
            #expect(try await served.post("/api/v1/clusters/edge/revoke", ["reason": "test"]).status == 200)
            let fresh = try await served.token("edge", ["expiresSeconds": 60])
            try await served.declare(["edge"])
            served.fleet.time.advance(by: .seconds(61))
            let agent = ServedAgent(served)
            var answers: [ServedFleet.Answer] = []
            for token in [late, revoked, orphaned, fresh, "flotilla-enroll-" + String(repeating: "0", count: 64)] {
                answers.append(try await agent.enroll(token))
            }
            #expect(answers.allSatisfy { $0.status == 401 } && Set(answers.map(\.text)).count == 1)
            for seconds in [59, 604_801] as [Int64] {
                let refused = try await served.post("/api/v1/clusters/edge/enrollments", ["expiresSeconds": .int(seconds)])
                #expect(refused.status == 422)
            }
            #expect(try await served.post("/api/v1/clusters/gone/enrollments").status == 404)
            #expect(try await served.post("/api/v1/clusters/nowhere/enrollments").status == 404)
            // Who tries too often waits.
            for _ in 0..<AgentEnrolment.failuresMax { _ = try await agent.enroll("flotilla-enroll-0") }
            let stopped = try await agent.enroll("flotilla-enroll-0")
            #expect(stopped.status == 429 && stopped.headers["Retry-After"] != nil)
            served.fleet.time.advance(by: .seconds(60))
            #expect(try await agent.enroll("flotilla-enroll-0").status == 401)
        }
    }

    @Test("of a certificate request only its key counts, and only one that has signed it")
    func requests() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge", "other"])
            let token = try await served.token("edge")
            let agent = ServedAgent(served)
            let forged = try ServedAgent.request(for: agent.key, signedBy: P256.Signing.PrivateKey())
            let curve = P521.Signing.PrivateKey()
            let large = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName {}, privateKey: Certificate.PrivateKey(curve),
                attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: .ecdsaWithSHA512
            ).serializeAsPEM().pemString
            let weak = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName {},
                privateKey: Certificate.PrivateKey(_RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1_024))),
                attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: .sha256WithRSAEncryption
            ).serializeAsPEM().pemString
            for request in [forged, large, weak, "", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"] {
                let refused = try await agent.enroll(token, request: request)
                #expect(refused.status == 422 && refused.code == "invalid-request")
            }
            #expect(try await agent.post("/agent/v1/enroll", ["token": "x"]).status == 422)
            let huge = String(repeating: "x", count: EnrolmentRoutes.bodyMax)
            #expect(try await agent.enroll(token, request: huge).status == 413)
            // None of that has used the token up; and what the request calls itself is nothing.
            let issued = try await agent.enroll(token, request: ServedAgent.request(for: agent.key, commonName: "other"))
            guard case .issued(let certificate) = try CertificateAnswer(json: issued.json) else {
                Issue.record("not issued: \(issued.text)")
                return
            }
            let authority = try #require(served.web.listener.authorities.current.all.first)
            let parsed = try Certificate(pemEncoded: certificate.certificate)
            let identity = try #require(AgentIdentity.read(parsed, authority: authority))
            #expect(identity.cluster == "edge" && identity.epoch == 0)
            #expect(identity.notAfter == certificate.expires)
            #expect(identity.notBefore < identity.issuedAt && certificate.renewAfter < certificate.expires)
        }
    }

    @Test("an agent that needs approval waits for it, with the key that it came with")
    func approval() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge"])
            let token = try await served.token("edge", ["requireApproval": true])
            #expect(try await served.post("/api/v1/clusters/edge/enrollments/approve").status == 404)
            let agent = ServedAgent(served)
            for _ in 0..<2 {
                #expect(try CertificateAnswer(json: try await agent.enroll(token).json) == .pending(retrySeconds: 5))
            }
            #expect(try await ServedAgent(served).enroll(token).status == 401)
            let waiting = try await served.get("/api/v1/enrollments?cluster=edge").json.at("items")?.list?.first
            let fingerprint = try #require(waiting?["fingerprint"]?.string)
            #expect(fingerprint == "\(try Certificate.PrivateKey(agent.key).publicKey.digest)" && waiting?["state"] == "pending")
            let other = try await served.post("/api/v1/clusters/edge/enrollments/approve", ["fingerprint": "sha256:00000000"])
            #expect(other.status == 409 && other.code == "other-key")

            let second = try await served.token("edge", ["requireApproval": true])
            #expect(try await ServedAgent(served).enroll(second).status == 200)
            #expect(try await served.post("/api/v1/clusters/edge/enrollments/approve").code == "several-wait")
            let approved = try await served.post(
                "/api/v1/clusters/edge/enrollments/approve", ["fingerprint": .string(fingerprint), "reason": "compared"])
            #expect(approved.status == 200 && approved.json["state"] == "approved" && approved.json["approvedBy"] == "administrator")
            let issued = try await agent.enroll(token)
            #expect(try await served.agent(agent, issued).poll().status == 200)
            #expect(try await served.audited("cluster.approve").count == 1)
            #expect(try await served.event("enrollmentApproved")?.actor == "administrator")
        }
    }

    @Test("a certificate is renewed for its own key and cluster only, while it is good")
    func renewal() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge", "other"])
            let agent = try served.agent("edge")
            served.fleet.time.advance(by: .seconds(16 * 3_600))
            let answer = try await agent.renew(request: ServedAgent.request(for: agent.key, commonName: "other"))
            let renewed = try served.agent(agent, answer)
            served.fleet.time.advance(by: .seconds(10 * 3_600))
            // The old one has ended meanwhile, the new one has not.
            let ended = try await agent.poll()
            #expect(ended.status == 401 && ended.code == "certificate-expired")
            #expect(try await agent.renew().status == 401)
            #expect(try await renewed.poll().status == 200)
            let authority = try #require(served.web.listener.authorities.current.all.first)
            let certificate = try Certificate(pemEncoded: renewed.certificate ?? "")
            #expect(AgentIdentity.read(certificate, authority: authority)?.cluster == "edge")

            let foreign = try await renewed.renew(request: ServedAgent.request(for: P256.Signing.PrivateKey()))
            #expect(foreign.status == 403 && foreign.code == "other-key")
            #expect(try await served.event("renewalRefused")?.severity == .error)
            #expect(try await served.audited("agent.renew").map(\.outcome) == ["denied", "done"])
            // Nobody renews without a certificate, nor with a token.
            #expect(try await ServedAgent(served).renew().status == 401)

            #expect(try await served.post("/api/v1/clusters/edge/revoke", ["reason": "test"]).json["certificates"] == 1)
            #expect(try await renewed.renew().code == "certificate-revoked")
        }
    }
}
