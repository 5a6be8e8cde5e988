// SPDX-License-Identifier: Apache-2.0
import Crypto
package import Manifests

extension SOPS {
    /// The version of SOPS whose rules the documents made here follow.
    private static let version = "3.11.0"

    /// Encrypts a document of one part; see `encrypt(documents:)`.
    package static func encrypt(
        _ document: Value, for recipients: [String], rule: EncryptionRule = .secretData, coversOnlyEncrypted: Bool = false,
        using random: inout some RandomNumberGenerator, at time: Timestamp
    ) throws(SecretsError) -> Value {
        try encrypt(
            documents: [document], for: recipients, rule: rule, coversOnlyEncrypted: coversOnlyEncrypted, using: &random, at: time
        ).first ?? .null
    }

    /// Encrypts the parts of one document; `YAML.write(documents:)`, or for one part `JSON.write`, makes the file of the result.
    /// - Parameters:
    ///   - recipients: `age1…`, between 1 and 64; each of them will be able to decrypt.
    ///   - rule: what is encrypted; rules by comments are refused, because values carry no comments.
    ///   - coversOnlyEncrypted: whether what stays in clear may be changed later without a new encryption.
    ///   - random: must be fit for secrets, as `SystemRandomNumberGenerator` is.
    package static func encrypt(
        documents: [Value], for recipients: [String], rule: EncryptionRule = .secretData, coversOnlyEncrypted: Bool = false,
        using random: inout some RandomNumberGenerator, at time: Timestamp
    ) throws(SecretsError) -> [Value] {
        var keys: [AgeRecipient] = []
        for recipient in recipients { keys.append(try AgeRecipient(parsing: recipient)) }
        guard (1...64).contains(keys.count) else {
            throw SecretsError(.invalidKey, "a document needs between 1 and 64 recipients, not \(keys.count)")
        }
        guard !documents.isEmpty else { throw SecretsError(.malformedDocument, "there is nothing to encrypt") }
        let dataKey = [UInt8].random(DataKey.bytes, using: &random)
        let key = SymmetricKey(data: dataKey)
        var walk = try EncryptingWalk(rule, key: key, coversOnlyEncrypted: coversOnlyEncrypted)
        var parts: [Value] = []
        for document in documents {
            guard document.map != nil else {
                throw SecretsError(.malformedDocument, "a SOPS document must be a map, not \(document.kindName)")
            }
            guard document[SOPSMetadata.key] == nil else {
                throw SecretsError(
                    .malformedDocument, at: SOPSMetadata.key, "the document is encrypted already, or uses this key for itself")
            }
            parts.append(try walk.encrypt(document, using: &random))
        }
        var age: [Value] = []
        for key in keys {
            let file = try Age.encrypt(dataKey, for: [key], armored: true, using: &random)
            age.append(["recipient": .string("\(key)"), "enc": .string(file.text)])
        }
        let modified = Timestamp(seconds: time.seconds).rfc3339
        let mac = try EncryptedText.seal(walk.code(), as: .string, key: key, authenticating: modified, using: &random)
        var metadata: Map = ["age": .list(age), "lastmodified": .string(modified), "mac": .string(mac)]
        metadata[rule.member.name] = .string(rule.member.text)
        if coversOnlyEncrypted { metadata["mac_only_encrypted"] = true }
        metadata["version"] = .string(version)
        for index in parts.indices { parts[index][SOPSMetadata.key] = .map(metadata) }
        return parts
    }
}

/// Encrypts a document's values in order, and takes the code over them.
private struct EncryptingWalk {
    private let key: SymmetricKey
    private let selection: KeySelection
    private let coversOnlyEncrypted: Bool
    private var hash = SHA512()
    private var path: [PathStep] = []

    init(_ rule: EncryptionRule, key: SymmetricKey, coversOnlyEncrypted: Bool) throws(SecretsError) {
        self.key = key
        selection = try KeySelection(rule)
        self.coversOnlyEncrypted = coversOnlyEncrypted
        guard !selection.isByForm else {
            throw SecretsError(.unsupported, "encrypting by comments is not supported here; use a rule by keys")
        }
        guard !rule.member.text.isEmpty else { throw SecretsError(.malformedMetadata, at: "sops.\(rule.member.name)", "must not be empty") }
        if coversOnlyEncrypted { hash.update(data: DocumentWalk.onlyEncryptedStart) }
    }

    mutating func encrypt(_ document: Value, using random: inout some RandomNumberGenerator) throws(SecretsError) -> Value {
        try walk(document, additional: "", matched: false, using: &random)
    }

    func code() -> [UInt8] { hash.finalize().flatMap { DocumentWalk.hex($0) } }

    private mutating func walk(
        _ value: Value, additional: String, matched: Bool, using random: inout some RandomNumberGenerator
    ) throws(SecretsError) -> Value {
        switch value {
        case .null: return .null
        case .list(let items):
            var sealed: [Value] = []
            for (index, item) in items.enumerated() {
                path.append(.index(index))
                sealed.append(try walk(item, additional: additional, matched: matched, using: &random))
                path.removeLast()
            }
            return .list(sealed)
        case .map(let map):
            var sealed = Map()
            for entry in map {
                path.append(.key(entry.key))
                let value = try walk(
                    entry.value, additional: "\(additional)\(entry.key):", matched: matched || selection.matches(entry.key), using: &random)
                sealed.append(unique: entry.key, value)
                path.removeLast()
            }
            return .map(sealed)
        case .bool, .int, .decimal, .string:
            guard let plain = PlainBytes.encode(value) else {
                throw SecretsError(.malformedValue, at: path.text, "a number that no double can hold")
            }
            let isEncrypted = selection.encrypts(matched: matched, nil)
            if isEncrypted || !coversOnlyEncrypted { hash.update(data: plain.bytes) }
            guard isEncrypted, !plain.bytes.isEmpty else { return value }
            return .string(
                try EncryptedText.seal(plain.bytes, as: plain.kind, key: key, authenticating: additional, using: &random))
        }
    }
}
