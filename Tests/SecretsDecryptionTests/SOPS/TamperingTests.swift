// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import SecretsDecryption

@Suite("Changed SOPS documents") struct TamperingTests {
    private let identities: Identities
    private var secret: Value

    init() throws {
        identities = try Fixtures.identities(Fixtures.ours)
        secret = try YAML.document(Fixtures.bytes("SOPS/secret.yaml"))
    }

    private func failure(_ document: Value, text: (String) -> String = { $0 }) -> SecretsError? {
        do {
            _ = try SOPS.open(document: Array(text(YAML.write(document)).utf8), identities: identities)
            return nil
        } catch {
            return error
        }
    }

    /// The secret with one value replaced.
    private func changed(_ path: String..., to value: Value?) -> Value {
        func change(_ target: inout Value, _ path: ArraySlice<String>) {
            guard let key = path.first else { return }
            if path.count == 1 {
                target[key] = value
                return
            }
            var inner = target[key] ?? .null
            change(&inner, path.dropFirst())
            target[key] = inner
        }
        var document = secret
        change(&document, path[...])
        return document
    }

    @Test("open while they are only laid out anew") func unchanged() {
        #expect(failure(secret) == nil)
    }

    @Test("are refused: a byte of a ciphertext") func ciphertext() throws {
        let text = try #require(secret.at("stringData", "password")?.string)
        for (part, replacement) in [("data:", "data:AAAA"), ("iv:", "iv:AAAA"), ("tag:", "tag:AAAA")] {
            let start = try #require(text.firstRange(of: part))
            let damaged = text[..<start.lowerBound] + replacement + text[start.upperBound...].dropFirst(4)
            let error = failure(changed("stringData", "password", to: .string(String(damaged))))
            #expect(error?.code == .tamperedValue && error?.path == "stringData.password")
        }
    }

    @Test("are refused: the type of a ciphertext") func type() throws {
        let text = try #require(secret.at("stringData", "password")?.string)
        let asInteger = String(text.dropLast(4)) + "int]"
        #expect(failure(changed("stringData", "password", to: .string(asInteger)))?.code == .malformedValue)
        #expect(failure(changed("stringData", "password", to: .string(String(text.dropLast(4)) + "new]")))?.code == .malformedValue)
        // Another type of the same bytes is allowed by the format: the code over the document does not tell `str` from `bytes`.
        #expect(failure(changed("stringData", "password", to: .string(String(text.dropLast(4)) + "comment]"))) != nil)
    }

    @Test("are refused: two values swapped") func swapped() throws {
        let (password, url) = (secret.at("stringData", "password"), secret.at("stringData", "url"))
        var document = changed("stringData", "password", to: url)
        document["stringData"]?["url"] = password
        #expect(failure(document)?.code == .tamperedValue)
    }

    @Test("are refused: two items of a list swapped") func swappedItems() throws {
        var document = try YAML.document(Fixtures.bytes("SOPS/types.yaml"), scalars: .kustomize)
        var items = try #require(document["list"]?.list)
        // Their path is the same, so only the code over the document tells.
        items.swapAt(1, 2)
        document["list"] = .list(items)
        #expect(failure(document)?.code == .macMismatch)
    }

    @Test("are refused: values in clear that were changed, added or removed") func clear() {
        #expect(failure(changed("metadata", "name", to: "other"))?.code == .macMismatch)
        #expect(failure(changed("metadata", "annotations", to: ["a": "b"]))?.code == .macMismatch)
        #expect(failure(changed("type", to: nil))?.code == .macMismatch)
        #expect(failure(changed("stringData", "url", to: nil))?.code == .macMismatch)
    }

    @Test("are refused: clear text where a ciphertext must be") func unencrypted() {
        let error = failure(changed("stringData", "password", to: "hunter2"))
        #expect(error?.code == .malformedValue && error?.description.contains("hunter2") == false)
        #expect(failure(changed("stringData", "added", to: 5))?.code == .malformedValue)
    }

    @Test("are refused: their code, its time, or its absence") func mac() throws {
        #expect(failure(changed("sops", "mac", to: secret.at("stringData", "password")))?.code == .macMismatch)
        #expect(failure(changed("sops", "mac", to: "none"))?.code == .macMismatch)
        #expect(failure(changed("sops", "lastmodified", to: "2020-01-01T00:00:00Z"))?.code == .macMismatch)
        #expect(failure(changed("sops", "mac", to: nil))?.code == .malformedMetadata)
        #expect(failure(changed("sops", "mac", to: ""))?.code == .malformedMetadata)
        #expect(failure(changed("sops", "lastmodified", to: "yesterday"))?.code == .malformedMetadata)
    }

