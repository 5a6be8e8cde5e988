// SPDX-License-Identifier: Apache-2.0
import Crypto
package import Manifests

/// A SOPS document that was verified and decrypted; it holds plaintexts, and shows none.
package struct OpenedDocument: Sendable {
    /// The document's parts in order, without their metadata.
    package let documents: [Value]

    /// What stands where an encrypted text stood.
    private let plaintexts: [String: Plaintext]
    /// Texts that look encrypted in places that the document's rule leaves in clear.
    private let literals: Set<String>

    struct Plaintext: Sendable {
        /// `nil` for a comment.
        var value: Value?
        /// Whether it is, in the original, part of an object's metadata.
        var isInMetadata: Bool
    }

    init(documents: [Value], plaintexts: [String: Plaintext], literals: Set<String>) {
        self.documents = documents
        self.plaintexts = plaintexts
        self.literals = literals
    }

    /// An object that was made of this document, with plaintexts where it has encrypted values, and without SOPS' metadata.
    ///
    /// Kustomize may have changed anything around the values, and have moved them: they are found by their ciphertext, which is theirs
    /// alone. They may not come to stand in `metadata`, where people and tools show what they find, unless they stood there before.
    /// - Throws: `foreignValue` for what looks encrypted and is not in this document as it stands there.
    package func filling(_ rendered: Value) throws(SecretsError) -> Value {
        var object = rendered
        if SOPSMetadata.isMetadata(object[SOPSMetadata.key]) { object[SOPSMetadata.key] = nil }
        var path: [PathStep] = []
        return try fill(object, at: &path) ?? .null
    }

    /// The same document with other values in place of its plaintexts, such as marks that tell where they stand.
    package func mapping(_ transform: (Value) -> Value) -> OpenedDocument {
        OpenedDocument(
            documents: [],
            plaintexts: plaintexts.mapValues { Plaintext(value: $0.value.map(transform), isInMetadata: $0.isInMetadata) },
            literals: literals)
    }

    /// `nil` for a comment.
    private func fill(_ value: Value, at path: inout [PathStep]) throws(SecretsError) -> Value? {
        switch value {
        case .null, .bool, .int, .decimal: return value
        case .string(let text): return try fill(text, at: path)
        case .list(let items):
            var filled: [Value] = []
            filled.reserveCapacity(items.count)
            for (index, item) in items.enumerated() {
                path.append(.index(index))
                if let value = try fill(item, at: &path) { filled.append(value) }
                path.removeLast()
            }
            return .list(filled)
        case .map(let map):
            var entries: [Map.Entry] = []
            entries.reserveCapacity(map.count)
            for entry in map {
                path.append(.key(entry.key))
                if let value = try fill(entry.value, at: &path) { entries.append(Map.Entry(key: entry.key, value: value)) }
                path.removeLast()
            }
            return .map(Map(unique: entries))
        }
    }

    private func fill(_ text: String, at path: [PathStep]) throws(SecretsError) -> Value? {
        if let plaintext = plaintexts[text] {
            guard plaintext.isInMetadata || path.first != .key("metadata") else {
                throw SecretsError(
                    .foreignValue, at: path.text, "an encrypted value was moved into the object's metadata, where it would be shown")
            }
            return plaintext.value
        }
        if text.utf8.starts(with: EncryptedText.encodedMarker.utf8) {
            throw SecretsError(
                .foreignValue, at: path.text,
                "an encrypted value was encoded in base64 by a generator; write the Secret itself and encrypt that")
        }
        guard text.utf8.count >= EncryptedText.marker.utf8.count, text.contains(EncryptedText.marker), !literals.contains(text) else {
            return .string(text)
        }
        throw SecretsError(
            .foreignValue, at: path.text,
            EncryptedText.looksEncrypted(text)
                ? "this encrypted value is not in the original document; a patch or replacement cannot bring one from elsewhere"
                : "an encrypted value was made part of a longer text; that cannot be decrypted")
    }
}

extension OpenedDocument: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "an opened document of \(documents.count) parts" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["parts": documents.count]) }
}

extension [PathStep] {
    /// For example `stringData.password` or `spec.tokens[2]`.
    var text: String {
        var text = ""
        for step in self {
            switch step {
            case .key(let key): text += (text.isEmpty ? "" : ".") + key
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}
