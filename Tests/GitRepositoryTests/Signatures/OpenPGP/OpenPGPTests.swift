// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import GitRepository

/// Keys and signatures of GnuPG's; `generate.sh` beside them makes them.
private enum Fixture {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../Fixtures/OpenPGP")

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appendingPathComponent(name))) }
    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }
    static func keys(_ names: String...) throws -> OpenPGPKeys {
        try OpenPGPKeys(armored: names.map { try text("\($0).asc") }.joined(separator: "\n"))
    }

    static func verdict(_ keys: OpenPGPKeys, _ signature: String) throws -> SignatureVerdict {
        keys.verify(try bytes("message"), signature: try text("\(signature).sig"))
    }
}

@Suite("OpenPGP signatures") struct OpenPGPTests {
    @Test(
        "signatures of GnuPG's are good, whatever the kind of key",
        arguments: [
            ("rsa", "rsa"), ("rsa", "rsa-sha256"), ("ed25519", "ed25519"), ("p256", "p256"), ("subkey", "subkey"), ("expiring", "expiring"),
            ("expired", "expiring"), ("expiring", "expired"), ("renamed", "renamed"),
        ])
    func good(key: String, signature: String) throws {
        let verdict = try Fixture.verdict(Fixture.keys(key), signature)
        guard case .good(let principals, .openPGP(let fingerprint)) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        let owner = ["expired": "expiring", "renamed": "Renamed <new"][key] ?? key
        #expect(principals.count == 1 && principals[0].hasPrefix(owner), "\(principals)")
        #expect(fingerprint.count == 40)
    }

    @Test("a key that has ended, is revoked, or may not sign is refused with the reason")
    func notAllowed() throws {
        for (key, signature, part) in [
            ("expired", "expired", "expired at 2026-01-01T12:00:00Z"), ("revoked", "revoked", "the key is revoked"),
            ("revoked-subkey", "subkey", "the subkey is revoked"),
        ] {
            guard case .notAllowed(_, let reason) = try Fixture.verdict(Fixture.keys(key), signature) else {
                Issue.record("\(signature) by \(key)")
                continue
            }
            #expect(reason.contains(part), "\(reason)")
        }
    }

    @Test("unknown keys, weak hashes, other kinds of signature and of key are never good")
    func strict() throws {
        let all = try Fixture.keys("rsa", "ed25519", "p256", "subkey", "dsa", "brainpool")
        guard case .unknownKey(.openPGP(let fingerprint)) = try Fixture.verdict(Fixture.keys("ed25519"), "rsa") else {
            Issue.record("an unknown key")
            return
        }
        #expect(fingerprint.count == 40)
        for name in ["rsa-sha1", "dsa", "brainpool"] {
            guard case .unsupported = try Fixture.verdict(all, name) else {
                Issue.record("\(name): \(try Fixture.verdict(all, name))")
                continue
            }
        }
        for name in ["rsa-text", "both"] {
            guard case .bad = try Fixture.verdict(all, name) else {
                Issue.record("\(name): \(try Fixture.verdict(all, name))")
                continue
            }
        }
        #expect(OpenPGPKeys().verify([], signature: try Fixture.text("rsa.sig")).isGood == false)
    }

