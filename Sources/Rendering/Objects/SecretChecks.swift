// SPDX-License-Identifier: Apache-2.0
import Manifests
import SecretsDecryption

/// What must hold for encrypted objects and for Secrets before they may go to a cluster.
///
/// Everything that would keep an agent from decrypting an object is found here, where there is a file and a line to tell; and nothing that
/// is readable passes as encrypted.
struct SecretChecks {
    /// A reason to refuse an object.
    struct Problem {
        let code: String
        let message: String
        /// In the object; or, where `part` says so, in the file that it is made of.
        let steps: [PathStep]
        var part: Int?
        var hint: String?
    }

    /// What an object is, once it passed.
    struct Verdict {
        var original: OriginalDocument?
        var isReadableSecret = false
    }

    let allowsClearSecrets: Bool
    private var originals: OriginalDocuments

    init(allowsClearSecrets: Bool, originals: OriginalDocuments) {
        self.allowsClearSecrets = allowsClearSecrets
        self.originals = originals
    }

    /// Judges an object, and takes SOPS' metadata out of it: those of the original count.
    /// - Parameter canonical: the object's canonical form; made anew where the object changes.
    mutating func judge(
        _ object: inout Value, _ canonical: inout [UInt8], from path: String
    ) throws(RefusedObject) -> Verdict {
        var verdict = Verdict()
        let isEncrypted = SOPS.isEncrypted(object)
        if isEncrypted || SOPS.mentionsEncryptedText(canonical) {
            verdict.original = try original(of: object, isEncrypted: isEncrypted, at: path)
            if isEncrypted {
                object["sops"] = nil
                canonical = Canonical.bytes(object)
            }
        }
        if object["kind"] == "Secret", object["apiVersion"] == "v1" {
            verdict.isReadableSecret = try isReadable(secret: object, isEncrypted: verdict.original != nil)
        }
        return verdict
    }

    // MARK: - Encrypted objects

    private mutating func original(
        of object: Value, isEncrypted: Bool, at path: String
    ) throws(RefusedObject) -> OriginalDocument? {
        switch originals.finding(at: path) {
        case .found(let original, let document):
            do throws(SecretsError) {
                try document.check(object)
            } catch {
                throw refusal(error.message, object.steps(of: error.path))
            }
            return original
        case .flawed(let flaw):
            var refused = refusal(flaw.reason.message, flaw.steps)
            refused.problem.part = flaw.part
            throw refused
        case .none:
            let hint = "encrypt the whole file that the object is in, with sops; patches and generators cannot bring encrypted values in"
            if isEncrypted { throw refusal("its SOPS metadata does not come from the file that it is made of", ["sops"], hint: hint) }
            // Inside a longer text it is what somebody wants to have in the cluster: a file for another program to decrypt.
            guard let steps = object.firstPath(where: SOPS.isEncryptedText) else { return nil }
            throw refusal("an encrypted value in an object that is not of an encrypted file", steps, hint: hint)
        }
    }

    private func refusal(_ message: String, _ steps: [PathStep], hint: String? = nil) -> RefusedObject {
        RefusedObject(problem: Problem(code: "not-decryptable", message: message, steps: steps, hint: hint))
    }

    // MARK: - Secrets

    private static let holders = ["data", "stringData"]

    private func isReadable(secret: Value, isEncrypted: Bool) throws(RefusedObject) -> Bool {
        let name = secret.at("metadata", "name")?.string ?? ""
        for entry in secret["data"]?.map ?? Map() {
            guard let text = entry.value.string else { continue }
            switch SOPS.encodedText(text) {
            case .other: continue
            case .holdingEncryptedValues where allowsClearSecrets: continue
            case .encryptedValue, .holdingEncryptedValues:
                throw RefusedObject(
                    problem: Problem(
                        code: "not-decryptable",
                        message:
                            "Secret \(name) was generated from encrypted values: \(entry.key) holds them in base64, where no agent finds them",
                        steps: ["data", .key(entry.key)], hint: "write the Secret itself and encrypt that, with sops"))
            }
        }
        guard let steps = Self.readableValue(of: secret) else { return false }
        if allowsClearSecrets { return true }
        let isCopy = steps.first == "metadata"
        throw RefusedObject(
            problem: Problem(
                code: "clear-secret",
                message: isCopy
                    ? "Secret \(name) has its values once more, readable, in an annotation of kubectl"
                    : "Secret \(name) has readable values in Git",
                steps: steps,
                hint: isCopy
                    ? "remove the annotation"
                    : isEncrypted
                        ? "encrypt all of data and stringData: --encrypted-regex '^(data|stringData)$'"
                        : "encrypt it, or set allowClearSecrets of the application"))
    }

    /// Without a value there is nothing to hide: a token that the cluster fills in, for example.
    private static func readableValue(of secret: Value) -> [PathStep]? {
        for holder in holders {
            guard let value = secret[holder], !value.isNull else { continue }
            guard let map = value.map else { return [.key(holder)] }
            for entry in map where isReadable(entry.value) { return [.key(holder), .key(entry.key)] }
        }
        let copy = "kubectl.kubernetes.io/last-applied-configuration"
        guard let text = secret.at("metadata", "annotations", copy)?.string, let applied = try? JSON.read(text) else { return nil }
        for holder in holders {
            for entry in applied[holder]?.map ?? Map() where isReadable(entry.value) { return ["metadata", "annotations", .key(copy)] }
        }
        return nil
    }

    private static func isReadable(_ value: Value) -> Bool {
        switch value {
        case .null: false
        case .string(let text): !text.isEmpty && !SOPS.isEncryptedText(text)
        case .bool, .int, .decimal, .list, .map: true
        }
    }
}

/// An object that may not go to a cluster.
struct RefusedObject: Error {
    var problem: SecretChecks.Problem
}

extension Value {
    /// The way to the first text that fulfils a condition.
    fileprivate func firstPath(where condition: (String) -> Bool) -> [PathStep]? {
        switch self {
        case .null, .bool, .int, .decimal: return nil
        case .string(let text): return condition(text) ? [] : nil
        case .list(let items):
            for (index, item) in items.enumerated() {
                if let rest = item.firstPath(where: condition) { return [.index(index)] + rest }
            }
            return nil
        case .map(let map):
            for entry in map {
                if let rest = entry.value.firstPath(where: condition) { return [.key(entry.key)] + rest }
            }
            return nil
        }
    }

    /// The steps that a path such as `data.tls.crt` or `spec.items[2]` means here, as far as it leads; keys may have dots.
    fileprivate func steps(of path: String) -> [PathStep] {
        func follow(_ value: Value, _ rest: Substring) -> [PathStep]? {
            if rest.isEmpty { return [] }
            switch value {
            case .map(let map):
                let rest = rest.first == "." ? rest.dropFirst() : rest
                for entry in map where !entry.key.isEmpty && rest.hasPrefix(entry.key) {
                    if let steps = follow(entry.value, rest.dropFirst(entry.key.count)) { return [.key(entry.key)] + steps }
                }
                return nil
            case .list(let items):
                guard rest.first == "[", let end = rest.firstIndex(of: "]"), let index = Int(rest.dropFirst()[..<end]),
                    items.indices.contains(index), let steps = follow(items[index], rest[rest.index(after: end)...])
                else { return nil }
                return [.index(index)] + steps
            case .null, .bool, .int, .decimal, .string: return nil
            }
        }
        return follow(self, path[...]) ?? []
    }
}
