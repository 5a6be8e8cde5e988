// SPDX-License-Identifier: Apache-2.0

/// The secret keys that an agent holds.
package struct Identities: Sendable {
    package let all: [AgeIdentity]

    /// Bounds the work that a file with many stanzas can cause.
    private static let countMax = 64
    private static let bytesMax = 65_536

    package init(_ identities: [AgeIdentity]) throws(SecretsError) {
        guard identities.count <= Self.countMax else {
            throw SecretsError(.tooLarge, "\(identities.count) secret keys, more than the limit of \(Self.countMax)")
        }
        all = identities
    }

    /// Reads an identities file: one key per line; empty lines and lines that begin with `#` are passed over.
    /// - Throws: `invalidKey`, `unsupported`, `tooLarge`, and `noIdentity` for a file without any; with the line's number, never its text.
    package init(parsing text: String) throws(SecretsError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw SecretsError(.tooLarge, "an identities file of \(text.utf8.count) bytes, more than the limit of \(Self.bytesMax)")
        }
        let start = text.trimmed
        if start.hasPrefix("age-encryption.org/") || start.hasPrefix("-----BEGIN AGE ENCRYPTED FILE") {
            throw SecretsError(.unsupported, "the identities file is itself encrypted; decrypt it with 'age --decrypt' first")
        }
        if start.hasPrefix("-----BEGIN") {
            throw SecretsError(.unsupported, "the identities file holds an SSH or PEM key; make an age key with 'age-keygen'")
        }
        var found: [AgeIdentity] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            do throws(SecretsError) {
                found.append(try AgeIdentity(parsing: line))
            } catch {
                throw SecretsError(error.code, "line \(index + 1) of the identities: \(error.message)")
            }
        }
        guard !found.isEmpty else { throw SecretsError(.noIdentity, "the identities file holds no key (a line AGE-SECRET-KEY-1…)") }
        try self.init(found)
    }

    /// The public halves, `age1…`, in the file's order: what to encrypt for.
    package var recipients: [String] { all.map(\.recipient.description) }
}

extension Identities: CustomStringConvertible {
    package var description: String { "the identities of \(recipients.joined(separator: ", "))" }
}
