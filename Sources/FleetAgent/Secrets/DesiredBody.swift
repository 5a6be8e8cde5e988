// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import SecretsDecryption

/// An object of a bundle as the cluster is to have it; it lives as long as one plan or one request.
struct DesiredBody: Sendable {
    var object: Value
    /// What in it must not leave the cluster.
    var secrets = Plaintexts()
    /// Whether digests of it would tell what it holds.
    var isSecret = false
}

enum SecretData {
    /// A core Secret with its `stringData` moved into `data`, as the API server stores it.
    ///
    /// An apply of `stringData` would own fields that no stored object has: nobody could tell whether its values were changed, and what is
    /// left out later would stay. What is no text is left where it is, so that the API server says what is wrong with it.
    static func merged(_ object: Value) -> Value {
        guard Plaintexts.isSecret(object), case .map(let texts)? = object["stringData"] else { return object }
        var data = object["data"]?.map ?? Map()
        var rest = Map()
        for entry in texts {
            if let text = entry.value.string {
                data[entry.key] = .string(Base64.encode(Array(text.utf8)))
            } else {
                rest[entry.key] = entry.value
            }
        }
        var object = object
        object["data"] = data.isEmpty ? object["data"] : .map(data)
        object["stringData"] = rest.isEmpty ? nil : .map(rest)
        return object
    }
}

/// Why an encrypted object cannot be had in clear.
struct UndecryptableObject: Error, Sendable, CustomStringConvertible {
    var message: String
    /// Whether other keys would help.
    var needsKeys: Bool

    var description: String { "cannot be decrypted: \(message)" }
}

extension AgentContext {
    /// An object's body, decrypted where it is encrypted, without what only travels.
    /// - Throws: `UndecryptableObject`; `StateError` and `CoordinatorError` where it is not at hand.
    func desired(_ body: Digest, original: Digest?) async throws -> DesiredBody {
        var object = try await self.body(body)
        SecretSalt.remove(from: &object)
        guard let original else {
            guard !SOPS.isEncrypted(object) else {
                throw UndecryptableObject(message: "the bundle has it without its original, which its code covers", needsKeys: false)
            }
            let secrets = Plaintexts(of: object)
            mask.learn(secrets)
            return DesiredBody(object: SecretData.merged(object), secrets: secrets, isSecret: Plaintexts.isSecret(object))
        }
        let document = try await self.original(original)
        let opened = try await open(document)
        do throws(SecretsError) {
            var secrets = try Plaintexts(of: opened, in: object)
            let filled = try opened.filling(object)
            secrets.formUnion(Plaintexts(of: filled))
            mask.learn(secrets)
            return DesiredBody(object: SecretData.merged(filled), secrets: secrets, isSecret: true)
        } catch {
            throw UndecryptableObject(message: "\(error)", needsKeys: false)
        }
    }

    private func open(_ document: [UInt8]) async throws -> OpenedDocument {
        do { return try SOPS.open(document: document, identities: try await ageKeys.current()) } catch let error as SecretsError {
            guard error.isOfKeys else { throw UndecryptableObject(message: "\(error)", needsKeys: false) }
        }
        // The keys may have been changed since they were read.
        do { return try SOPS.open(document: document, identities: try await ageKeys.current(isStale: true)) } catch let error
            as SecretsError
        {
            guard error.isOfKeys else { throw UndecryptableObject(message: "\(error)", needsKeys: false) }
            ageKeys.needed.wake()
            let complaints = await ageKeys.complaints.prefix(3).map { "; \($0)" }.joined()
            throw UndecryptableObject(
                message:
                    "\(error); or put the key of a recipient into the Secret \(Ownership.agentNamespace)/\(AgeKeys.secretName)\(complaints)",
                needsKeys: true)
        }
    }
}

extension SecretsError {
    /// Whether the same document may open with other keys.
    fileprivate var isOfKeys: Bool { code == .noIdentity || code == .noMatchingIdentity }
}

/// Several objects of one application that cannot be planned.
struct ApplyFailures: Error, Sendable {
    var all: [ApplyFailure]
}

extension ApplyFailure {
    init(_ identity: ObjectIdentity?, _ error: UndecryptableObject) {
        self.init(identity, "\(error)", .wait)
        needsKeys = error.needsKeys
    }
}

extension KubernetesError {
    /// The same without an object's own plaintexts, also short ones.
    func redacted(by mask: SecretMask, _ secrets: Plaintexts) -> KubernetesError {
        guard !secrets.isEmpty else { return self }
        let redaction = Redaction(mask, secrets)
        var error = self
        error.message = redaction.redact(message)
        for index in error.causes.indices {
            error.causes[index].message = redaction.redact(error.causes[index].message)
            error.causes[index].field = redaction.redact(error.causes[index].field)
        }
        return error
    }
}

extension HookOutcome {
    func redacted(by mask: SecretMask) -> HookOutcome {
        switch self {
        case .succeeded: self
        case .failed(let reason): .failed(mask.redact(reason))
        }
    }
}
