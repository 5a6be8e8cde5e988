// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTransport
import KubernetesAPI
import Logging
import Manifests

/// Takes part in the election by the Lease `flotilla-agent` of this cluster, and says in `standing` how it stands.
actor LeaseElector {
    static let name = "flotilla-agent"

    private let client: KubernetesClient
    private let clock: AgentClock
    private let logger: Logger
    private let pulse: Pulse
    private let meter: Meter
    private let namespace: String
    private var election: LeaseElection
    private var lastProblem = ""
    private var lastHolder = ""
    nonisolated let standing = Standing()

    /// The longest that a request for the Lease may take: several fit between two renewals that must not both fail.
    private static let patience = Duration.seconds(5)

    init(
        _ settings: LeaseElection.Settings, client: KubernetesClient, clock: AgentClock, logger: Logger, pulse: Pulse, meter: Meter,
        namespace: String = Ownership.agentNamespace
    ) {
        election = LeaseElection(settings)
        self.client = client
        self.clock = clock
        self.logger = logger
        self.pulse = pulse
        self.meter = meter
        self.namespace = namespace
    }

    /// Runs until the task is cancelled. The Lease is not given up by that: see `release`.
    func run() async {
        while !Task.isCancelled {
            let step = election.next(at: clock.now(), wall: clock.wall())
            publish()
            pulse.beat("lease", within: .seconds(60))
            let sent = clock.now()
            switch step {
            case .wait(let pause):
                do { try await clock.sleep(pause) } catch { return }
            case .read:
                election.take(await look(), sent: sent, at: clock.now())
            case .write(let record):
                election.take(await store(record), sent: sent, at: clock.now())
            }
            publish()
        }
    }

    /// Gives the Lease up, where this agent holds it: once nothing acts any more.
    func release() async {
        guard let record = election.release(wall: clock.wall()) else { return }
        publish()
        let answer = await store(record)
        if case .stored = answer { logger.info("the Lease \(Self.name) is given up") }
    }

    private func publish() {
        standing.set(
            Standing.State(
                actsUntil: election.actsUntil, term: election.term, termBefore: election.termBefore, holder: election.holder,
                isKnown: election.hasLooked, problem: lastProblem))
        guard election.holder != lastHolder, election.hasLooked else { return }
        lastHolder = election.holder
        if !lastHolder.isEmpty, !election.mayAct(at: clock.now()) {
            logger.info("\(lastHolder) holds the Lease \(namespace)/\(Self.name) and acts: this agent stands by")
        }
    }

    // MARK: Requests

    private func look() async -> LeaseElection.Answer {
        await request { client, namespace throws(KubernetesError) in
            do throws(KubernetesError) {
                return .found(LeaseRecord(try await client.get(.leases, namespace: namespace, name: Self.name)))
            } catch {
                guard error.isNotFound else { throw error }
                return .found(nil)
            }
        }
    }

    private func store(_ record: LeaseRecord) async -> LeaseElection.Answer {
        await request { client, namespace throws(KubernetesError) in
            let object = record.object(name: Self.name, namespace: namespace)
            let options = WriteOptions(fieldManager: Ownership.fieldManager)
            do throws(KubernetesError) {
                let written =
                    record.version.isEmpty
                    ? try await Self.create(object, client, options) : try await client.replace(object, as: .leases, options: options)
                return .stored(LeaseRecord(written.object))
            } catch {
                // Replaced, made or deleted by somebody else meanwhile.
                guard error.isConflict || error.isAlreadyExists || error.isNotFound else { throw error }
                return .outrun
            }
        }
    }

    /// Creates the Lease, and its namespace where nobody has done so yet.
    private static func create(
        _ object: Value, _ client: KubernetesClient, _ options: WriteOptions
    ) async throws(KubernetesError) -> Written {
        do { return try await client.create(object, as: .leases, options: options) } catch {
            guard error.isNotFound, let namespace = object.at("metadata", "namespace") else { throw error }
            let made: Value = .map(["apiVersion": "v1", "kind": "Namespace", "metadata": .map(["name": namespace])])
            do { _ = try await client.create(made, as: .namespaces, options: options) } catch {
                guard error.isAlreadyExists else { throw error }
            }
            return try await client.create(object, as: .leases, options: options)
        }
    }

    /// Makes a request, and gives up on it when it takes too long for an election.
    private func request(
        _ body: @escaping @Sendable (KubernetesClient, String) async throws(KubernetesError) -> LeaseElection.Answer
    ) async -> LeaseElection.Answer {
        let (client, namespace, clock) = (client, namespace, clock)
        let result = await withTaskGroup(of: Result<LeaseElection.Answer, KubernetesError>?.self) { group in
            group.addTask {
                do throws(KubernetesError) { return .success(try await body(client, namespace)) } catch { return .failure(error) }
            }
            group.addTask {
                try? await clock.sleep(Self.patience)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        switch result {
        case .success(let answer):
            meter.clusterAnswers(true)
            if !lastProblem.isEmpty { logger.info("the Lease \(namespace)/\(Self.name) can be reached again") }
            lastProblem = ""
            return answer
        case .failure(let error):
            if !Task.isCancelled { complain(error) }
        case nil:
            if !Task.isCancelled { complain(nil) }
        }
        return .failed
    }

    private func complain(_ error: KubernetesError?) {
        meter.clusterAnswers(error.map { $0.code != 0 } ?? false)
        let what = "the Lease \(namespace)/\(Self.name), by which only one agent of a cluster acts, cannot be held"
        let problem =
            if let error, error.isForbidden {
                "\(what): this agent's service account needs the verbs get, create and update for leases.coordination.k8s.io in the "
                    + "namespace \(namespace). Until it has them nothing is applied, healed or reported: another agent could be acting, "
                    + "and cannot be seen. (\(error.message))"
            } else {
                "\(what): \(error.map { "\($0)" } ?? "no answer within \(Self.patience.components.seconds) s")"
            }
        guard problem != lastProblem else { return }
        lastProblem = problem
        if error?.isForbidden == true { logger.error("\(problem)") } else { logger.warning("\(problem)") }
    }
}
