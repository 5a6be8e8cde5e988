// SPDX-License-Identifier: Apache-2.0

/// Why a secret could not be read or made: what, where, and how to mend it; never any part of a key or of a plaintext.
package struct SecretsError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// A line of an identities file, or a recipient, is not what it should be.
        case invalidKey = "invalid-key"
        /// A key, a file or a document wants something that is not supported here; the message says what is there and what to do.
        case unsupported
        /// There is no identity at all.
        case noIdentity = "no-identity"
        /// None of the identities opens it.
        case noMatchingIdentity = "no-matching-identity"
        /// An age file is not built as age files are, or ends early.
        case malformedFile = "malformed-file"
        /// An age file was opened, but what it holds was changed.
        case tamperedFile = "tampered-file"
        /// A document is not readable as YAML or JSON.
        case malformedDocument = "malformed-document"
        /// A document has no SOPS metadata.
        case notEncrypted = "not-encrypted"
        /// A document's SOPS metadata has not the shape that it should have.
        case malformedMetadata = "malformed-metadata"
        /// A value that has to be encrypted is not in the form of SOPS.
        case malformedValue = "malformed-value"
        /// A value was changed, or stands in another place than it was encrypted for.
        case tamperedValue = "tampered-value"
        /// Values were added, removed, replaced or moved since the document was encrypted.
        case macMismatch = "mac-mismatch"
        /// A rendered object holds an encrypted value that its original has not, or not there.
        case foreignValue = "foreign-value"
        case tooLarge = "too-large"
        /// The library refused; not known to happen.
        case failed
    }

    package let code: Code
    /// Where in the document, as in `stringData.password`; empty where the error has no place in one.
    package let path: String
    package let message: String

    package init(_ code: Code, at path: String = "", _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    package var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

extension SecretsError {
    /// Text of a file, which may be anything, for a message: cut short, and without what does not print.
    static func shown(_ text: some StringProtocol, limit: Int = 40) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit).map { (0x20..<0x7F).contains($0.value) ? $0 : "?" }))
    }
}
