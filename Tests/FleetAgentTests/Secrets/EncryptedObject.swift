// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests
import SecretsDecryption

@testable import FleetAgent

/// An object as a bundle has it when it was made of a SOPS document.
struct EncryptedObject {
    var rendered: Value
    var original: String

    /// Encrypts an object anew for these.
    init(_ object: Value, for identities: AgeIdentity..., rule: EncryptionRule = .secretData) throws {
        var random = SystemRandomNumberGenerator()
        var document = try SOPS.encrypt(
            object, for: identities.map(\.recipient.description), rule: rule, using: &random, at: Timestamp(seconds: 1_800_000_000))
        original = YAML.write(documents: [document])
        document["sops"] = nil
        rendered = document
    }

    static func newIdentity() throws -> AgeIdentity {
        var random = SystemRandomNumberGenerator()
        return try .generate(using: &random)
    }
}

func secret(_ name: String, _ values: [String: String], member: String = "stringData") -> Value {
    [
        "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)],
        .init(stringLiteral: member): .map(Map(values.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
    ]
}

extension TestCluster {
    static let ageKeys = "/api/v1/namespaces/flotilla-system/secrets/flotilla-age-keys"

    /// Gives the agent these keys, each in an entry of its own.
    func give(_ identities: AgeIdentity...) {
        create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "flotilla-system"]])
        let entries = identities.enumerated().map { (index, identity) in
            ("key-\(index).txt", Value.string(Base64.encode(Array(identity.fileText(createdAt: Timestamp(seconds: 0)).utf8))))
        }
        let data = Value.map(Map(entries + [("readme", .string(Base64.encode(Array("no key".utf8))))]))
        if get(Self.ageKeys).isNull {
            create(
                "/api/v1/namespaces/flotilla-system/secrets",
                ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "flotilla-age-keys"], "data": data])
        } else {
            edit(Self.ageKeys, ["data": data])
        }
    }

    /// A value of a Secret in the cluster, decoded.
    func value(_ secret: String, _ key: String) -> String? {
        get("/api/v1/namespaces/shop/secrets/\(secret)").at("data", key)?.string.flatMap { Base64.decode($0) }.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Everything below a state folder.
    func stateBytes(_ state: String = "agent") throws -> [UInt8] {
        func all(_ path: String) throws -> [UInt8] {
            try Folder.names(path).flatMap { name -> [UInt8] in
                let file = "\(path)/\(name)"
                let inner = Folder.names(file)
                return inner.isEmpty ? (try? Folder.read(file)) ?? [] : try all(file)
            }
        }
        return try all("\(folder.path)/\(state)")
    }
}

extension [UInt8] {
    /// Whether these bytes stand anywhere in it.
    func contains(text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard let first = wanted.first, wanted.count <= count else { return false }
        return withUnsafeBytes { bytes in
            wanted.withUnsafeBytes { wanted in
                (0...(bytes.count - wanted.count)).contains { start in
                    bytes[start] == first && UnsafeRawBufferPointer(rebasing: bytes[start..<start + wanted.count]).elementsEqual(wanted)
                }
            }
        }
    }
}
