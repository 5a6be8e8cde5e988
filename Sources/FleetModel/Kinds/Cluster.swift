// SPDX-License-Identifier: Apache-2.0

/// An enrolled Kubernetes cluster.
package struct Cluster: Sendable, Hashable {
    package var name: String
    package var labels: [String: String] = [:]
    /// What templates read as `${cluster.variables.X}`.
    package var variables: [String: String] = [:]
    /// Nothing new is dispatched to a paused cluster.
    package var paused = false
    /// Credentials issued under a lower epoch are revoked.
    package var credentialEpoch = 0

    package init(name: String) { self.name = name }
}
