// SPDX-License-Identifier: Apache-2.0
import Manifests
import SecretsDecryption
import Testing

@Suite("Documents seen without a key") struct SealedDocumentTests {
    private static let recipient = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"

    @Test("whatever the real program made is found good", arguments: Fixtures.documents)
    func fixtures(_ name: String) throws {
        let document = try SealedDocument(try Fixtures.bytes("SOPS/\(name)"))
        #expect(!document.recipients.isEmpty)
        let bytes = try Fixtures.bytes("SOPS/\(name)")
        for part in try Fixtures.parts(bytes, .detect(bytes)) { try document.check(part) }
    }

    private func flaw(_ text: String) -> SealedDocument.Flaw? {
        do {
            _ = try SealedDocument(Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    private static func metadata(_ more: String) -> String {
        """
        stringData: {password: 'ENC[AES256_GCM,data:Tr7o,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]'}
        sops:
          lastmodified: "2026-01-02T03:04:05Z"
          mac: ENC[AES256_GCM,data:Tr7o,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]
        \(more)
        """
    }

    private static let age = "  age: [{recipient: \(recipient), enc: x}]\n"

    @Test("what no agent could decrypt is told apart")
    func flaws() throws {
        #expect(flaw(Self.metadata(Self.age)) == nil)
        #expect(flaw("a: b\n")?.reason.code == .notEncrypted)
        let pgp = try #require(flaw(Self.metadata("  pgp: [{fp: x, enc: y}]\n  kms: [{arn: x}]\n")))
        #expect(pgp.reason.code == .unsupported && pgp.steps == ["sops"])
        #expect(pgp.reason.message.hasPrefix("the document is encrypted for AWS KMS, PGP only; agents decrypt with age keys: add one with"))
        let plugin = try #require(flaw(Self.metadata("  age: [{recipient: ssh-ed25519 AAAA, enc: x}]\n")))
        #expect(plugin.reason.code == .unsupported && plugin.reason.message.contains("SSH key"))
        let groups = try #require(
            flaw(
                Self.metadata(
                    "  shamir_threshold: 2\n  key_groups: [{age: [{recipient: \(Self.recipient), enc: x}]}, {pgp: [{fp: x}]}]\n")))
        #expect(groups.reason.message.hasPrefix("2 of its 2 key groups are needed, and only 1 have an age key"))
        #expect(flaw(Self.metadata("  age: {}\n"))?.reason.code == .malformedMetadata)
        #expect(flaw(Self.metadata(Self.age + "  encrypted_regex: '('\n"))?.reason.code == .malformedMetadata)
        #expect(flaw(Self.metadata(Self.age).replacing("mac: ENC[", with: "mac: ABC["))?.reason.path == "sops.mac")
    }

    @Test("values that the rule wants encrypted and that are not are found where they stand")
    func values() throws {
        let clear = try #require(flaw("more: {tls.crt: [1]}\n" + Self.metadata(Self.age)))
        #expect(clear.steps == ["more", "tls.crt", .index(0)] && clear.reason.code == .malformedValue)
        let cut = try #require(flaw(Self.metadata(Self.age).replacing(",tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]'", with: "]'")))
        #expect(cut.steps == ["stringData", "password"])
        #expect(cut.reason.message == "an encrypted value that is cut short or of an unknown type")
    }

    @Test("parts that were put together later are refused")
    func parts() throws {
        let one = Self.metadata(Self.age)
        #expect(flaw(one + "---\n" + one + "---\n") == nil)
        let other = try #require(flaw(one + "---\n" + one.replacing("data:Tr7o", with: "data:Tr7p")))
        #expect(other.part == 1 && other.reason.message.contains("document 2 of the file was not encrypted together"))
        #expect(flaw(one + "---\na: b\n")?.part == 1)
    }

    @Test("an object may hold only what its document has")
    func check() throws {
        let text = Self.metadata(Self.age)
        let document = try SealedDocument(Array(text.utf8))
        let value = try #require(try YAML.documents(text).first?.at("stringData", "password"))
        try document.check(["data": ["moved": value, "other": "plain"]])
        #expect(code { try document.check(["metadata": ["annotations": ["a": value]]]) } == .foreignValue)
        #expect(code { try document.check(["data": ["a": "ENC[AES256_GCM,data:eA==]"]]) } == .foreignValue)
        #expect(code { try document.check(["data": ["a": .string("x\(value.string ?? "")")]]) } == .foreignValue)
    }

    @Test("encrypted texts are recognised, also in base64")
    func recognition() {
        #expect(SOPS.isEncryptedText("ENC[AES256_GCM,data:x]") && !SOPS.isEncryptedText(" ENC[AES256_GCM,data:x]"))
        #expect(SOPS.mentionsEncryptedText(Array("some text ENC[AES256_GCM,".utf8)))
        #expect(SOPS.mentionsEncryptedText(Array("ENC[AES256_GCM,".utf8)))
        #expect(!SOPS.mentionsEncryptedText(Array("ENC[AES256_GCM".utf8)) && !SOPS.mentionsEncryptedText([]))
        for offset in 0..<40 {
            let text = String(repeating: "E", count: offset) + "ENC[ENC[AES256_GCM,data" + String(repeating: "[", count: offset)
            #expect(SOPS.mentionsEncryptedText(Array(text.utf8)))
        }
        #expect(SOPS.encodedText("RU5DW0FFUzI1Nl9HQ00sZGF0YTp4XQ==") == .encryptedValue)
        #expect(SOPS.encodedText("eDogRU5DW0FFUzI1\nNl9HQ00sZGF0YTp4XQ==\n") == .holdingEncryptedValues)
        #expect(SOPS.encodedText("aGVsbG8=") == .other && SOPS.encodedText("no base64!") == .other)
    }
}
