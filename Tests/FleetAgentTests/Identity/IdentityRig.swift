// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Logging
import Manifests
import Synchronization
import TLSTestServer

@testable import FleetAgent

/// An agent's identity and what it is kept in, against a coordinator that enrols.
struct IdentityRig: Sendable {
    let coordinator: EnrollingCoordinator
    let folder: TemporaryFolder
    let time: JumpClock
    let log: LogCapture

    static func run(_ body: @Sendable (IdentityRig) async throws -> Void) async throws {
        let time = JumpClock()
        let clock = time.clock
        let rig = IdentityRig(
            coordinator: try await EnrollingCoordinator(now: { clock.now() }), folder: try TemporaryFolder(), time: time, log: LogCapture())
        try rig.give("token-1")
        try Folder.write(Array(try rig.coordinator.authority.pem.utf8), to: "\(rig.folder.path)/ca.crt")
        do { try await body(rig) } catch {
            await rig.coordinator.stop()
            throw error
        }
        await rig.coordinator.stop()
    }

    func give(_ token: String) throws { try Folder.write(Array("\(token)\n".utf8), to: "\(folder.path)/token") }

    /// - Parameter directory: the state folder.
    func configuration(_ directory: String, _ connection: ClusterConnection = ClusterConnection(server: "http://127.0.0.1:1"))
        -> AgentConfiguration
    {
        AgentConfiguration(
            coordinator: coordinator.url, cluster: FakeCoordinator.cluster,
            identification: .certificate(
                .init(tokenFile: "\(folder.path)/token", authorityFile: "\(folder.path)/ca.crt", isKeptInCluster: true)),
            connection: connection, stateDirectory: directory, pollWaitSeconds: 30)
    }

    /// What an agent has for its identity.
    struct Agent: Sendable {
        let client: CoordinatorClient
        let keeper: IdentityKeeper
        let meter: Meter
        let store: IdentityStore

        func poll(wait: Int = 0) async throws {
            _ = try await client.poll(
                PollRequest(instance: "i", agentVersion: "test", kubernetesVersion: "", waitSeconds: wait, held: []))
        }

        var problem: String { meter.counts.identityProblem }
    }

    /// Runs what keeps an identity beside `body`.
    func withAgent(
        _ state: String = "agent", secret: KubernetesClient? = nil, _ body: @Sendable (Agent) async throws -> Void
    ) async throws {
        let configuration = configuration("\(folder.path)/\(state)")
        let client = CoordinatorClient(configuration)
        let meter = Meter()
        let mask = SecretMask()
        let state = try await StateFolder(path: configuration.stateDirectory)
        let store = IdentityStore(state: state, cluster: "test-1", secret: secret.map { IdentitySecret(client: $0) })
        let keeper = IdentityKeeper(
            source: .init(tokenFile: "\(folder.path)/token", authorityFile: "\(folder.path)/ca.crt"), store: store, coordinator: client,
            mask: mask, meter: meter, pulse: Pulse(clock: time.clock), clock: time.clock, logger: log.logger.redacting(by: mask),
            instance: "instance-of-\(configuration.stateDirectory.split(separator: "/").last ?? "")")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            do { try await body(Agent(client: client, keeper: keeper, meter: meter, store: store)) } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
        await client.shutdown()
        state.stop()
    }

    struct TimeIsUp: Error { var what: String }

    /// Waits for something that nobody announces.
    func until(_ what: String, _ test: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !test() {
            guard ContinuousClock.now < deadline else { throw TimeIsUp(what: what) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// What was logged.
final class LogCapture: Sendable {
    private struct Handler: LogHandler {
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()
        let capture: LogCapture

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { capture.text.withLock { $0 += "\(event.level) \(event.message)\n" } }
    }

    private let text = Mutex("")

    var lines: String { text.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(capture: self) } }
}
