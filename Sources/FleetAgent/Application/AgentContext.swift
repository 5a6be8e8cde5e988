// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Logging
import Manifests

/// What the applications of one agent share.
final class AgentContext: Sendable {
    let cluster: ClusterAccess
    let state: StateFolder
    let coordinator: CoordinatorClient
    let rules: RuleBoard
    let board: ApplicationBoard
    let reports: ReportQueue
    let reachability: Reachability
    let watches: WatchSet
    let copy: ClusterCopy
    let mask: SecretMask
    let keyring: Keyring
    let ageKeys: AgeKeys
    let clock: AgentClock
    let logger: Logger
    let version: String
    /// Woken when a sync has ended: what it needed can go.
    let tidy = Wakeup()
    /// Applies on their way to the API server, of all applications together.
    let places = Places(Agent.appliesAtOnce)
    /// Objects that are in memory to be sent, or to be looked at after that: some more, so that there is always a next one.
    let turns = Places(Agent.objectsAtOnce)
    /// Applications that are not healed for a while.
    let pauses = DriftPauses()

    init(
        cluster: ClusterAccess, state: StateFolder, coordinator: CoordinatorClient, rules: RuleBoard, board: ApplicationBoard,
        reports: ReportQueue, reachability: Reachability, watches: WatchSet, copy: ClusterCopy, mask: SecretMask, keyring: Keyring,
        ageKeys: AgeKeys,
        clock: AgentClock,
        logger: Logger, version: String
    ) {
        self.cluster = cluster
        self.state = state
        self.coordinator = coordinator
        self.rules = rules
        self.board = board
        self.reports = reports
        self.reachability = reachability
        self.watches = watches
        self.copy = copy
        self.mask = mask
        self.keyring = keyring
        self.ageKeys = ageKeys
        self.clock = clock
        self.logger = logger
        self.version = version
    }

    /// The API as an application may use it: in the name of its own service account, where it has one. All that is written of an
    /// application's objects, and read for it, goes this way; lists, watches and the ApplySet's parent are the agent's own.
    func client(for task: SyncTask) -> KubernetesClient {
        guard let account = task.options.serviceAccount else { return cluster.client }
        // The API server adds an account's groups by itself: naming them would only ask the agent for more rights.
        return cluster.client.impersonating(Impersonation(user: "system:serviceaccount:\(task.namespace):\(account)"))
    }

    /// An object's body, from disk or, where it is lost there, from the coordinator.
    func body(_ digest: Digest) async throws -> Value {
        do { return try await state.object(digest) } catch is StateError {
            try await coordinator.fetch([digest], into: state)
            return try await state.object(digest)
        }
    }

    /// The document that an encrypted object was made of, from disk or, where it is lost there, from the coordinator.
    func original(_ digest: Digest) async throws -> [UInt8] {
        do { return try await state.original(digest) } catch is StateError {
            try await coordinator.fetch([digest], into: state)
            return try await state.original(digest)
        }
    }
}
