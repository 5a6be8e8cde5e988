// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import SecretsDecryption

@Suite("Recorded SOPS documents") struct RecordedTests {
    @Test("decrypt to what sops decrypts them to", arguments: Fixtures.documents) func decrypt(_ name: String) throws {
        let format: SOPS.Format = name.hasSuffix(".json") ? .json : .yaml
        let bytes = try Fixtures.bytes("SOPS/\(name)")
        #expect(SOPS.Format.detect(bytes) == format)
        #expect(try Fixtures.parts(bytes, format).allSatisfy { SOPS.isEncrypted($0) })
        let identities = try Fixtures.identities(Fixtures.ours, Fixtures.others)
        let decrypted = try SOPS.decrypt(document: bytes, format: format, identities: identities)
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        let expected = try Fixtures.parts(Fixtures.bytes("SOPS/\(name[..<dot]).decrypted\(name[dot...])"), format)
        #expect(decrypted == expected)
        #expect(decrypted.map { $0.map?.keys.map { $0 } } == expected.map { $0.map?.keys.map { $0 } })
        #expect(decrypted.allSatisfy { !SOPS.isEncrypted($0) })
    }

    @Test("give values of every type") func types() throws {
        let bytes = try Fixtures.bytes("SOPS/types.yaml")
        let value = try SOPS.decrypt(document: bytes, format: .yaml, identities: Fixtures.identities(Fixtures.ours))[0]
        #expect(value["string"] == "hunter2")
        #expect(value["empty"] == "")
        #expect(value["multiline"] == "first line\nsecond line\n")
        #expect(value["large"] == 9_007_199_254_740_993)
        #expect(value["float"] == .decimal(Decimal(json: "1.5")))
        #expect(value["whole"] == 3)
        #expect(value["huge"] == .decimal(Decimal(json: "1e21")))
        #expect(value["truth"] == true)
        #expect(value["nothing"] == .null)
        #expect(value["date"] == "2026-01-02T00:00:00Z")
        #expect(value["moment"] == "2026-01-02T03:04:05.5+02:00")
        #expect(value["quoted-date"] == "2026-01-02")
        #expect(value["looks-like-number"] == "007")
        #expect(value["octal"] == 15)
        #expect(value["list"] == ["one", 2, true, .null, ["nested", "2"]])
        #expect(value["alias"] == ["user": "admin", "pin": 1234])
    }

    @Test("need the right key") func keys() throws {
        let ours = try Fixtures.identities(Fixtures.ours)
        let bytes = try Fixtures.bytes("SOPS/other-recipient.yaml")
        let error = message { _ = try SOPS.open(document: bytes, identities: ours) }
        let wanted = try Fixtures.identities(Fixtures.others).recipients[0]
        #expect(error.contains("encrypted for \(wanted)") && error.contains("the keys here are \(ours.recipients[0])"))
        #expect(code { _ = try SOPS.open(document: bytes, identities: ours) } == .noMatchingIdentity)
        #expect(code { _ = try SOPS.open(document: bytes, identities: Identities([])) } == .noIdentity)
        let groups = try Fixtures.bytes("SOPS/key-groups.yaml")
        #expect(message { _ = try SOPS.open(document: groups, identities: ours) }.contains("1 of the 2 key groups"))
        #expect(try SOPS.open(document: groups, identities: Fixtures.identities(Fixtures.others)).documents.count == 1)
    }
}
