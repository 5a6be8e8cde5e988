// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import SecretsDecryption

@Suite("Encrypting") struct EncryptingTests {
    static let rules: [EncryptionRule] = [
        .secretData, .standard, .encryptedSuffix("Data"), .unencryptedSuffix("a"), .unencryptedRegex("^metadata$"), .encryptedRegex("."),
    ]

    static let document: Value = [
        "kind": "Secret", "metadata": ["name": "a", "count": 3, "note_unencrypted": "open"],
        "stringData": [
            "password": "hunter2", "empty": "", "lines": "a\nb\n", "unicode": "Grüße", "date": "2026-01-02", "yes": "yes", "colon:key": "x",
        ],
        "data": [
            "list": [1, "two", .null, true, false, ["deep", -5]], "float": .decimal(Decimal(json: "0.00015")),
            "large": .decimal(Decimal(json: "123456789012345678901234567890")), "map": [:], "none": [],
        ],
    ]

    @Test("comes back under every rule", arguments: rules, [false, true]) func roundTrip(rule: EncryptionRule, only: Bool) throws {
        var random = SeededNumbers(seed: 12)
        let identity = try AgeIdentity.generate(using: &random)
        let recipients = [identity.recipient.description]
        let sealed = try SOPS.encrypt(
            Self.document, for: recipients, rule: rule, coversOnlyEncrypted: only, using: &random, at: Timestamp(milliseconds: 1_500))
        for bytes in [Array(YAML.write(sealed).utf8), JSON.write(sealed)] {
            let opened = try SOPS.open(document: bytes, identities: Identities([identity])).documents[0]
            #expect(opened["stringData"] == Self.document["stringData"] && opened["metadata"] == Self.document["metadata"])
            #expect(opened.at("data", "list") == Self.document.at("data", "list"))
            #expect(opened.at("data", "large")?.double == Double("123456789012345678901234567890"))
        }
        #expect(sealed.at("sops", "lastmodified") == "1970-01-01T00:00:01Z")
    }

    @Test("encrypts what its rule selects, and no more") func selection() throws {
        var random = SeededNumbers(seed: 13)
        let recipient = try AgeIdentity.generate(using: &random).recipient.description
        let sealed = try SOPS.encrypt(Self.document, for: [recipient], using: &random, at: .epoch)
        #expect(sealed["metadata"] == Self.document["metadata"])
        #expect(sealed.at("stringData", "password")?.string?.hasPrefix("ENC[AES256_GCM,data:") == true)
        #expect(sealed.at("stringData", "empty") == "")
        #expect(!YAML.write(sealed).contains("hunter2"))
    }

    @Test("refuses what it cannot do") func refused() throws {
        var random = SeededNumbers(seed: 14)
        let recipient = try AgeIdentity.generate(using: &random).recipient.description
        func code(_ document: Value, _ recipients: [String], _ rule: EncryptionRule = .secretData) -> SecretsError.Code? {
            var random = random
            do {
                _ = try SOPS.encrypt(document, for: recipients, rule: rule, using: &random, at: .epoch)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(Self.document, []) == .invalidKey)
        #expect(code(Self.document, ["age1x"]) == .invalidKey)
        #expect(code(["sops": [:]], [recipient]) == .malformedDocument)
        #expect(code("text", [recipient]) == .malformedDocument)
        #expect(code(Self.document, [recipient], .encryptedCommentRegex("x")) == .unsupported)
        #expect(code(Self.document, [recipient], .encryptedRegex("(")) == .malformedMetadata)
        #expect(code(Self.document, [recipient], .encryptedRegex("")) == .malformedMetadata)
    }
}

@Suite("Plaintexts") struct PlainBytesTests {
    @Test(
        "of numbers are written as Go writes them",
        arguments: [
            (0.0, "0"), (-0.0, "-0"), (1.5, "1.5"), (100, "100"), (1e21, "1000000000000000000000"), (1e-7, "0.0000001"),
            (-0.25, "-0.25"), (123.456, "123.456"), (.leastNonzeroMagnitude, "0." + String(repeating: "0", count: 323) + "5"),
            (1.7976931348623157e308, "17976931348623157" + String(repeating: "0", count: 292)), (0.1, "0.1"), (10.01, "10.01"),
        ])
    func floats(_ number: Double, _ text: String) {
        #expect(PlainBytes.goFloat(number) == text)
    }

    @Test("of infinities have none", arguments: [Double.infinity, -.infinity, .nan]) func infinite(_ number: Double) {
        #expect(PlainBytes.goFloat(number) == nil)
    }

    @Test(
        "are of the type that they say",
        arguments: [
            ("12x", EncryptedText.Kind.integer), ("", .integer), ("1.5", .integer), ("nan", .float), ("+Inf", .float), ("x", .float),
            ("yes", .bool), ("text", .comment),
        ])
    func mistyped(_ text: String, _ kind: EncryptedText.Kind) {
        #expect(PlainBytes.decode(Array(text.utf8), kind) == nil)
    }

    @Test("are texts") func binary() {
        #expect(PlainBytes.decode([0xFF, 0xFE], .string) == nil)
        #expect(PlainBytes.decode([0xFF, 0xFE], .bytes) == nil)
    }
}

@Suite("Key groups") struct ShamirTests {
    @Test("multiply in AES' field") func field() {
        #expect(Shamir.multiply(0x57, 0x83) == 0xC1)
        #expect(Shamir.multiply(0x57, 0x13) == 0xFE)
        for number in UInt8.min ... .max where number != 0 { #expect(Shamir.multiply(number, Shamir.inverse(number)) == 1) }
    }

    @Test("put shares together, however many of them") func combine() {
        var random = SeededNumbers(seed: 15)
        let secret = [UInt8].random(32, using: &random)
        let slope = [UInt8].random(32, using: &random)
        let shares = (1...5).map { place in
            zip(secret, slope).map { $0 ^ Shamir.multiply($1, UInt8(place)) } + [UInt8(place)]
        }
        #expect(Shamir.combine([shares[0], shares[3]]) == secret)
        #expect(Shamir.combine(shares) == secret)
        #expect(Shamir.combine([shares[0]]) == nil)
        #expect(Shamir.combine([shares[0], shares[0]]) == nil)
        #expect(Shamir.combine([shares[0], Array(shares[1].dropLast())]) == nil)
        #expect(Shamir.combine([[], []]) == nil)
    }

    @Test(
        "bind the code to the time as Go writes it",
        arguments: [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"), ("2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05+02:00"), ("2026-01-02T03:04:05.5+00:00", "2026-01-02T03:04:05Z"),
            ("2026-01-02 03:04:05Z", nil), ("yesterday", nil),
        ])
    func time(_ text: String, _ expected: String?) {
        #expect(SOPSMetadata.goTime(text) == expected)
    }
}
