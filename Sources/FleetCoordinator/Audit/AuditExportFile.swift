// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Verifies a file of exported audit entries without a coordinator; memory does not grow with the file.
package struct AuditExportFile: Sendable {
    private var verifier: AuditExportVerifier

    /// What is wrong with something that the file is to be compared with.
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameters:
    ///   - key: the text of `keys/audit.key`; without it seals are not checked.
    ///   - journals: contents of journals' `state.json`, whose heads the file is compared with.
    package init(key: String?, journals: [(name: String, bytes: [UInt8])]) throws(Unusable) {
        var keys: AuditKeys?
        if let key {
            do throws(AuditKeys.Failure) { keys = try AuditKeys(parsing: key) } catch {
                throw Unusable(description: "the file of keys \(error)")
            }
        }
        var heads: [JournalledHead] = []
        for journal in journals {
            let state: JournalState
            do { state = try JournalState(json: JSON.read(journal.bytes)) } catch {
                throw Unusable(description: "\(journal.name): no journal's state.json: \(error)")
            }
            guard let head = state.audit?.head else {
                throw Unusable(description: "\(journal.name): this journal names no head of the audit trail")
            }
            heads.append(
                JournalledHead(branch: journal.name, commit: "", epoch: state.epoch, sequence: head.sequence, hash: head.hash))
        }
        verifier = AuditExportVerifier(keys: keys, heads: heads)
    }

    /// Takes the next bytes of the file.
    package mutating func take(_ bytes: [UInt8]) { verifier.take(bytes) }

    /// What was found, in the members of the API's `AuditVerification`, and the digest of the whole file.
    package mutating func finish() -> (report: Value, digest: Manifests.Digest) {
        let (report, digest) = verifier.finish()
        return (report.json, digest)
    }
}
