// SPDX-License-Identifier: Apache-2.0

/// A Git repository that pipelines take releases from.
package struct Repository: Sendable, Hashable {
    package var name: String
    package var labels: [String: String] = [:]
    package var url: String
    /// The name of a stored credential; `nil` for none.
    package var credential: String?
    /// Host keys in OpenSSH's format.
    package var knownHosts: String?
    package var signatures = Signatures.none

    package init(name: String, url: String) {
        self.name = name
        self.url = url
    }

    /// Which commits must be signed by an allowed signer.
    package enum Signatures: String, Sendable, CaseIterable {
        case none, head, all
    }
}
