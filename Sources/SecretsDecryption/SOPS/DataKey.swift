// SPDX-License-Identifier: Apache-2.0
import Crypto

/// The key that a document's values are encrypted with, and that is itself encrypted for each recipient.
enum DataKey {
    /// 256 bits.
    static let bytes = 32

    static func recover(_ metadata: SOPSMetadata, _ identities: Identities) throws(SecretsError) -> SymmetricKey {
        guard !identities.all.isEmpty else {
            throw SecretsError(.noIdentity, at: SOPSMetadata.key, "there is no age key here to decrypt with; \(wanted(metadata))")
        }
        var parts: [[UInt8]] = []
        var failure: SecretsError?
        for group in metadata.groups {
            do throws(SecretsError) {
                if let part = try part(of: group, identities) { parts.append(part) }
            } catch {
                failure = failure ?? error
            }
        }
        let needed = metadata.groups.count == 1 ? 1 : max(2, metadata.threshold)
        guard parts.count >= needed else {
            if let failure { throw failure }
            throw missing(metadata, identities, found: parts.count, needed: needed)
        }
        let key = metadata.groups.count == 1 ? parts.first : Shamir.combine(parts)
        guard let key, key.count == bytes else {
            throw SecretsError(.malformedMetadata, at: SOPSMetadata.key, "its keys do not hold a data key of \(bytes) bytes")
        }
        return SymmetricKey(data: key)
    }

    /// `nil` where no identity fits; an error where one should but what it opens is broken.
    private static func part(of group: SOPSMetadata.KeyGroup, _ identities: Identities) throws(SecretsError) -> [UInt8]? {
        let ours = Set(identities.recipients)
        // Those that name one of our keys first; the names are hints only.
        let ordered = group.age.filter { ours.contains($0.recipient) } + group.age.filter { !ours.contains($0.recipient) }
        var failure: SecretsError?
        for (recipient, file) in ordered {
            do throws(SecretsError) {
                return try Age.decrypt(Array(file.utf8), identities: identities)
            } catch {
                let isOurs = ours.contains(recipient)
                switch error.code {
                case .noMatchingIdentity where isOurs:
                    failure =
                        failure
                        ?? SecretsError(
                            .tamperedFile, at: "sops.age", "the data key for \(recipient) was changed, or is for another key than it says")
                case .noMatchingIdentity, .unsupported: continue
                default:
                    failure =
                        failure
                        ?? SecretsError(
                            error.code, at: "sops.age", "the data key for \(SecretsError.shown(recipient.prefix(20)))…: \(error.message)")
                }
            }
        }
        if let failure { throw failure }
        return nil
    }

    private static func missing(
        _ metadata: SOPSMetadata, _ identities: Identities, found: Int, needed: Int
    ) -> SecretsError {
        let here = identities.recipients.joined(separator: ", ")
        let hint = "add one with 'sops rotate --in-place --add-age \(identities.recipients.first ?? "age1…")'"
        guard metadata.groups.contains(where: { !$0.age.isEmpty }) else {
            return SecretsError(
                .unsupported, at: SOPSMetadata.key,
                "\(wanted(metadata)); only age keys are supported: \(hint)"
            )
        }
        let groups = needed > 1 ? "\(found) of the \(needed) key groups it needs can be opened; " : ""
        return SecretsError(
            .noMatchingIdentity, at: SOPSMetadata.key,
            "\(groups)\(wanted(metadata)), but the keys here are \(here); \(hint)"
        )
    }

    private static func wanted(_ metadata: SOPSMetadata) -> String {
        let recipients = metadata.groups.flatMap { $0.age.map { SecretsError.shown($0.recipient, limit: 64) } }
        let services = Set(metadata.groups.flatMap(\.services)).sorted()
        let shown = recipients.prefix(8).map { "\($0)" } + (recipients.count > 8 ? ["\(recipients.count - 8) more"] : []) + services
        return "the document is encrypted for \(shown.joined(separator: ", "))"
    }
}
