// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests
import Testing

@testable import SecretsDecryption

@Suite("age files") struct AgeTests {
    @Test("come back, around the size of a chunk", arguments: [0, 1, 16, 65_535, 65_536, 65_537, 131_072, 200_000], [false, true])
    func roundTrip(count: Int, armored: Bool) throws {
        var random = SeededNumbers(seed: UInt64(count))
        let identity = try AgeIdentity.generate(using: &random)
        let plaintext = [UInt8].random(count, using: &random)
        let file = try Age.encrypt(plaintext, for: [identity.recipient], armored: armored, using: &random)
        #expect(try Age.decrypt(file, identities: Identities([identity])) == plaintext)
    }

    @Test("open with any of their recipients' keys") func recipients() throws {
        var random = SeededNumbers(seed: 3)
        let all = try (0..<5).map { _ in try AgeIdentity.generate(using: &random) }
        let file = try Age.encrypt([1, 2, 3], for: all.dropLast().map(\.recipient), armored: false, using: &random)
        for identity in all.dropLast() { #expect(try Age.decrypt(file, identities: Identities([all[4], identity])) == [1, 2, 3]) }
        #expect(code { _ = try Age.decrypt(file, identities: Identities([all[4]])) } == .noMatchingIdentity)
        #expect(code { _ = try Age.decrypt(file, identities: Identities([])) } == .noIdentity)
    }

    @Test("cut off anywhere, or with any byte changed, do not open") func damaged() throws {
        var random = SeededNumbers(seed: 4)
        let identity = try AgeIdentity.generate(using: &random)
        let identities = try Identities([identity])
        let file = try Age.encrypt(Array("attack at dawn".utf8), for: [identity.recipient], armored: false, using: &random)
        for count in file.indices {
            #expect(code { _ = try Age.decrypt(Array(file[..<count]), identities: identities) } != nil)
            var changed = file
            changed[count] ^= 1
            #expect(code { _ = try Age.decrypt(changed, identities: identities) } != nil)
        }
        #expect(code { _ = try Age.decrypt(file + [0], identities: identities) } == .tamperedFile)
    }

    @Test("cut off at a chunk's end say so") func cutAtChunk() throws {
        var random = SeededNumbers(seed: 5)
        let identity = try AgeIdentity.generate(using: &random)
        let plaintext = [UInt8](repeating: 7, count: 65_536 * 2)
        let file = try Age.encrypt(plaintext, for: [identity.recipient], armored: false, using: &random)
        let error = message { _ = try Age.decrypt(Array(file.dropLast(65_552)), identities: Identities([identity])) }
        #expect(error == "the age file is cut off")
    }

    @Test("with too many stanzas are refused") func bounded() throws {
        var text = "age-encryption.org/v1\n"
        for _ in 0..<65 { text += "-> grease\n\n" }
        var random = SeededNumbers(seed: 6)
        let identities = try Identities([AgeIdentity.generate(using: &random)])
        #expect(code { _ = try Age.decrypt(Array(text.utf8), identities: identities) } == .tooLarge)
    }

    /// The test kit that all implementations of age share.
    @Test("of the shared test kit open, or fail, as it says", arguments: Fixtures.names(in: "AgeKit")) func kit(_ name: String) throws {
        let bytes = try Fixtures.bytes("AgeKit/\(name)")
        var position = 0
        var members: [(key: String, text: String)] = []
        while let end = bytes[position...].firstIndex(of: 0x0A), end > position {
            let line = bytes[position..<end].text
            let colon = try #require(line.firstRange(of: ": "))
            members.append((String(line[..<colon.lowerBound]), String(line[colon.upperBound...])))
            position = end + 1
        }
        let file = Array(bytes[(position + 1)...])
        let expected = try #require(members.first { $0.key == "expect" }).text
        var identities: [AgeIdentity] = []
        var isPostQuantum = false
        for member in members where member.key == "identity" {
            do {
                identities.append(try AgeIdentity(parsing: member.text))
            } catch {
                #expect(error.code == .unsupported)
                isPostQuantum = true
            }
        }
        let hasPassphrase = members.contains { $0.key == "passphrase" }
        if identities.isEmpty {
            var random = SeededNumbers(seed: 7)
            identities = [try AgeIdentity.generate(using: &random)]
        }
        let all = try Identities(identities)
        let code = code {
            let plaintext = try Age.decrypt(file, identities: all)
            let digest = try #require(members.first { $0.key == "payload" }).text
            #expect(Manifests.Digest.sha256(plaintext).hex == digest)
        }
        switch expected {
        case _ where isPostQuantum || hasPassphrase:
            // What these kinds of stanza hold is not looked at, and there is no key for others beside them.
            #expect(code == .unsupported || code == .noMatchingIdentity || code == .malformedFile && expected != "success")
        case "success": #expect(code == nil)
        case "no match": #expect(code == .noMatchingIdentity || code == .unsupported)
        case "HMAC failure": #expect(code == .tamperedFile)
        case "header failure": #expect(code == .malformedFile || code == .unsupported)
        case "armor failure": #expect(code == .malformedFile || code == .unsupported)
        case "payload failure": #expect(code == .malformedFile || code == .tamperedFile)
        default: Issue.record("unknown expectation '\(expected)'")
        }
    }

    @Test("for other kinds of keys are refused by the name of the kind") func otherKinds() throws {
        var random = SeededNumbers(seed: 8)
        let identities = try Identities([AgeIdentity.generate(using: &random)])
        for (kind, name) in [
            ("scrypt", "a passphrase"), ("ssh-ed25519", "an SSH key"), ("mlkem768x25519", "a post-quantum key"), ("yubi", "'yubi'"),
        ] {
            let mac = Base64.encode([UInt8](repeating: 0, count: 32), padded: false)
            let text = "age-encryption.org/v1\n-> \(kind) AAAA\nAAAA\n--- \(mac)\n"
            let error = message { _ = try Age.decrypt(Array(text.utf8), identities: identities) }
            #expect(error.contains(name) && error.contains("add an X25519 recipient"))
        }
    }
}
