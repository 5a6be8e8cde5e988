// SPDX-License-Identifier: Apache-2.0
package import Crypto
package import Manifests

/// Documents encrypted by SOPS (getsops.io) for age recipients: YAML, of one or more parts, and JSON.
package enum SOPS {
    package enum Format: Sendable, Hashable {
        case yaml, json

        /// JSON where the first character that is not blank is `{`.
        package static func detect(_ bytes: [UInt8]) -> Format {
            bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "{") ? .json : .yaml
        }
    }

    /// How much of a document is taken in: 8 MiB, 1,000 parts, 64 levels.
    private static let limits = Limits(bytesMax: 8 << 20, depthMax: 64, aliasesMax: 10_000, documentsMax: 1_000)

    /// Whether an object still has the metadata of SOPS, so that its values are encrypted.
    package static func isEncrypted(_ value: Value) -> Bool { SOPSMetadata.isMetadata(value[SOPSMetadata.key]) }

    /// Verifies and decrypts a document.
    ///
    /// Its code is checked over all of its parts before anything is given out. Numbers and texts are told apart as SOPS does: YAML's
    /// `yes` and `on` are texts.
    /// - Parameter format: detected where it is `nil`.
    /// - Throws: any code of `SecretsError` but `foreignValue`.
    package static func open(
        document bytes: [UInt8], format: Format? = nil, identities: Identities
    ) throws(SecretsError) -> OpenedDocument {
        var parts = try read(bytes, format ?? .detect(bytes))
        let metadata = try SOPSMetadata(parts.first?[SOPSMetadata.key])
        let key = try DataKey.recover(metadata, identities)
        var walk = try DocumentWalk(metadata, key: key, parts: parts.count)
        for index in parts.indices {
            parts[index][SOPSMetadata.key] = nil
            parts[index] = try walk.decrypt(parts[index])
        }
        let (plaintexts, literals) = (walk.plaintexts, walk.literals)
        guard let written = EncryptedText(metadata.mac)?.open(key, authenticating: metadata.lastModified) else {
            throw SecretsError(.macMismatch, at: "sops.mac", "the document's code or its time of change was changed")
        }
        guard areEqual(written, walk.code()) else {
            throw SecretsError(
                .macMismatch, at: "sops.mac",
                "values were added, removed, replaced or moved since the document was encrypted; restore it, or encrypt it again")
        }
        return OpenedDocument(documents: parts, plaintexts: plaintexts, literals: literals)
    }

    /// The parts of a document in clear; see `open`.
    package static func decrypt(document bytes: [UInt8], format: Format, identities: Identities) throws(SecretsError) -> [Value] {
        try open(document: bytes, format: format, identities: identities).documents
    }

    /// A rendered object with the plaintexts of the document that it was made of; see `OpenedDocument.filling`.
    package static func merge(rendered: Value, original: [UInt8], identities: Identities) throws(SecretsError) -> Value {
        try open(document: original, identities: identities).filling(rendered)
    }

    /// A code of a plaintext object that tells equal from changed without telling anything else to who has not the key.
    ///
    /// Two encryptions of equal plaintexts have the same; the order of keys does not count.
    package static func plaintextDigest(of object: Value, keyedBy key: SymmetricKey) -> Manifests.Digest {
        let code = HMAC<SHA256>.authenticationCode(for: Canonical.bytes(object), using: key)
        // An HMAC over SHA-256 has 32 bytes, always.
        return Manifests.Digest(bytes: Array(code)) ?? Manifests.Digest.sha256(Array(code))
    }

    // MARK: Reading

    static func read(_ bytes: [UInt8], _ format: Format) throws(SecretsError) -> [Value] {
        var parts: [Value]
        do {
            switch format {
            case .json: parts = [try JSON.read(bytes, limits: limits)]
            case .yaml: parts = try YAML.documents(bytes, limits: limits, scalars: .kustomize)
            }
        } catch {
            // Only what went wrong and where: the reader's own words may quote what is written there.
            let place = error.line > 0 ? " at line \(error.line), column \(error.column)" : ""
            let code: SecretsError.Code = error.code.hasPrefix("too-") ? .tooLarge : .malformedDocument
            throw SecretsError(code, "not readable as \(format == .json ? "JSON" : "YAML")\(place) (\(error.code))")
        }
        for index in parts.indices {
            if parts[index].isNull { parts[index] = .map(Map()) }
            guard parts[index].map != nil else {
                throw SecretsError(.malformedDocument, "a SOPS document must be a map, not \(parts[index].kindName)")
            }
        }
        return parts
    }

    /// Takes the same time wherever the two differ.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
