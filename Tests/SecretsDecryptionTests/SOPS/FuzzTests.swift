// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import SecretsDecryption

/// Documents and files with random damage: they open to what they were, or fail with an error; nothing else.
@Suite("Random damage") struct FuzzTests {
    @Test(
        "to documents is never taken for a change of values", arguments: ["secret.yaml", "types.json", "several.yaml", "key-groups.yaml"])
    func documents(_ name: String) throws {
        let identities = try Fixtures.identities(Fixtures.ours, Fixtures.others)
        let bytes = try Fixtures.bytes("SOPS/\(name)")
        let expected = try SOPS.open(document: bytes, identities: identities).documents
        var random = SeededNumbers(seed: UInt64(bytes.count))
        for _ in 0..<400 {
            let damaged = damage(bytes, using: &random)
            guard let opened = try? SOPS.open(document: damaged, identities: identities) else { continue }
            for (part, other) in zip(opened.documents, expected) where part["stringData"] != nil {
                #expect(part["stringData"] == other["stringData"])
            }
        }
    }

    @Test("to age files is noticed") func files() throws {
        var random = SeededNumbers(seed: 16)
        let identity = try AgeIdentity.generate(using: &random)
        let identities = try Identities([identity])
        let plaintext = Array("attack at dawn".utf8)
        for armored in [true, false] {
            let file = try Age.encrypt(plaintext, for: [identity.recipient, identity.recipient], armored: armored, using: &random)
            for _ in 0..<500 {
                guard let opened = try? Age.decrypt(damage(file, using: &random), identities: identities) else { continue }
                #expect(opened == plaintext)
            }
        }
    }

    @Test("to keys, and noise, is an error") func noise() {
        var random = SeededNumbers(seed: 17)
        for _ in 0..<2_000 {
            let bytes = [UInt8].random(Int.random(in: 0..<200, using: &random), using: &random)
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(throws: SecretsError.self) { try AgeIdentity(parsing: text) }
            #expect(throws: SecretsError.self) { try AgeRecipient(parsing: text) }
            #expect(EncryptedText(text) == nil)
            #expect(EncryptedText("ENC[AES256_GCM,\(text)]") == nil)
            #expect(throws: SecretsError.self) { try AgeHeader(parsing: bytes) }
            #expect(throws: SecretsError.self) { try AgeHeader(parsing: Array("age-encryption.org/v1\n-> ".utf8) + bytes) }
            #expect(throws: SecretsError.self) { try AgeArmor.decode(bytes) }
        }
    }

    private func damage(_ bytes: [UInt8], using random: inout SeededNumbers) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(.random(in: .min ... .max, using: &random), at: index)
            case 3: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...80, using: &random)))
            case 4: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 80)], at: index)
            default: bytes.swapAt(index, Int.random(in: 0..<bytes.count, using: &random))
            }
        }
        return bytes
    }
}
