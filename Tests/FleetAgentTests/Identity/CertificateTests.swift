// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Crypto
import Foundation
import Manifests
import SwiftASN1
import TLSTestServer
import Testing
import X509

@testable import FleetAgent

@Suite struct CertificateTests {
    @Test("A request says its name and key, and is signed with it", arguments: ["edge-7", "é ü", String(repeating: "x", count: 200)])
    func request(name: String) throws {
        let key = SigningKey()
        let request = try CertificateSigningRequest(pemEncoded: try key.certificateRequest(for: name))
        // Without what says of which kind it is.
        #expect(Array(request.publicKey.subjectPublicKeyInfoBytes) == Array(key.publicKey.suffix(65)))
        #expect(request.publicKey.isValidSignature(request.signature, for: request))
        #expect(request.subject == (try DistinguishedName { CommonName(name) }))
        #expect(request.attributes.isEmpty)
    }

    @Test("A key is read back as it was, and shows nothing of itself")
    func key() throws {
        let key = SigningKey()
        #expect(SigningKey(pem: key.pem) == key)
        #expect(SigningKey(pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n") == nil)
        var shown = "\(key) \(String(reflecting: key))"
        dump(key, to: &shown)
        dump(AgentIdentity(cluster: "c", candidate: key), to: &shown)
        for line in key.pem.split(separator: "\n").dropFirst().dropLast() { #expect(!shown.contains(line)) }
    }

    @Test("Of a certificate its times and its key are known")
    func facts() throws {
        let authority = try TestAuthority()
        let key = SigningKey()
        let (begins, ends) = (Date(timeIntervalSince1970: 1_790_000_000), Date(timeIntervalSince1970: 2_600_000_000))
        let pem = try authority.client(try key.certificateRequest(for: "c"), name: "c", begins: begins, ends: ends)
        let facts = try CertificateFacts(pem: pem + (try authority.pem))
        #expect(facts.begins == Timestamp(seconds: 1_790_000_000))
        // After 2049 certificates write their times differently.
        #expect(facts.ends == Timestamp(seconds: 2_600_000_000))
        #expect(facts.publicKey == key.publicKey)
        let issued = IssuedCertificate(
            certificate: pem, authorities: try authority.pem, renewAfter: facts.ends, expires: Timestamp(seconds: 1_800_000_000))
        #expect(try issued.validity(for: key).ends == Timestamp(seconds: 1_800_000_000))
        #expect(throws: IdentityError.self) { try issued.validity(for: SigningKey()) }
    }

    @Test("What is no certificate is an error, and nothing worse")
    func damaged() throws {
        let authority = try TestAuthority()
        let pem = try authority.pem
        let bytes = try #require(PEM.first("CERTIFICATE", in: pem))
        #expect(throws: IdentityError.self) { try CertificateFacts(pem: "") }
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: IdentityError.self) { try CertificateFacts(pem: PEM.text("CERTIFICATE", Array(bytes.prefix(length)))) }
        }
        var random = SeededRandom(seed: 5)
        for _ in 0..<500 {
            var changed = bytes
            changed[Int.random(in: 0..<changed.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            _ = try? CertificateFacts(pem: PEM.text("CERTIFICATE", changed))
        }
    }

    @Test("An identity is read back as it was kept; what is damaged is none")
    func kept() throws {
        let authority = try TestAuthority()
        let (key, other) = (SigningKey(), SigningKey())
        let pem = try authority.client(try key.certificateRequest(for: "c"), name: "c", begins: Date(), ends: Date() + 60)
        let issued = IssuedCertificate(
            certificate: pem, authorities: try authority.pem, renewAfter: Timestamp(seconds: 1_790_000_000),
            expires: Timestamp(seconds: 1_790_000_060))
        let identity = AgentIdentity(cluster: "c", held: .init(key: key, issued: issued, token: .sha256("t")), candidate: other)
        #expect(AgentIdentity(bytes: identity.bytes) == identity)
        #expect(AgentIdentity(bytes: Array(identity.bytes.dropLast(3))) == nil)
        #expect(AgentIdentity(bytes: []) == nil)
        let empty = AgentIdentity(cluster: "c")
        #expect(AgentIdentity(bytes: empty.bytes) == empty)
    }

    @Test("Of two certificates the later one counts, whatever its end; of two keys the one that all see")
    func merged() throws {
        let authority = try TestAuthority()
        func held(begins: Double, ends: Double) throws -> AgentIdentity.Held {
            let key = SigningKey()
            let pem = try authority.client(
                try key.certificateRequest(for: "c"), name: "c", begins: Date() + begins, ends: Date() + ends)
            return .init(
                key: key,
                issued: IssuedCertificate(
                    certificate: pem, authorities: "", renewAfter: Timestamp(seconds: 1), expires: Timestamp(seconds: Int64(ends))))
        }
        let (old, new) = (try held(begins: -900, ends: 9_000), try held(begins: -10, ends: 1_000))
        let (mine, theirs) = (SigningKey(), SigningKey())
        let disk = AgentIdentity(cluster: "c", held: new, candidate: mine)
        let shared = AgentIdentity(cluster: "c", held: old, candidate: theirs)
        #expect(disk.merged(with: shared) == AgentIdentity(cluster: "c", held: new, candidate: theirs))
        #expect(shared.merged(with: disk) == AgentIdentity(cluster: "c", held: new, candidate: mine))
        // A key that has its certificate is nobody's candidate any more.
        #expect(disk.merged(with: AgentIdentity(cluster: "c", candidate: new.key)).candidate == nil)
    }
}
