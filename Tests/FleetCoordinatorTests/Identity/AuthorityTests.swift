// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Crypto
import Glibc
import HTTPTransport
import Manifests
import SwiftASN1
import Testing
import Threads
import X509

@testable import FleetCoordinator

@Suite("Authorities of agents' certificates") struct AuthorityTests {
    private static func folder() -> String { "/tmp/flotilla-authorities-\(getpid())-\(UInt64.random(in: .min ... .max))" }

    /// A root, and an intermediate below it, as a company might keep them.
    private static func intermediate(at now: Timestamp) throws -> (chain: String, key: String, root: Certificate) {
        func make(
            _ name: String, _ key: P256.Signing.PrivateKey, _ issuer: (name: DistinguishedName, key: P256.Signing.PrivateKey)?, path: Int
        ) throws -> Certificate {
            let subject = try DistinguishedName { CommonName(name) }
            return try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
                notValidBefore: now.date, notValidAfter: (now + .seconds(86_400 * 365)).date, issuer: issuer?.name ?? subject,
                subject: subject,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: path))
                    Critical(KeyUsage(keyCertSign: true))
                    SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
                }, issuerPrivateKey: Certificate.PrivateKey(issuer?.key ?? key))
        }
        let (rootKey, key) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let root = try make("Company root", rootKey, nil, path: 1)
        let own = try make("Fleet intermediate", key, (root.subject, rootKey), path: 0)
        let chain = try [own, root].map { try $0.serializeAsPEM().pemString + "\n" }.joined()
        return (chain, key.pemRepresentation, root)
    }

    @Test("one is made at the first start, for its owner only, and found at the next")
    func firstStart() throws {
        let path = Self.folder()
        let time = HandTime()
        let first = try Authorities(folder: path, time: time.wall)
        let authority = try #require(first.current.all.first)
        #expect(first.current.all.count == 1)
        #expect(authority.notAfter.seconds - time.now.seconds == 3_650 * 86_400)
        #expect(try authority.certificate.extensions.basicConstraints == .isCertificateAuthority(maxPathLength: 0))
        #expect(FileStatus(path: "\(path)/0001.pem")?.permissions == 0o600)
        #expect(FileStatus(path: path)?.permissions == 0o700)
        #expect(try Authorities(folder: path, time: time.wall).current.all.map(\.fingerprint) == [authority.fingerprint])
        #expect(try !first.reload())
        // Bodies that are no authority's are refused, and what was in force stays so.
        #expect(throws: Authority.Failure.self) { try Authority(pem: "nothing") }
        let other = try Authority.make(at: time.now)
        let mixed =
            authority.chain
            + other.split(separator: "-----BEGIN PRIVATE KEY").dropFirst().map { "-----BEGIN PRIVATE KEY" + $0 }
            .joined()
        #expect(throws: Authority.Failure.self) { try Authority(pem: mixed) }
        let stray = open("\(path)/0002.pem", O_WRONLY | O_CREAT, 0o600)
        close(stray)
        #expect(throws: KeyFolder.Failure.self) { try first.reload() }
        #expect(first.current.all.count == 1)
    }

    @Test("the newest issues, all are believed, and one is retired when nothing of it is good any more")
    func exchange() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge"])
            let (authorities, time) = (served.web.listener.authorities, served.fleet.time)
            // Another coordinator that uses the same folder.
            let elsewhere = try Authorities(folder: "\(served.fleet.folder)/keys/authorities", time: time.wall)
            let old = try served.agent("edge")
            let oldAuthority = try #require(authorities.current.all.first)
            #expect(try await old.poll().status == 200)

            let rotated = try await served.post("/api/v1/authorities/rotate", ["reason": "yearly"])
            #expect(rotated.status == 200 && rotated.json["items"]?.list?.map { $0["issues"] } == [false, true])
            #expect(try elsewhere.reload() && elsewhere.current.all.count == 2)
            // Connections that stand and new ones with the old certificate go on; the listener is still believed by who knows the old only.
            #expect(try await old.poll().status == 200)
            let returned = ServedAgent(served, key: old.key, certificate: old.certificate, trust: oldAuthority.chain)
            #expect(try await returned.poll().status == 200)
            let answer = try await returned.renew()
            guard case .issued(let issued) = try CertificateAnswer(json: answer.json) else {
                Issue.record("not renewed")
                return
            }
            #expect(issued.authorities == authorities.current.bundle)
            let new = try served.agent(returned, answer)
            #expect(try await new.poll().status == 200)
            let newest = try #require(authorities.current.all.last)
            let certificate = try Certificate(pemEncoded: issued.certificate)
            #expect(AgentIdentity.read(certificate, authority: newest)?.authority == newest.fingerprint)

            let path = "/api/v1/authorities/\(oldAuthority.fingerprint.hex.prefix(16))/retire"
            let refused = try await served.post(path)
            #expect(refused.status == 409 && refused.code == "still-valid")
            let last = "/api/v1/authorities/\(newest.fingerprint.hex)/retire"
            #expect(try await served.post(last, ["force": true]).code == "not-now")
            #expect(try await served.post("/api/v1/authorities/00000000/retire").status == 404)
            time.advance(by: .seconds(86_400 + 301))
            #expect(try await served.post(path).status == 200)
            #expect(authorities.current.all.count == 1)
            #expect(try await served.audited("authority.retire").count == 1)
            #expect(try await served.audited("authority.rotate").count == 1)
            // The listener shows a certificate of the new one from now on, without a restart.
            let fresh = try served.agent("edge")
            #expect(try await fresh.poll().status == 200)
            await #expect(throws: HTTPError.self) {
                _ = try await ServedAgent(served, key: old.key, certificate: fresh.certificate, trust: oldAuthority.chain).poll()
            }
        }
    }

    @Test("one that is retired by force takes its certificates with it, over connections that stand, too")
    func force() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge"])
            let agent = try served.agent("edge")
            #expect(try await agent.poll().status == 200)
            let fingerprint = try #require(served.web.listener.authorities.current.all.first).fingerprint.hex
            _ = try await served.post("/api/v1/authorities/rotate")
            #expect(try await served.post("/api/v1/authorities/\(fingerprint)/retire", ["force": true, "reason": "leaked"]).status == 200)
            #expect(try await agent.poll().code == "certificate-revoked")
        }
    }

    @Test("an intermediate of somebody else's issues once it is configured; those beside it do not")
    func external() throws {
        let (path, time) = (Self.folder(), HandTime())
        let own = try Authorities(folder: path, time: time.wall)
        let company = try Self.intermediate(at: time.now)
        for (name, text) in [("chain.pem", company.chain), ("key.pem", company.key)] {
            let file = open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o600)
            _ = text.withCString { write(file, $0, strlen($0)) }
            close(file)
        }
        let files = Authorities.External(certificate: "\(path)/chain.pem", key: "\(path)/key.pem")
        let both = try Authorities(folder: path, external: files, time: time.wall)
        #expect(both.current.all.count == 2 && both.current.all.first?.fingerprint == own.current.all.first?.fingerprint)
        #expect(try !both.reload())
        let issuing = try both.issuing(at: time.now)
        let key = P256.Signing.PrivateKey()
        let made = try AgentCertificate.issue(
            by: issuing, to: ProvenKey(request: ServedAgent.request(for: key)), cluster: "edge", epoch: 3, lifetime: .seconds(600),
            at: time.now)
        // The agent gets the chain with its certificate, and the whole bundle to believe.
        #expect(made.chain.hasSuffix(company.chain) && both.current.bundle.hasSuffix(company.chain))
        let der = try #require(try PEMDocument.parseMultiple(pemString: made.chain).first).derBytes
        #expect(AgentIdentity.read(der: der, believing: both.current.all) == made.identity)
        #expect(made.identity.cluster == "edge" && made.identity.epoch == 3)
        #expect(AgentIdentity.read(der: der, believing: own.current.all) == nil)
        // A certificate that ends before its time would be no use to anybody.
        time.advance(by: .seconds(86_400 * 365))
        #expect(throws: Authorities.Refusal.self) { try both.issuing(at: time.now) }
    }

    @Test("the listener's certificate names how it is reached, and is made anew in time")
    func listener() throws {
        let (path, time) = (Self.folder(), HandTime())
        let authorities = try Authorities(folder: path, time: time.wall)
        let names = ListenerCertificate.names(urls: ["https://fleet.example:8481/x", nil, "https://[2001:db8::1]:1"], host: "0.0.0.0")
        #expect(names == ["fleet.example", "2001:db8::1", "localhost", "127.0.0.1", "::1"])
        #expect(ListenerCertificate.names(urls: [], host: "10.0.0.1").first == "10.0.0.1")
        let made = try ListenerCertificate.issue(by: authorities.issuing(at: time.now), names: names, at: time.now)
        let certificate = try Certificate(pemEncoded: made.chain)
        #expect(try certificate.extensions.subjectAlternativeNames?.count == 5)
        #expect(try certificate.extensions.extendedKeyUsage?.contains(.clientAuth) == false)
        let tls = try AgentTLS(authorities: authorities, time: time.wall) { names }
        let first = tls.context
        try tls.refresh()
        #expect(tls.context === first)
        time.advance(by: .seconds(21 * 86_400))
        try tls.refresh()
        #expect(tls.context !== first && tls.renewAfter > time.now)
    }
}