    @Test("one changed byte, of the message or of the signature, is noticed", arguments: ["rsa", "ed25519", "p256"])
    func tampering(name: String) throws {
        let keys = try Fixture.keys(name)
        let message = try Fixture.bytes("message")
        for index in message.indices {
            var changed = message
            changed[index] ^= 1
            #expect(keys.verify(changed, signature: try Fixture.text("\(name).sig")) == .bad(reason: "it does not fit the contents"))
        }
        let signature = try #require(OpenPGPArmor.signature.blocks(in: try Fixture.text("\(name).sig"))?.first)
        for index in signature.indices {
            for bit: UInt8 in [1, 0x80] {
                var changed = signature
                changed[index] ^= bit
                let armored = "\(OpenPGPArmor.signature.begin)\n\n\(Base64.encode(changed))\n-----END PGP SIGNATURE-----\n"
                let verdict = keys.verify(message, signature: armored)
                // What the signature does not cover are hints of who made it: without one of them, the other is enough.
                if verdict.isGood { #expect(Self.isHint(signature, index), "byte \(index)") }
            }
        }
    }

    /// Whether a byte is in the part of the packet that no signature covers.
    private static func isHint(_ signature: [UInt8], _ index: Int) -> Bool {
        let head = signature[0] & 0x40 != 0 ? 2 : 1 + (1 << Int(signature[0] & 3))
        let hashed = Int(signature[head + 4]) << 8 + Int(signature[head + 5])
        let start = head + 6 + hashed + 2
        let count = Int(signature[start - 2]) << 8 + Int(signature[start - 1])
        return (start..<(start + count)).contains(index)
    }

    @Test("a subkey that did not sign that it belongs to the key is refused")
    func withoutClaim() throws {
        var key = try #require(OpenPGPArmor.publicKey.blocks(in: try Fixture.text("subkey.asc"))?.first)
        let packets = try #require(OpenPGPPacket.packets(in: key, limit: 100))
        let binding = try #require(packets.compactMap { $0.tag == 2 ? OpenPGPSignature($0.body) : nil }.first { !$0.embedded.isEmpty })
        let claim = try #require(binding.embedded.first)
        let place = try #require(key.indices.first { key[$0...].starts(with: claim) })
        key[place + claim.count - 1] ^= 1
        let armored = "\(OpenPGPArmor.publicKey.begin)\n\n\(Base64.encode(key))\n-----END PGP PUBLIC KEY BLOCK-----"
        guard case .notAllowed(_, let reason) = try Fixture.verdict(OpenPGPKeys(armored: armored), "subkey") else {
            Issue.record("without a claim")
            return
        }
        #expect(reason.contains("has not signed that it belongs"))
    }

    @Test("another key's subkey, or user ID, is no good")
    func transplanted() throws {
        func packets(_ name: String) throws -> [OpenPGPPacket] {
            let block = try #require(OpenPGPArmor.publicKey.blocks(in: try Fixture.text("\(name).asc"))?.first)
            return try #require(OpenPGPPacket.packets(in: block, limit: 100))
        }
        func armored(_ packets: [OpenPGPPacket]) -> String {
            var bytes: [UInt8] = []
            for packet in packets {
                bytes.append(0x82 | UInt8(packet.tag << 2))
                for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: packet.body.count >> shift)) }
                bytes += packet.body
            }
            return "\(OpenPGPArmor.publicKey.begin)\n\n\(Base64.encode(bytes))\n-----END PGP PUBLIC KEY BLOCK-----"
        }
        let own = try packets("subkey")
        let other = try packets("ed25519")
        // As it is, taken apart and put together.
        #expect(try Fixture.verdict(OpenPGPKeys(armored: armored(own)), "subkey").isGood)
        let start = try #require(own.firstIndex { $0.tag == OpenPGPPacket.publicSubkeyTag })
        let stolen = try OpenPGPKeys(armored: armored(Array(other) + own[start...]))
        guard case .notAllowed(_, let reason) = try Fixture.verdict(stolen, "subkey") else {
            Issue.record("a stolen subkey")
            return
        }
        #expect(reason.contains("not bound"))
        // A revocation counts wherever it stands.
        let revoked = try packets("revoked")
        let moved = try OpenPGPKeys(armored: armored([revoked[0]] + revoked[2...] + [revoked[1]]))
        guard revoked[1].tag == OpenPGPPacket.signatureTag,
            case .notAllowed(_, "the key is revoked") = try Fixture.verdict(moved, "revoked")
        else {
            Issue.record("a revocation in another place")
            return
        }
        // A key whose user ID somebody else certified has no signature of its own.
        let renamed = try OpenPGPKeys(armored: armored([other[0]] + packets("rsa").dropFirst()))
        guard case .notAllowed = try Fixture.verdict(renamed, "ed25519") else {
            Issue.record("a stolen user ID")
            return
        }
    }

    @Test("keys describe themselves, and unreadable files are errors")
    func files() throws {
        let descriptions = try Fixture.keys("rsa", "revoked", "dsa").descriptions
        #expect(descriptions[0].hasPrefix("rsa <rsa@example.com> ("))
        #expect(descriptions[1].hasSuffix(": the key is revoked") && descriptions.count == 3)
        #expect(OpenPGPKeys().isEmpty)
        let text = try Fixture.text("rsa.asc")
        for damaged in [
            "", "no key", text.replacingOccurrences(of: "-----END", with: "----END"), String(text.dropFirst(200)),
            text.replacingOccurrences(of: "\n=", with: "\n=A"), try Fixture.text("rsa.sig"), String(repeating: "x", count: 5 << 20),
        ] {
            #expect(throws: GitError.self) { try OpenPGPKeys(armored: damaged) }
        }
    }

    @Test("random bytes and damaged packets never do more than fail")
    func random() throws {
        var generator = SystemRandomNumberGenerator()
        let message = try Fixture.bytes("message")
        let names = ["rsa", "ed25519", "p256", "subkey", "renamed"]
        let keys = try names.map { try #require(OpenPGPArmor.publicKey.blocks(in: try Fixture.text("\($0).asc"))?.first) }
        let signatures = try names.map { try #require(OpenPGPArmor.signature.blocks(in: try Fixture.text("\($0).sig"))?.first) }
        let good = try names.map { try Fixture.keys($0) }
        for round in 0..<3_000 {
            let which = round % names.count
            var key = round % 7 == 0 ? (0..<Int.random(in: 0...300)).map { _ in UInt8.random(in: 0...255) } : keys[which]
            var signature = round % 7 == 0 ? (0..<Int.random(in: 0...300)).map { _ in UInt8.random(in: 0...255) } : signatures[which]
            for _ in 0..<Int.random(in: 1...4) {
                if !key.isEmpty { key[Int.random(in: 0..<key.count, using: &generator)] = UInt8.random(in: 0...255) }
                if !signature.isEmpty { signature[Int.random(in: 0..<signature.count, using: &generator)] = UInt8.random(in: 0...255) }
            }
            if round % 3 == 0 { key = Array(key.prefix(Int.random(in: 0...key.count))) }
            if round % 3 == 1 { signature = Array(signature.prefix(Int.random(in: 0...signature.count))) }
            let text = "\(OpenPGPArmor.signature.begin)\n\n\(Base64.encode(signature))\n-----END PGP SIGNATURE-----\n"
            _ = good[which].verify(message + [1], signature: text)
            let block = "\(OpenPGPArmor.publicKey.begin)\n\n\(Base64.encode(key))\n-----END PGP PUBLIC KEY BLOCK-----\n"
            let damaged = try? OpenPGPKeys(armored: block)
            #expect(damaged?.verify(message + [1], signature: text).isGood != true)
        }
    }
}

@Suite("OpenPGP, beside git verify-commit", .enabled(if: GnuPG.isAvailable, "GnuPG is not installed")) struct OpenPGPAgreementTests {
    @Test(
        "a commit that git signed with GnuPG is good for both, and a forged one for neither", arguments: ["rsa3072", "ed25519", "nistp256"])
    func commits(kind: String) async throws {
        let box = try await GitSandbox()
        let gpg = try await GnuPG(box)
        try await gpg.run("--quick-generate-key", "Ada <ada@example.com>", kind, "sign,cert", "never")
        let keys = try OpenPGPKeys(armored: try await gpg.run("--armor", "--export", "ada@example.com"))
        try await box.git(
            "-c", "gpg.program=\(gpg.program)", "-c", "user.signingkey=ada@example.com", "commit", "-q", "--allow-empty", "-S", "-m",
            "Signed")
        try await gpg.stop()
        try await box.git("-c", "gpg.program=\(gpg.program)", "verify-commit", "HEAD")
        try await box.git("push", "-q", "origin", "HEAD:main")
        let commit = try await box.openMirror().commit(box.id("HEAD"))
        let verifier = SignatureVerifier(openPGPKeys: keys)
        guard case .good(["Ada <ada@example.com>"], .openPGP) = verifier.verify(commit) else {
            Issue.record("\(verifier.verify(commit))")
            return
        }
        let bytes = Array(text(commit.raw).replacingOccurrences(of: "\nSigned", with: "\nForged").utf8)
        let forged = try CommitInfo(id: ObjectID.of(bytes, type: "commit"), raw: bytes)
        #expect(verifier.verify(forged) == .bad(reason: "it does not fit the contents"))
        guard case .unknownKey = SignatureVerifier().verify(commit) else {
            Issue.record("without a key")
            return
        }
    }
}

/// GnuPG with keys of its own, without passphrases.
final class GnuPG: Sendable {
    static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/gpg")

    /// What Git calls.
    let program: String
    private let box: GitSandbox
    private let home: String

    init(_ box: GitSandbox) async throws {
        self.box = box
        home = "\(box.root)/g"
        program = "\(box.root)/gpg"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let options = "--homedir '\(home)' --batch --no-tty --pinentry-mode loopback --passphrase ''"
        try await box.writeProgram("#!/bin/sh\nexec gpg \(options) \"$@\"\n", to: program)
    }

    @discardableResult
    func run(_ arguments: String...) async throws -> String {
        try await box.run(program, ["--quiet"] + arguments, in: box.root)
    }

    /// Ends the agent that GnuPG leaves behind when it signs; by itself it would only notice that its folder has gone.
    func stop() async throws { try await box.run("gpgconf", ["--homedir", home, "--kill", "gpg-agent"], in: box.root) }
}
