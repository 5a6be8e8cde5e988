// SPDX-License-Identifier: Apache-2.0
package import HTTPTransport
package import KubernetesAPI

/// What an agent is told when it starts.
package struct AgentConfiguration: Sendable {
    /// The coordinator's URL, with or without a slash at its end.
    package var coordinator: String
    /// The name under which this cluster is enrolled.
    package var cluster: String
    /// The file with the bearer token for the coordinator; read again for every request, so that it can be replaced.
    package var tokenFile: String
    /// Whom to trust as the coordinator.
    package var coordinatorTrust: TrustSettings
    package var connection: ClusterConnection
    /// Which part of the cluster the agent manages.
    package var scope = ClusterScope.whole
    /// The Deployment and pod that the agent runs in; `nil` where it runs otherwise.
    package var place: AgentPlace?
    /// The folder that desired state and objects are kept in.
    package var stateDirectory: String
    /// A file with age identities, beside those of the Secret `flotilla-age-keys`.
    package var ageKeyFile: String?
    /// The longest that a poll waits; seconds.
    package var pollWaitSeconds: Int
    package var version: String
    /// What commands may do here.
    package var commands = CommandPermissions()
    /// The least time from one writing of the state's copy in the cluster to the next.
    package var stateCopyPause = Duration.seconds(10)
    /// How often the age keys are looked at while something cannot be decrypted.
    package var ageKeyPause = Duration.seconds(5)

    package init(
        coordinator: String, cluster: String, tokenFile: String, coordinatorTrust: TrustSettings = .system,
        connection: ClusterConnection, stateDirectory: String, ageKeyFile: String? = nil, pollWaitSeconds: Int = 50,
        version: String = "0.1.0"
    ) {
        self.coordinator = String(coordinator.reversed().drop { $0 == "/" }.reversed())
        self.cluster = cluster
        self.tokenFile = tokenFile
        self.coordinatorTrust = coordinatorTrust
        self.connection = connection
        self.stateDirectory = stateDirectory
        self.ageKeyFile = ageKeyFile
        self.pollWaitSeconds = pollWaitSeconds
        self.version = version
    }
}
