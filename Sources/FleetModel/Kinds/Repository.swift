// SPDX-License-Identifier: Apache-2.0

/// A Git repository that the fleet knows, and what its commits have to be signed with.
package struct Repository: Sendable, Hashable {
    package var name: String
    package var labels: [String: String] = [:]
    package var url: String
    /// The name of a stored credential; `nil` for none.
    package var credential: String?
    /// Host keys in OpenSSH's format.
    package var knownHosts: String?
    package var signatures = Signatures()

    package init(name: String, url: String) {
        self.name = name
        self.url = url
    }

    /// Which commits must be signed, and by whom.
    package struct Signatures: Sendable, Hashable {
        package enum Requirement: String, Sendable, CaseIterable {
            case none, head, all
        }

        package var require = Requirement.none
        /// A file of the fleet repository in OpenSSH's allowed-signers format.
        package var allowedSigners: String?
        /// A file of the fleet repository with armored OpenPGP public keys.
        package var openPGPKeys: String?
    }
}
