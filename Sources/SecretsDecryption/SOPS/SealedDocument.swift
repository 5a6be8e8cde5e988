// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// A SOPS document as it looks without any key: everything that can be known to keep an agent from decrypting it.
package struct SealedDocument: Sendable {
    /// What is wrong, and where in the document.
    package struct Flaw: Error, Sendable, CustomStringConvertible {
        /// Which part of the document, counted from 0.
        package let part: Int
        package let steps: [PathStep]
        package let reason: SecretsError

        package init(part: Int, steps: [PathStep], reason: SecretsError) {
            self.part = part
            self.steps = steps
            self.reason = reason
        }

        package var description: String { reason.message }
    }

    /// The age keys that it is encrypted for, `age1…`.
    package let recipients: [String]
    /// Every encrypted text, standing for itself.
    private let texts: OpenedDocument

    /// - Parameter format: detected where it is `nil`.
    /// - Throws: `notEncrypted` for a document that SOPS has not encrypted; other codes for one that nobody, or no agent, could decrypt.
    package init(_ bytes: [UInt8], format: SOPS.Format? = nil) throws(Flaw) {
        let parts: [Value]
        let metadata: SOPSMetadata
        do throws(SecretsError) {
            parts = try SOPS.read(bytes, format ?? .detect(bytes))
            metadata = try SOPSMetadata(parts.first?[SOPSMetadata.key])
            recipients = try Self.recipients(metadata)
        } catch {
            throw Flaw(part: 0, steps: error.path.hasPrefix(SOPSMetadata.key) ? [.key(SOPSMetadata.key)] : [], reason: error)
        }
        try Self.requireOneDocument(parts)
        var walk: DocumentWalk
        do throws(SecretsError) {
            guard EncryptedText(metadata.mac) != nil else {
                throw SecretsError(
                    .malformedMetadata, at: "sops.mac", "the document's code is not in the form of SOPS; encrypt the document again")
            }
            walk = try DocumentWalk(metadata, key: nil, parts: parts.count)
        } catch {
            throw Flaw(part: 0, steps: [.key(SOPSMetadata.key)], reason: error)
        }
        for (index, part) in parts.enumerated() {
            var content = part
            content[SOPSMetadata.key] = nil
            do throws(SecretsError) {
                _ = try walk.decrypt(content)
            } catch {
                throw Flaw(part: index, steps: walk.path, reason: error)
            }
        }
        texts = OpenedDocument(documents: [], plaintexts: walk.plaintexts, literals: walk.literals)
    }

    /// Makes sure that an agent will find the plaintexts of an object that was made of this document; see `OpenedDocument.filling`.
    /// - Throws: `foreignValue`.
    package func check(_ rendered: Value) throws(SecretsError) { _ = try texts.filling(rendered) }

    /// Those age keys that can be used; a document needs one, or one in each of as many groups as its threshold says.
    private static func recipients(_ metadata: SOPSMetadata) throws(SecretsError) -> [String] {
        var recipients: [String] = []
        var groups = 0
        var reason: SecretsError?
        for group in metadata.groups {
            var isUsable = false
            for (recipient, _) in group.age {
                do throws(SecretsError) {
                    _ = try AgeRecipient(parsing: recipient)
                    recipients.append(recipient)
                    isUsable = true
                } catch {
                    reason = reason ?? error
                }
            }
            if isUsable { groups += 1 }
        }
        let needed = metadata.groups.count == 1 ? 1 : max(2, metadata.threshold)
        guard groups < needed else { return recipients }
        let hint = "agents decrypt with age keys: add one with 'sops rotate --in-place --add-age age1… FILE'"
        let services = Set(metadata.groups.flatMap(\.services)).sorted().joined(separator: ", ")
        if let reason, services.isEmpty { throw SecretsError(reason.code, at: "sops.age", "\(reason.message); \(hint)") }
        throw SecretsError(
            .unsupported, at: SOPSMetadata.key,
            needed > 1
                ? "\(needed) of its \(metadata.groups.count) key groups are needed, and only \(groups) have an age key; \(hint)"
                : "the document is encrypted for \(services) only; \(hint)")
    }

    /// The code is taken over all parts at once: parts that were put together later have another one, or none.
    private static func requireOneDocument(_ parts: [Value]) throws(Flaw) {
        let mac = parts.first?[SOPSMetadata.key]?["mac"]
        for (index, part) in parts.enumerated().dropFirst() where part.map?.isEmpty == false {
            guard part[SOPSMetadata.key]?["mac"] == mac else {
                throw Flaw(
                    part: index, steps: [],
                    reason: SecretsError(
                        .malformedDocument,
                        "document \(index + 1) of the file was not encrypted together with the first one; put it into a file of its own"))
            }
        }
    }
}

extension SOPS {
    /// Whether a text as a whole is an encrypted value.
    package static func isEncryptedText(_ text: String) -> Bool { EncryptedText.looksEncrypted(text) }

    /// What a Secret's base64 hides.
    package enum EncodedText: Sendable { case other, encryptedValue, holdingEncryptedValues }

    /// Looks for encrypted values inside base64, which may be folded into lines.
    package static func encodedText(_ text: String) -> EncodedText {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: " ") }
        guard let bytes = Base64.decode(digits, padded: true) else { return .other }
        if bytes.starts(with: EncryptedText.marker.utf8) { return .encryptedValue }
        return mentionsEncryptedText(bytes) ? .holdingEncryptedValues : .other
    }

    /// Whether an encrypted value may begin anywhere in these bytes: a quick look before a thorough one.
    package static func mentionsEncryptedText(_ bytes: [UInt8]) -> Bool { EncryptedText.pattern.isIn(bytes) }
}
