// SPDX-License-Identifier: Apache-2.0
import Manifests
import Rendering
import SecretsDecryption
import Testing

@Suite("Secrets in renders") struct SecretRenderingTests {
    private let identity: AgeIdentity
    private let time = Timestamp(seconds: 1_800_000_000)

    init() throws {
        var random = SystemRandomNumberGenerator()
        identity = try AgeIdentity.generate(using: &random)
    }

    private static let secret: Value = [
        "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "db"], "stringData": ["password": "hunter2", "user": "shop"],
    ]

    /// An encrypted file of these documents.
    private func encrypted(_ documents: Value..., rule: EncryptionRule = .secretData) throws -> String {
        var random = SystemRandomNumberGenerator()
        return YAML.write(
            documents: try SOPS.encrypt(
                documents: documents, for: ["\(identity.recipient)"], rule: rule, using: &random, at: time))
    }

    private func render(_ files: [String: String], substitute: Bool = false, clear: Bool = false) throws -> Rendered {
        try Renderer.render(
            RenderRequest(
                path: "app", namespace: "shop", substitute: substitute, allowClearSecrets: clear, variables: ["cluster.variables.x": "no"]),
            from: MemoryTree(files: files))
    }

    private func errors(_ files: [String: String], clear: Bool = false) -> [String] {
        do {
            _ = try render(files, clear: clear)
            return []
        } catch let failure as RenderFailure {
            return failure.errors.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    /// What an agent makes of an object.
    private func opened(_ object: RenderedObject) throws -> Value {
        let original = try #require(object.original)
        #expect(original.digest == .sha256(original.bytes))
        return try SOPS.merge(rendered: object.value, original: original.bytes, identities: Identities([identity]))
    }

    // MARK: - Encrypted objects

    @Test("a plain manifest travels with its file, and an agent can open it")
    func plain() throws {
        let file = try encrypted(Self.secret)
        let rendered = try render(["app/db.yaml": file])
        let object = try #require(rendered.objects.first)
        #expect(object.original?.bytes == Array(file.utf8) && object.original?.path == "app/db.yaml")
        #expect(object.value["sops"] == nil && object.digest == .sha256(object.bytes) && !object.isReadableSecret)
        #expect(!String(decoding: object.bytes, as: UTF8.self).contains("hunter2"))
        let opened = try opened(object)
        #expect(opened.at("stringData", "password") == "hunter2" && opened.at("metadata", "namespace") == "shop")
    }

    @Test("JSON, lists, several documents and kinds other than Secret do, too")
    func forms() throws {
        let config: Value = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["key": "hidden"]]
        let list: Value = ["apiVersion": "v1", "kind": "List", "items": [Self.secret]]
        var random = SystemRandomNumberGenerator()
        let json = JSON.text(try SOPS.encrypt(Self.secret, for: ["\(identity.recipient)"], using: &random, at: time))
        #expect(try opened(try #require(try render(["app/db.json": json]).objects.first)).at("stringData", "user") == "shop")
        let several = try render(["app/all.yaml": try encrypted(config, Self.secret)]).objects
        #expect(several.map(\.original).first == several.map(\.original).last && several.count == 2)
        #expect(try several.map { try opened($0)["kind"] } == ["ConfigMap", "Secret"])
        #expect(try opened(several[0]).at("data", "key") == "hidden")
        let items = try render(["app/list.yaml": try encrypted(list)]).objects
        #expect(try opened(try #require(items.first)).at("stringData", "password") == "hunter2")
    }

    @Test("a new encryption of the same plaintext is another render")
    func rotation() throws {
        let one = try #require(try render(["app/db.yaml": try encrypted(Self.secret)]).objects.first)
        let two = try #require(try render(["app/db.yaml": try encrypted(Self.secret)]).objects.first)
        #expect(one.digest != two.digest && one.original?.digest != two.original?.digest)
    }

    @Test("encrypted files are never substituted")
    func substitution() throws {
        var secret = Self.secret
        secret["metadata"]?["annotations"] = ["note": "${x}"]
        let object = try #require(try render(["app/db.yaml": try encrypted(secret)], substitute: true).objects.first)
        #expect(try opened(object).at("metadata", "annotations", "note") == "${x}")
    }

    @Test("Kustomize may rename, label, patch and move the values")
    func kustomize() throws {
        let file = try encrypted(Self.secret)
        let files = [
            "app/kustomization.yaml": """
            namePrefix: eu-
            namespace: data
            commonLabels: {team: web}
            resources: [../base]
            patches:
            - target: {kind: Secret}
              patch: |
                - {op: move, from: /stringData/password, path: /stringData/DATABASE_PASSWORD}
            """,
            "base/kustomization.yaml": "resources: [db.yaml]\n", "base/db.yaml": file,
        ]
        let object = try #require(try render(files).objects.first)
        #expect(object.identity.description == "Secret data/eu-db" && object.original?.path == "base/db.yaml")
        let opened = try opened(object)
        #expect(opened.at("stringData", "DATABASE_PASSWORD") == "hunter2" && opened.at("metadata", "labels", "team") == "web")
        #expect(opened["sops"] == nil)
    }

    @Test("what no agent could decrypt is refused with its place")
    func refusals() throws {
        let file = try encrypted(Self.secret)
        let lines = file.split(separator: "\n", omittingEmptySubsequences: false)
        let sops = (lines.firstIndex { $0.hasPrefix("sops:") } ?? 0) + 1
        let pgp = file.replacing("age:", with: "pgp:")
        #expect(
            errors(["app/db.yaml": pgp]).first?.hasPrefix(
                "app/db.yaml:\(sops + 1):3: error[not-decryptable]: the document is encrypted for PGP only; agents decrypt with age keys")
                == true)
        let broken = errors(["app/db.yaml": file.replacing("  mac:", with: "  mad:")])
        #expect(broken.count == 1 && broken.first?.contains("error[not-decryptable]: is missing; encrypt the document again") == true)
        let clear = file.replacing("stringData:", with: "stringData:\n  added: in clear")
        let added = errors(["app/db.yaml": clear])
        let place = (lines.firstIndex { $0.hasPrefix("stringData:") } ?? 0) + 2
        #expect(added.count == 1)
        #expect(added.first?.hasPrefix("app/db.yaml:\(place):10: error[not-decryptable]: must be encrypted, but is in clear") == true)
        #expect(added.first?.contains("in clear;") == true && added.first?.contains("hunter2") == false)
        let mixed = errors(["app/db.yaml": file + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"])
        #expect(mixed.count == 1 && mixed.first?.contains("document 2 of the file was not encrypted together with the first one") == true)
    }

    @Test("encrypted values cannot come from elsewhere")
    func foreign() throws {
        let file = try encrypted(Self.secret)
        let other = try #require(try YAML.documents(try encrypted(Self.secret)).first?.at("stringData", "password")?.string)
        let patched = errors([
            "app/kustomization.yaml": """
            resources: [db.yaml]
            patches: [{target: {kind: Secret}, patch: '- {op: add, path: /stringData/tls.key, value: "\(other)"}'}]
            """, "app/db.yaml": file,
        ])
        #expect(patched.count == 1 && patched.first?.contains("is not in the original document") == true)
        let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: plain\n  b: '\(other)'\n"
        let lonely = errors(["app/c.yaml": config])
        #expect(
            lonely.first?.hasPrefix(
                "app/c.yaml:6:6: error[not-decryptable]: an encrypted value in an object that is not of an encrypted file")
                == true)
        // Part of a longer text it may be meant for a program that decrypts by itself.
        #expect(errors(["app/c.yaml": config.replacing("'\(other)'", with: "'x: \(other)'")]) == [])
        let moved = errors([
            "app/kustomization.yaml": """
            resources: [db.yaml]
            patches:
            - target: {kind: Secret}
              patch: |
                - {op: add, path: /metadata/annotations, value: {}}
                - {op: copy, from: /stringData/password, path: /metadata/annotations/shown}
            """, "app/db.yaml": file,
        ])
        #expect(moved.count == 1 && moved.first?.contains("was moved into the object's metadata") == true)
    }

    @Test("generators over encrypted files are refused", arguments: [false, true])
    func generators(_ clear: Bool) throws {
        let environment = "PASSWORD=ENC[AES256_GCM,data:Tr7o,iv:AAAA,tag:AAAA,type:str]\n"
        let found = errors(
            [
                "app/kustomization.yaml": "resources: []\nsecretGenerator:\n- name: db\n  envs: [db.env]\n", "app/db.env": environment,
            ], clear: clear)
        #expect(found.count == 1)
        #expect(
            found.first?.hasPrefix(
                "app/kustomization.yaml:1:1: error[not-decryptable]: Secret db-b8hb28kb4d was generated from encrypted values: PASSWORD")
                == true)
        #expect(found.first?.hasSuffix("(write the Secret itself and encrypt that, with sops)") == true)
        let whole = errors(
            [
                "app/kustomization.yaml": "secretGenerator:\n- name: db\n  files: [db.yaml]\n", "app/db.yaml": try encrypted(Self.secret),
            ], clear: clear)
        #expect(whole.isEmpty == clear)
    }

