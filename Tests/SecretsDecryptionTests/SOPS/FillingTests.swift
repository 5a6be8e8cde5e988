// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests
import Testing

@testable import SecretsDecryption

@Suite("Rendered objects") struct FillingTests {
    private let identities: Identities
    private let original: [UInt8]
    private var rendered: Value

    init() throws {
        identities = try Fixtures.identities(Fixtures.ours)
        original = try Fixtures.bytes("SOPS/secret.yaml")
        rendered = try YAML.document(original)
    }

    @Test("get their plaintexts, whatever changed around them") func merge() throws {
        var object = rendered
        object["metadata"] = ["name": "shop-database-v2", "namespace": "production", "labels": ["team": "shop"]]
        object["stringData"]?["moved"] = rendered.at("stringData", "password")
        object["stringData"]?["password"] = nil
        object["stringData"]?["added"] = "in clear"
        let filled = try SOPS.merge(rendered: object, original: original, identities: identities)
        #expect(
            filled == [
                "apiVersion": "v1", "kind": "Secret",
                "metadata": ["name": "shop-database-v2", "namespace": "production", "labels": ["team": "shop"]],
                "type": "Opaque", "data": ["token": "aHVudGVyMg=="],
                "stringData": [
                    "url": "postgres://web:hunter2@db/shop", "empty": "", "moved": "correct horse battery staple", "added": "in clear",
                ],
            ])
    }

    @Test("of several parts find the plaintexts of each") func several() throws {
        let bytes = try Fixtures.bytes("SOPS/several.yaml")
        let opened = try SOPS.open(document: bytes, identities: identities)
        for (index, part) in try YAML.documents(bytes).enumerated() {
            #expect(try opened.filling(part) == opened.documents[index])
        }
    }

    @Test("lose the comments that sops made items of") func comments() throws {
        let bytes = try Fixtures.bytes("SOPS/comments.yaml")
        let part = try YAML.document(bytes)
        #expect(part.at("stringData", "two")?.list?.count == 6)
        #expect(try SOPS.merge(rendered: part, original: bytes, identities: identities).at("stringData", "two") == ["a", "b"])
    }

    @Test("of a changed original are refused") func changedOriginal() throws {
        let text = String(decoding: original, as: UTF8.self).replacing("name: database", with: "name: other")
        #expect(code { _ = try SOPS.merge(rendered: rendered, original: Array(text.utf8), identities: identities) } == .macMismatch)
    }

    @Test("with values from elsewhere are refused, by their place") func foreign() throws {
        let other = try YAML.document(Fixtures.bytes("SOPS/several-recipients.yaml"))
        let password = try #require(rendered.at("stringData", "password")?.string)
        func failure(_ value: Value?, _ keys: (String, String) = ("stringData", "password")) -> SecretsError? {
            var object = rendered
            object[keys.0]?[keys.1] = value
            do {
                _ = try SOPS.merge(rendered: object, original: original, identities: identities)
                return nil
            } catch {
                return error
            }
        }
        #expect(failure(.string(password)) == nil)
        let foreign = failure(other.at("stringData", "password"))
        #expect(foreign?.code == .foreignValue && foreign?.path == "stringData.password")
        #expect(failure(.string("prefix-" + password))?.message.contains("longer text") == true)
        let encoded = Base64.encode(Array(password.utf8), padded: true)
        #expect(failure(.string(encoded), ("data", "token"))?.message.contains("base64") == true)
        #expect(failure(["note": .string(password)], ("metadata", "annotations"))?.path == "metadata.annotations.note")
    }

    @Test("have digests that follow the plaintext, not the ciphertext") func digest() throws {
        var random = SeededNumbers(seed: 11)
        let key = SymmetricKey(size: .bits256)
        let plain = try SOPS.merge(rendered: rendered, original: original, identities: identities)
        let rotated = try SOPS.encrypt(plain, for: identities.recipients, using: &random, at: .epoch)
        let bytes = Array(YAML.write(rotated).utf8)
        let again = try SOPS.merge(rendered: rotated, original: bytes, identities: identities)
        #expect(rotated.at("stringData", "password") != rendered.at("stringData", "password"))
        #expect(SOPS.plaintextDigest(of: again, keyedBy: key) == SOPS.plaintextDigest(of: plain, keyedBy: key))
        #expect(SOPS.plaintextDigest(of: plain, keyedBy: SymmetricKey(size: .bits256)) != SOPS.plaintextDigest(of: plain, keyedBy: key))
        var changed = plain
        changed["stringData"]?["password"] = "another"
        #expect(SOPS.plaintextDigest(of: changed, keyedBy: key) != SOPS.plaintextDigest(of: plain, keyedBy: key))
    }

    @Test("do not show themselves") func shown() throws {
        let opened = try SOPS.open(document: original, identities: identities)
        var dumped = ""
        dump(opened, to: &dumped)
        for text in ["\(opened)", String(reflecting: opened), dumped] {
            #expect(!text.contains("correct horse") && !text.contains("stringData"))
        }
    }

    @Test("are told from others by their metadata") func isEncrypted() {
        #expect(SOPS.isEncrypted(rendered))
        #expect(!SOPS.isEncrypted(["kind": "Secret"]))
        #expect(!SOPS.isEncrypted(["kind": "Custom", "sops": "yes"]))
        #expect(!SOPS.isEncrypted(["kind": "Custom", "sops": ["enabled": true]]))
        #expect(SOPS.isEncrypted(["kind": "Secret", "sops": ["mac": ""]]))
    }
}