    @Test("are refused: their rule") func rule() {
        #expect(failure(changed("sops", "encrypted_regex", to: "^(data)$"))?.code == .macMismatch)
        #expect(failure(changed("sops", "encrypted_regex", to: "("))?.code == .malformedMetadata)
        #expect(failure(changed("sops", "encrypted_suffix", to: "x"))?.code == .malformedMetadata)
        #expect(failure(changed("sops", "mac_only_encrypted", to: true))?.code == .macMismatch)
    }

    @Test("may differ in clear where the code covers only what is encrypted, and nowhere else") func onlyEncrypted() throws {
        var document = try YAML.document(Fixtures.bytes("SOPS/mac-only.yaml"))
        document["metadata"]?["name"] = "other"
        #expect(failure(document) == nil)
        document["stringData"]?["added"] = "hunter2"
        #expect(failure(document)?.code == .malformedValue)
        document["stringData"]?["added"] = nil
        document["stringData"]?["url"] = nil
        #expect(failure(document)?.code == .macMismatch)
    }

    @Test("are refused: parts that were removed, or swapped") func parts() throws {
        let parts = try YAML.documents(Fixtures.bytes("SOPS/several.yaml"))
        for changed in [[parts[0]], [parts[1]], [parts[1], parts[0]], [parts[0], parts[1], parts[1]]] {
            #expect(
                code { _ = try SOPS.open(document: Array(YAML.write(documents: changed).utf8), identities: identities) } == .macMismatch)
        }
        var damaged = parts
        damaged[1]["stringData"]?["password"] = parts[1].at("stringData", "pin")
        let error = message { _ = try SOPS.open(document: Array(YAML.write(documents: damaged).utf8), identities: identities) }
        #expect(error.hasPrefix("document 2: stringData.password: "))
    }

    @Test("are refused: the data key's file") func dataKey() throws {
        let text = try #require(secret.at("sops", "age")?[0]?["enc"]?.string)
        func failure(enc: String, recipient: String? = nil) -> SecretsError? {
            let recipient = recipient ?? identities.recipients[0]
            return self.failure(changed("sops", "age", to: [["recipient": .string(recipient), "enc": .string(enc)]]))
        }
        #expect(failure(enc: text) == nil)
        #expect(failure(enc: String(text.dropLast(60)))?.code == .malformedFile)
        let other = try YAML.document(Fixtures.bytes("SOPS/other-recipient.yaml"))
        let others = try #require(other.at("sops", "age")?[0]?["enc"]?.string)
        #expect(failure(enc: others)?.code == .tamperedFile)
        #expect(failure(enc: others, recipient: "age1other")?.code == .noMatchingIdentity)
        // The key of another document opens, but nothing that is here.
        let foreign = try YAML.document(Fixtures.bytes("SOPS/mac-only.yaml"))
        let wrong = try #require(foreign.at("sops", "age")?[0]?["enc"]?.string)
        #expect(failure(enc: wrong)?.code == .tamperedValue)
    }

    @Test("say what services they need that are not there") func services() {
        let kms: Value = [["arn": "arn:aws:kms:1", "enc": "x", "created_at": "2026-01-01T00:00:00Z"]]
        var document = changed("sops", "age", to: nil)
        document["sops"]?["kms"] = kms
        document["sops"]?["pgp"] = [["fp": "A", "enc": "x"]]
        let error = failure(document)
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("AWS KMS, PGP") == true && error?.message.contains("--add-age \(identities.recipients[0])") == true)
        // Beside an age key of ours they do not matter.
        #expect(failure(changed("sops", "kms", to: kms)) == nil)
    }

    @Test("are refused: metadata of a wrong shape") func metadata() {
        #expect(failure(changed("sops", to: nil))?.code == .notEncrypted)
        #expect(failure(changed("sops", to: "x"))?.code == .malformedMetadata)
        #expect(failure(changed("sops", "age", to: "x"))?.code == .malformedMetadata)
        #expect(failure(changed("sops", "age", to: []))?.code == .malformedMetadata)
        #expect(failure(changed("sops", "age", to: [["recipient": "age1"]]))?.code == .malformedMetadata)
        #expect(failure(changed("sops", "shamir_threshold", to: "many"))?.code == .malformedMetadata)
        let many = Value.list((0..<300).map { _ in ["recipient": "age1x", "enc": "x"] })
        #expect(failure(changed("sops", "age", to: many))?.code == .tooLarge)
    }

    @Test(
        "that are no documents are refused without a word of their text",
        arguments: [
            "password: hunter2\n\tx", "- hunter2", "hunter2", "{\"hunter2\": ", "{\"a\": hunter2}", "a: .inf\nsops: {mac: hunter2}", "",
            "a: !!int hunter2", "hunter2: 1\nhunter2: 2",
        ])
    func unreadable(_ text: String) {
        let error = message { _ = try SOPS.open(document: Array(text.utf8), identities: identities) }
        #expect(error != "no error" && !error.contains("hunter2"))
    }
}
