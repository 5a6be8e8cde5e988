// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Crypto
import KubernetesAPI
import Manifests

/// The keys of a cluster's agent, from one that is kept in the cluster and never leaves it.
struct AgentKeys: Sendable {
    /// Seals what the agent stores of readable Secrets.
    let sealing: SymmetricKey
    /// Codes what is shown or stored in place of secrets.
    let coding: SymmetricKey
    /// Tells one key from another, and nothing else of it.
    let identifier: String
    private let root: [UInt8]

    static let bytes = 32

    /// - Parameter root: 32 bytes; otherwise the result is `nil`.
    init?(root: [UInt8]) {
        guard root.count == Self.bytes else { return nil }
        self.root = root
        func derived(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: root), info: Array("flotilla.dev/\(purpose)/v1".utf8), outputByteCount: Self.bytes)
        }
        sealing = derived("sealing")
        coding = derived("coding")
        identifier = derived("identifier").withUnsafeBytes { Manifests.Digest.sha256(Array($0)) }.hex.prefix(16).description
    }

    /// As the Secret holds it.
    var text: String { Base64.encode(root) }

    // MARK: Sealing

    private static let mark = Array("flotilla.dev/sealed/v1\n".utf8)

    /// Encrypts bytes (AES-256-GCM, a new nonce each time), bound to the digest by which they are asked for.
    /// - Returns: `nil` should the library refuse; not known to happen.
    func seal(_ bytes: [UInt8], as digest: Manifests.Digest) -> [UInt8]? {
        guard let box = try? AES.GCM.seal(bytes, using: sealing, authenticating: digest.bytes), let combined = box.combined else {
            return nil
        }
        return Self.mark + Array(combined)
    }

    /// - Returns: `nil` for what was sealed with another key or as something else, or was changed.
    func open(_ sealed: [UInt8], as digest: Manifests.Digest) -> [UInt8]? {
        guard sealed.starts(with: Self.mark), let box = try? AES.GCM.SealedBox(combined: sealed.dropFirst(Self.mark.count)),
            let bytes = try? AES.GCM.open(box, using: sealing, authenticating: digest.bytes)
        else { return nil }
        return Array(bytes)
    }
}

/// Why the agent cannot have its key.
struct KeyError: Error, Sendable, Hashable, CustomStringConvertible {
    var message: String
    var description: String { message }
}

/// The Secret that holds the agent's key: made by the first agent that needs it, and taken over by all after it.
enum KeySecret {
    static let name = "flotilla-agent-key"
    static let entry = "key"

    /// Reads the key, or makes one where there is none.
    /// - Throws: `KubernetesError`, or `KeyError` for a Secret that holds no key: it is never overwritten.
    static func load(_ client: KubernetesClient) async throws -> AgentKeys {
        for _ in 0..<3 {
            do {
                return try keys(in: try await client.get(.secrets, namespace: Ownership.agentNamespace, name: name))
            } catch let error as KubernetesError {
                guard error.isNotFound else { throw error }
            }
            let root = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
            // Another agent may be faster: its key counts.
            if let keys = AgentKeys(root: root), try await create(secret(keys), client) { return keys }
        }
        throw KeyError(message: "the Secret \(Ownership.agentNamespace)/\(name) comes and goes: somebody deletes it again and again")
    }

    /// Puts a key back that was deleted while its agent ran.
    static func keep(_ keys: AgentKeys, _ client: KubernetesClient) async throws { _ = try await create(secret(keys), client) }

    private static func create(_ secret: Value, _ client: KubernetesClient) async throws -> Bool {
        let options = WriteOptions(fieldManager: Ownership.fieldManager)
        for attempt in 1...2 {
            do {
                _ = try await client.create(secret, as: .secrets, options: options)
                return true
            } catch {
                if error.isAlreadyExists { return false }
                guard error.isNotFound, attempt == 1 else { throw error }
                try await AgentNamespace.ensure(client)
            }
        }
        return false
    }

    private static func secret(_ keys: AgentKeys) -> Value {
        [
            "apiVersion": "v1", "kind": "Secret", "type": "flotilla.dev/key", "immutable": true,
            "metadata": [
                "name": .string(name), "namespace": .string(Ownership.agentNamespace),
                "annotations": [
                    "flotilla.dev/about":
                        "Seals what the agent stores of Secrets. Without it that is fetched again; it never leaves the cluster."
                ],
            ],
            "data": .map([entry: .string(keys.text)]),
        ]
    }

    private static func keys(in secret: Value) throws(KeyError) -> AgentKeys {
        guard let root = secret.at("data", entry)?.string.flatMap({ Base64.decode($0) }), let keys = AgentKeys(root: root) else {
            throw KeyError(
                message:
                    "the Secret \(Ownership.agentNamespace)/\(name) has no entry '\(entry)' of \(AgentKeys.bytes) bytes: restore it from "
                    + "a backup, or delete it, so that the agent makes a new one and fetches again what was sealed with the old one")
        }
        return keys
    }
}

/// The namespace in which the agent keeps its own Secrets.
enum AgentNamespace {
    static func ensure(_ client: KubernetesClient) async throws(KubernetesError) {
        let object: Value = .map([
            "apiVersion": "v1", "kind": "Namespace", "metadata": .map(["name": .string(Ownership.agentNamespace)]),
        ])
        do {
            _ = try await client.create(object, as: .namespaces, options: WriteOptions(fieldManager: Ownership.fieldManager))
        } catch {
            guard error.isAlreadyExists else { throw error }
        }
    }
}

extension AgentKeys: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "the agent's keys \(identifier)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["identifier": identifier]) }
}
