// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient

/// Answers agents. The cluster is always the one that the caller's credential names.
struct AgentService: Sendable {
    /// Another instance is refused only while the first one has polled within this time; seconds.
    static let sessionSeconds: Int64 = 60

    /// What an agent asked for by digest, of what is its cluster's own.
    struct Fetched: Sendable {
        /// Canonical forms.
        var objects: [String]
        /// Encrypted files as they stand in Git.
        var originals: [String]
    }

    enum Refusal: Error, Equatable, CustomStringConvertible {
        case unknownCluster(String)
        case otherInstance(holder: String)
        case sealed(Digest)
        /// The credential was revoked while its poll waited.
        case revoked

        var description: String {
            switch self {
            case .unknownCluster(let name): "no cluster '\(name)' is declared in the fleet repository"
            case .otherInstance(let holder):
                "another agent instance (\(holder.prefix(8))…) speaks for this cluster and has polled within \(sessionSeconds) s"
            case .revoked: "the cluster's credentials were revoked"
            case .sealed(let digest): "the Secret \(digest) cannot be given out: \(SealingKeys.Failure.cannotOpen)"
            }
        }
    }

    let store: Store
    let time: WallTime
    let waiters: PollWaiters
    let reports: ReportWriter
    let sealing: SealingKeys
    let desk: CommandDesk
    let upgrades: AgentUpgrades

    /// - Parameter identity: what vouches for the cluster: where it is revoked meanwhile, the poll ends with `revoked`.
    func poll(_ request: PollRequest, cluster: String, identity: AgentIdentity? = nil) async throws -> PollResponse {
        let deadline = time.now + .seconds(request.waitSeconds)
        var rival: String?
        var first = true
        while true {
            let ticket = waiters.ticket(for: cluster)
            let now = time.now
            let isFirst = first
            let held = Dictionary(request.held.map { ($0.application, $0.generation) }, uniquingKeysWith: { first, _ in first })
            let look = try await store.database.transaction { session -> Look in
                var look = Look()
                if isFirst {
                    try contact(session, request, cluster, at: now, &look)
                } else if let identity {
                    let standing = try AgentIdentityRows.standing(session, cluster: cluster)
                    if standing?.accepts(epoch: identity.epoch, issuedAt: identity.issuedAt) != true { look.refusal = .revoked }
                }
                guard look.refusal == nil else { return look }
                look.news = try CommandDesk.news(session, request, cluster: cluster, at: now)
                look.wanted = try AgentUpgradeRows.wanted(session, cluster: cluster)
                let differs = try DesiredRows.generations(session, cluster: cluster)
                    .filter { held[$0.application] != $0.generation }.map(\.application)
                if !differs.isEmpty { look.tasks = try DesiredRows.tasks(session, cluster: cluster, applications: differs) }
                return look
            }
            if let refusal = look.refusal { throw refusal }
            if isFirst { rival = look.rival }
            CrashPoint.reached(.pollAnswered)
            var image: String?
            if let wanted = look.wanted { image = try await upgrades.heard(request, cluster: cluster, wanted, isFirst: isFirst) }
            if !look.tasks.isEmpty || !look.news.isEmpty || image != nil || time.now >= deadline || Task.isCancelled {
                return PollResponse(
                    tasks: look.tasks, commands: look.news.commands, driftPauses: look.news.driftPauses, agentImage: image,
                    rival: rival)
            }
            first = false
            await waiters.wait(for: cluster, since: ticket, deadline: deadline)
            // Released without a change: time is up, the coordinator stops, or a newer poll took the place.
            if waiters.ticket(for: cluster) == ticket || time.now >= deadline { return PollResponse(tasks: [], rival: rival) }
        }
    }

    /// What a poll finds.
    private struct Look: Sendable {
        var tasks: [SyncTask] = []
        var news = CommandDesk.News()
        var wanted: AgentUpgradeRows.Wanted?
        /// Another instance that was refused lately.
        var rival: String?
        /// Why the poll is not answered; what is kept of that is stored all the same.
        var refusal: Refusal?
    }

    private func contact(
        _ session: Session, _ request: PollRequest, _ cluster: String, at now: Timestamp, _ look: inout Look
    ) throws {
        let contact = try ClusterRows.contact(
            session, cluster: cluster, instance: request.instance, agentVersion: request.agentVersion,
            agentImage: request.image?.running ?? "", kubernetesVersion: request.kubernetesVersion, at: now,
            sessionSeconds: Self.sessionSeconds)
        switch contact {
        case .accepted(let rival): look.rival = rival
        case .unknownCluster: look.refusal = .unknownCluster(cluster)
        case .refused(let holder, let isNews):
            look.refusal = .otherInstance(holder: holder)
            guard isNews else { return }
            try EventRows.append(
                session,
                [
                    FleetEvent(
                        at: now, kind: "secondAgent", severity: .warning, cluster: cluster,
                        message: "instance \(request.instance) was refused: instance \(holder) speaks for this cluster")
                ])
        }
    }

    /// Those objects and originals that belong to the cluster's own bundles.
    func objects(_ request: ObjectsRequest, cluster: String) async throws -> Fetched {
        let (objects, originals) = try await store.database.read { session in
            let objects = try BodyRows.fetch(session, .objects, cluster: cluster, digests: request.digests)
            let found = Set(objects.map(\.digest))
            let missing = request.digests.filter { !found.contains($0) }
            return (objects, missing.isEmpty ? [] : try BodyRows.fetch(session, .originals, cluster: cluster, digests: missing))
        }
        return Fetched(objects: try objects.map(open), originals: try originals.map(open))
    }

    private func open(_ body: StoredBody) throws(Refusal) -> String {
        do throws(SealingKeys.Failure) { return try body.opened(by: sealing) } catch { throw Refusal.sealed(body.digest) }
    }

    /// Returns when the report is durable.
    func report(_ report: Report, cluster: String) async throws -> ReportResponse {
        try await reports.write(report, cluster: cluster)
        return ReportResponse(acknowledged: report.sequence)
    }

    /// Returns when the results are durable.
    func results(_ results: CommandResults, cluster: String) async throws -> CommandResultsResponse {
        try await desk.settle(results, cluster: cluster)
    }
}