    // MARK: - Readable Secrets

    @Test("a Secret of which anything is readable counts as readable")
    func readable() throws {
        let partly = try encrypted(Self.secret, rule: .encryptedRegex("^password$"))
        let found = errors(["app/db.yaml": partly])
        #expect(
            found.count == 1
                && found.first?.contains("error[clear-secret]: Secret db has readable values in Git (encrypt all of data") == true)
        let object = try #require(try render(["app/db.yaml": partly], clear: true).objects.first)
        #expect(object.isReadableSecret && object.original != nil)
        let clear = YAML.write(Self.secret)
        #expect(try render(["app/db.yaml": clear], clear: true).objects.map(\.isReadableSecret) == [true])
        var empty = Self.secret
        empty["stringData"] = ["password": "", "user": .null]
        #expect(try render(["app/db.yaml": YAML.write(empty)]).objects.map(\.isReadableSecret) == [false])
    }

    @Test("values that kubectl copied into an annotation are found")
    func lastApplied() throws {
        var secret = Self.secret
        secret["metadata"]?["annotations"] = [
            "kubectl.kubernetes.io/last-applied-configuration": .string(JSON.text(Self.secret))
        ]
        let found = errors(["app/db.yaml": try encrypted(secret)])
        #expect(
            found.count == 1 && found.first?.contains("once more, readable, in an annotation of kubectl (remove the annotation)") == true)
    }
}
