// SPDX-License-Identifier: Apache-2.0
package import KubernetesAPI

/// What an agent is told when it starts.
package struct AgentConfiguration: Sendable {
    /// How the agent shows the coordinator who it is.
    package enum Identification: Sendable, Hashable {
        /// By a certificate for a key of its own, which it gets with a one-time token, and renews.
        case certificate(Enrolment)
        /// Not at all: for tests whose coordinator asks nobody.
        case none
    }

    /// What an agent without a certificate is enrolled with.
    package struct Enrolment: Sendable, Hashable {
        /// The file with the one-time token; looked at only without a good certificate.
        package var tokenFile: String?
        /// A PEM file with the authorities by which the coordinator is known until it has told its own; `nil` trusts the system's.
        package var authorityFile: String?
        /// Whether the identity is kept in the cluster, too, so that a pod on another machine has it.
        package var isKeptInCluster: Bool

        package init(tokenFile: String? = nil, authorityFile: String? = nil, isKeptInCluster: Bool = false) {
            self.tokenFile = tokenFile
            self.authorityFile = authorityFile
            self.isKeptInCluster = isKeptInCluster
        }
    }

    /// The coordinator's URL, with or without a slash at its end.
    package var coordinator: String
    /// The name under which this cluster is enrolled.
    package var cluster: String
    package var identification: Identification
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
        coordinator: String, cluster: String, identification: Identification, connection: ClusterConnection, stateDirectory: String,
        ageKeyFile: String? = nil, pollWaitSeconds: Int = 50,
        version: String = "0.1.0"
    ) {
        self.coordinator = String(coordinator.reversed().drop { $0 == "/" }.reversed())
        self.cluster = cluster
        self.identification = identification
        self.connection = connection
        self.stateDirectory = stateDirectory
        self.ageKeyFile = ageKeyFile
        self.pollWaitSeconds = pollWaitSeconds
        self.version = version
    }
}
