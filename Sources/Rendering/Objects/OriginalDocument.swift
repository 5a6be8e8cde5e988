// SPDX-License-Identifier: Apache-2.0
package import Manifests
import SecretsDecryption

/// A file that SOPS encrypted, as it stands in the tree: objects made of it travel with it, because its code covers all of its bytes.
package struct OriginalDocument: Sendable, Hashable {
    /// From the tree's root.
    package let path: String
    /// The SHA-256 of `bytes`.
    package let digest: Digest
    /// UTF-8, whatever the tree has.
    package let bytes: [UInt8]
}

/// The files of one render that SOPS encrypted, each looked at once.
struct OriginalDocuments {
    enum Finding {
        /// SOPS has not encrypted the file, or there is none.
        case none
        /// Nobody could decrypt it.
        case flawed(SealedDocument.Flaw)
        case found(OriginalDocument, SealedDocument)
    }

    /// The bytes of a file as the tree has it, without substitution.
    let read: (String) -> [UInt8]?
    /// Larger files are refused; bytes.
    let bytesMax: Int
    private var known: [String: Finding] = [:]

    init(bytesMax: Int, read: @escaping (String) -> [UInt8]?) {
        self.bytesMax = bytesMax
        self.read = read
    }

    mutating func finding(at path: String) -> Finding {
        if let finding = known[path] { return finding }
        let finding = look(at: path)
        known[path] = finding
        return finding
    }

    private func look(at path: String) -> Finding {
        guard let bytes = read(path) else { return .none }
        do throws(SealedDocument.Flaw) {
            let document = try SealedDocument(bytes)
            guard bytes.count <= bytesMax else {
                return .flawed(
                    SealedDocument.Flaw(
                        part: 0, steps: [],
                        reason: SecretsError(
                            .tooLarge, "\(bytes.count) bytes, more than the limit of \(bytesMax) for an encrypted file; divide it")))
            }
            return .found(OriginalDocument(path: path, digest: .sha256(bytes), bytes: bytes), document)
        } catch {
            return error.reason.code == .notEncrypted ? .none : .flawed(error)
        }
    }
}
