// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

@testable import SecretsDecryption

/// Both directions against the real programs, where they are installed.
@Suite("Parity with the real programs") struct ParityTests {
    /// Without the integer beyond 64 bits: sops refuses those in YAML, and rounds those that it finds in clear.
    private static var document: Value {
        var document = EncryptingTests.document
        document["data"]?["large"] = nil
        return document
    }

    @Test(
        "sops decrypts what is encrypted here",
        .enabled(if: Programs.sops != nil, "sops is not on the path, nor named by FLOTILLA_SOPS"),
        arguments: EncryptingTests.rules, [false, true])
    func sopsDecrypts(rule: EncryptionRule, only: Bool) throws {
        var random = SystemRandomNumberGenerator()
        let identity = try AgeIdentity.generate(using: &random)
        let sealed = try SOPS.encrypt(
            Self.document, for: Fixtures.identities(Fixtures.others).recipients + ["\(identity.recipient)"], rule: rule,
            coversOnlyEncrypted: only, using: &random, at: Timestamp(seconds: 1_790_000_000))
        let expected = try SOPS.open(document: JSON.write(sealed), identities: Identities([identity])).documents[0]
        for (name, bytes) in [("a.yaml", Array(YAML.write(sealed).utf8)), ("a.json", JSON.write(sealed, pretty: true))] {
            try Programs.withTemporaryFolder { folder in
                try Programs.write(bytes, to: "\(folder)/\(name)")
                let plain = try Programs.run(
                    Programs.sops, ["decrypt", "\(folder)/\(name)"], environment: ["SOPS_AGE_KEY": identity.secretText])
                #expect(try Fixtures.parts(plain, .detect(plain)) == [expected])
            }
        }
    }

    @Test(
        "what sops encrypts is decrypted here",
        .enabled(if: Programs.sops != nil, "sops is not on the path, nor named by FLOTILLA_SOPS"),
        arguments: EncryptingTests.rules)
    func sopsEncrypts(rule: EncryptionRule) throws {
        var random = SystemRandomNumberGenerator()
        let identity = try AgeIdentity.generate(using: &random)
        let document = Self.document
        let option = "--" + rule.member.name.replacing("_", with: "-")
        for (name, bytes) in [("a.yaml", Array(YAML.write(documents: [document, document]).utf8)), ("a.json", JSON.write(document))] {
            try Programs.withTemporaryFolder { folder in
                try Programs.write(bytes, to: "\(folder)/\(name)")
                let sealed = try Programs.run(
                    Programs.sops, ["encrypt", "--age", "\(identity.recipient)", option, rule.member.text, "\(folder)/\(name)"])
                let opened = try SOPS.open(document: sealed, identities: Identities([identity]))
                #expect(opened.documents == Array(repeating: document, count: name == "a.yaml" ? 2 : 1))
            }
        }
    }

    @Test(
        "sops refuses, as is done here, what was changed",
        .enabled(if: Programs.sops != nil, "sops is not on the path, nor named by FLOTILLA_SOPS"))
    func sopsRefuses() throws {
        var random = SystemRandomNumberGenerator()
        let identity = try AgeIdentity.generate(using: &random)
        var sealed = try SOPS.encrypt(EncryptingTests.document, for: ["\(identity.recipient)"], using: &random, at: .epoch)
        sealed["metadata"]?["name"] = "b"
        try Programs.withTemporaryFolder { folder in
            try Programs.write(JSON.write(sealed), to: "\(folder)/a.json")
            let error = message {
                _ = try Programs.run(Programs.sops, ["decrypt", "\(folder)/a.json"], environment: ["SOPS_AGE_KEY": identity.secretText])
            }
            #expect(error.contains("MAC mismatch"))
        }
    }

    @Test(
        "age opens what is encrypted here, and the other way round",
        .enabled(if: Programs.age != nil, "age is not on the path, nor named by FLOTILLA_AGE"),
        arguments: [0, 1, 65_536, 65_537, 150_000], [false, true])
    func age(count: Int, armored: Bool) throws {
        var random = SystemRandomNumberGenerator()
        let identity = try AgeIdentity.generate(using: &random)
        let plaintext = [UInt8].random(count, using: &random)
        try Programs.withTemporaryFolder { folder in
            try Programs.write(Array(identity.fileText(createdAt: .epoch).utf8), to: "\(folder)/keys.txt")
            try Programs.write(plaintext, to: "\(folder)/plain")
            let ours = try Age.encrypt(plaintext, for: [identity.recipient], armored: armored, using: &random)
            try Programs.write(ours, to: "\(folder)/ours.age")
            let opened = try Programs.run(Programs.age, ["--decrypt", "--identity", "\(folder)/keys.txt", "\(folder)/ours.age"])
            #expect(opened == plaintext)
            let theirs = try Programs.run(
                Programs.age,
                ["--encrypt", "--recipient", "\(identity.recipient)"] + (armored ? ["--armor"] : []) + ["\(folder)/plain"])
            #expect(try Age.decrypt(theirs, identities: Identities([identity])) == plaintext)
        }
    }
}
