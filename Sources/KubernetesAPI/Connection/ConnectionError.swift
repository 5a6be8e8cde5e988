// SPDX-License-Identifier: Apache-2.0

/// Why a cluster's address or credentials could not be read. Carries no secret.
package struct ConnectionError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case unreadableFile = "unreadable-file"
        case malformed = "kubeconfig-malformed"
        case missing = "kubeconfig-missing-entry"
        case unsupported = "kubeconfig-unsupported"
        case notInCluster = "not-in-cluster"
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(message) [\(code.rawValue)]" }
}
