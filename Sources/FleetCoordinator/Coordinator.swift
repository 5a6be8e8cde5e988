// SPDX-License-Identifier: Apache-2.0
package import GitRepository
import Glibc
package import Logging
import Manifests
package import PostgresClient
import Promotion
import Rendering
import ServiceLifecycle
import Threads

/// What a coordinator is started with.
package struct CoordinatorConfiguration: Sendable {
    /// The address to listen on; a loopback address unless somebody says otherwise.
    package var host = "127.0.0.1"
    /// 0 takes any free port.
    package var port = 8_080
    package var database: ConnectionSettings
    package var fleetRepository: RemoteSettings
    /// The fleet repository's trunk.
    package var branch = "main"
    /// A commit of the trunk that comes into force whoever signed it: the way out where the signers' keys are lost.
    package var vouchedCommit: ObjectID?
    /// Holds the mirror, the keys, and the administrator's token.
    package var dataDirectory: String
    /// How often the fleet repository is asked for news, without a webhook.
    package var pollInterval = Duration.seconds(10)
    /// PEM files; without them the coordinator speaks plain HTTP.
    package var tlsCertificate: String?
    package var tlsKey: String?
    /// How agents and people reach the coordinator from elsewhere; `nil` for the address it listens on.
    package var publicURL: String?
    /// Where agents are listened to, always within TLS; port 0 takes any free one.
    package var agentHost = "127.0.0.1"
    package var agentPort = 0
    /// How agents reach their listener; `nil` for where it listens.
    package var agentURL: String?
    /// How long agents' certificates are good.
    package var agentCertificateLifetime = Duration.seconds(86_400)
    /// Files of an authority that issues agents' certificates from now on: its certificate with those above it, and its key.
    package var agentAuthority: (certificate: String, key: String)?
    /// The agents' container image, where nobody names another one; `nil` where nobody said.
    package var agentImage: String?
    package var databaseConnections = 8
    /// The file of identity providers; `nil` where nobody signs in with one.
    package var identityProviders: String?
    /// Local accounts that are made where they are not there yet.
    package var seedAccounts: [SeedAccount] = []
    /// Bytes that renders may take at once, as estimated from the sizes of the files that they read.
    package var renderMemoryBytes = 512 << 20

    package init(database: ConnectionSettings, fleetRepository: RemoteSettings, dataDirectory: String) {
        self.database = database
        self.fleetRepository = fleetRepository
        self.dataDirectory = dataDirectory
    }
}

/// The coordinator as a service: follow, plan, promote, dispatch, answer; until told to stop.
package struct Coordinator: Service {
    package let keys: KeyFolder
    let store: Store
    let mirror: GitMirror
    let bells: Bells
    let waiters: PollWaiters
    let engine: PromotionEngine
    let follower: FleetFollower
    let recorder: Recorder
    let journalist: Journalist
    let reports: ReportWriter
    let agents: AgentService
    let upgrades: AgentUpgrades
    let credentials: Credentials
    let identities: Identities
    let listener: AgentListener
    let counters = Counters()
    let configuration: CoordinatorConfiguration
    let time: WallTime
    let logger: Logger
    private let onReady: @Sendable (_ url: String) -> Void

    /// Opens the database (bringing its schema up to date), the mirror and the keys.
    /// - Parameter onReady: told the URL once the coordinator listens.
    package static func prepare(
        _ configuration: CoordinatorConfiguration, logger: Logger, onReady: @escaping @Sendable (_ url: String) -> Void
    ) async throws -> Coordinator {
        let time = WallTime.system
        let threads = ThreadPool(name: "git", count: 4)
        try await threads.run { try Folders.make(configuration.dataDirectory) }
        let keys = try await threads.run {
            try KeyFolder(
                path: "\(configuration.dataDirectory)/keys", administratorTokenPath: "\(configuration.dataDirectory)/admin-token")
        }
        let database = Database(
            settings: configuration.database, connections: configuration.databaseConnections, logger: logger)
        let store = try await Store.open(database, auditKeys: keys.audit, now: time.now)
        let mirror = try await GitMirror.open(
            at: "\(configuration.dataDirectory)/mirror", remote: configuration.fleetRepository, threads: threads)
        let holder = try await threads.run {
            try Folders.holder(in: configuration.dataDirectory, fresh: Identifiers().next(at: time.now))
        }
        let authorities = try await threads.run {
            try Authorities(
                folder: keys.authoritiesPath,
                external: configuration.agentAuthority.map { Authorities.External(certificate: $0.certificate, key: $0.key) }, time: time)
        }
        let providers = IdentityProviders(
            try await threads.run { [path = configuration.identityProviders] in try path.map { try ProviderFile.read($0) } ?? [] },
            time: time)
        return try Coordinator(
            configuration, holder: holder, keys: keys, authorities: authorities, store: store, mirror: mirror, providers: providers,
            time: time, logger: logger, onReady: onReady)
    }

    init(
        _ configuration: CoordinatorConfiguration, holder: String, keys: KeyFolder, authorities: Authorities, store: Store,
        mirror: GitMirror, providers: IdentityProviders = .none, time: WallTime, logger: Logger,
        onReady: @escaping @Sendable (_ url: String) -> Void
    ) throws {
        self.configuration = configuration
        self.keys = keys
        self.store = store
        self.mirror = mirror
        self.time = time
        self.logger = logger
        self.onReady = onReady
        bells = Bells()
        waiters = PollWaiters()
        let identifiers = Identifiers()
        engine = PromotionEngine(
            store: store, time: time, readyAt: time.now, identifiers: identifiers, bells: bells,
            waker: ClusterWaker(waiters: waiters, outgoing: ChangedClusters(), bell: Bell()))
        journalist = Journalist(
            store: store, mirror: mirror, signer: keys.signer, time: time, bell: bells.journalist, logger: logger)
        recorder = Recorder(
            store: store, engine: engine, mirror: mirror, signer: keys.signer, journalist: journalist, time: time, holder: holder,
            logger: logger)
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let renderThreads = ThreadPool(name: "render", count: min(cores, 16))
        let cache = RenderCache(
            records: StoredRenders(store: store, sealing: keys.sealing),
            trees: MirrorTrees(mirror: mirror, threads: renderThreads, sealing: keys.sealing),
            memory: configuration.renderMemoryBytes, width: renderThreads.executors.count + 1)
        let planner = Planner(
            store: store, mirror: mirror, cache: cache, sealing: keys.sealing, counters: counters, time: time, logger: logger)
        follower = FleetFollower(
            store: store, engine: engine, mirror: mirror, planner: planner, signer: keys.signer, branch: configuration.branch,
            interval: configuration.pollInterval, time: time, holder: holder, vouched: configuration.vouchedCommit, logger: logger)
        reports = ReportWriter(store: store, engine: engine, time: time, logger: logger)
        upgrades = AgentUpgrades(
            engine: engine, fleet: { [follower] in try await follower.fleetInForce() }, version: FlotillaVersion.current)
        agents = AgentService(
            store: store, time: time, waiters: waiters, reports: reports, sealing: keys.sealing, desk: CommandDesk(engine: engine),
            upgrades: upgrades)
        credentials = Credentials(keys: keys)
        identities = Identities(
            store: store, time: time, credentials: credentials, accountsPath: "\(configuration.dataDirectory)/keys/accounts.json",
            logger: logger, providers: providers)
        listener = try AgentListener(
            AgentListener.Settings(
                host: configuration.agentHost, url: configuration.agentURL, publicURL: configuration.publicURL,
                lifetime: configuration.agentCertificateLifetime), engine: engine, authorities: authorities, logger: logger)
    }

    /// How agents reach their listener; `nil` before it listens, and where nobody can know.
    package var agentURL: String? { listener.url }

    /// A link that signs a browser in once, within a quarter of an hour.
    package func signInLink(url: String) -> String {
        url + SignInRoutes.link(credentials: credentials, at: time.now)
    }

    /// The line by which stock Git verifies records.
    package var allowedSigners: String { keys.allowedSigners }

    /// Serves until told to stop: the server ends first, gracefully, then the loops.
    package func run() async throws {
        try await identities.accountActions.seed(configuration.seedAccounts)
        let onReady = onReady
        let scheme = configuration.tlsCertificate == nil ? "http" : "https"
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        let services = try WebServices(
            store: store, engine: engine, agents: agents, listener: listener, credentials: credentials, identities: identities, time: time,
            bells: bells,
            counters: counters,
            about: WebServices.About(
                version: FlotillaVersion.current, allowedSigners: allowedSigners, publicURL: configuration.publicURL,
                agentImage: configuration.agentImage, repository: configuration.fleetRepository.url, branch: configuration.branch),
            following: { [follower] in
                let status = follower.status
                return WebServices.Following(
                    isReady: status.isReady, lastFetch: status.lastFetch, failure: status.failure, failures: status.fetchFailures)
            },
            journals: { [mirror, allowedSigners] in
                try await AuditJournals(mirror: mirror, allowedSigners: allowedSigners).read()
            }, logger: logger)
        let (agentPorts, agentRuns) = AsyncStream<Int>.makeStream()
        let agentServer = services.makeAgentServer(
            HTTPServer.Configuration(host: configuration.agentHost, port: configuration.agentPort)
        ) { port in agentRuns.yield(port) }
        let server = try services.makeServer(
            HTTPServer.Configuration(
                host: configuration.host, port: configuration.port, certificatePath: configuration.tlsCertificate,
                keyPath: configuration.tlsKey)
        ) { port in
            // Ready is who can be reached by agents, too.
            for await _ in agentPorts { break }
            onReady("\(scheme)://\(host):\(port)")
        }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for server in [server, agentServer] {
                group.addTask {
                    try await server.run()
                    return true
                }
            }
            for loop in loops() {
                group.addTask {
                    await loop()
                    return false
                }
            }
            var running = 2
            while running > 0, let isServer = try await group.next() { if isServer { running -= 1 } }
            group.cancelAll()
        }
        await identities.providers.shutdown()
        await follower.releaseLease()
        await store.database.close()
        await mirror.close()
    }

    private func loops() -> [@Sendable () async -> Void] {
        [
            { await follower.run() }, { await recorder.run() }, { await journalist.run() }, { await reports.run() }, { await keepTime() },
            { await expirePolls() }, { await tellOthers() }, { await listen() },
        ]
    }

    /// Moves stages on when time alone does, and makes up for whatever a crash kept from being seen.
    private func keepTime() async {
        var nextRound = time.now
        while !Task.isCancelled {
            var pause = Duration.seconds(5)
            do {
                if time.now >= nextRound {
                    nextRound = time.now + .seconds(5)
                    try await engine.observeEverything()
                    try await engine.offerEverything()
                    try await agents.desk.tidy()
                    await identities.denials.flush()
                }
                for deadline in [try await engine.tick(), try await upgrades.tick()].compactMap(\.self) {
                    pause = min(pause, max(.milliseconds(5), deadline - time.now))
                }
            } catch {
                if !Task.isCancelled { logger.warning("stages were not moved on", metadata: ["error": "\(error)"]) }
            }
            await bells.timers.wait(atMost: pause)
        }
    }

    private func expirePolls() async {
        while !Task.isCancelled {
            waiters.expire(at: time.now)
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Tells the other coordinators which clusters have changed: at most one NOTIFY in a few milliseconds, however much changes.
    private func tellOthers() async {
        while !Task.isCancelled {
            await engine.waker.bell.wait(atMost: .seconds(60))
            let clusters = engine.waker.outgoing.take()
            guard !clusters.isEmpty else { continue }
            do {
                try await store.database.read { try WakeStatements.notify($0, clusters: clusters) }
            } catch {
                logger.debug("other coordinators were not told; they look by themselves", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func listen() async {
        for await notification in store.database.listen(channels: [ClusterWaker.channel, IdentityStatements.channel]) {
            switch notification {
            case .reconnected:
                waiters.wakeAll()
                identities.reader.forget()
            case .message(IdentityStatements.channel, _): identities.reader.forget()
            case .message(_, let payload):
                if payload.isEmpty {
                    waiters.wakeAll()
                } else {
                    let clusters = payload.split(separator: "\n").map(String.init)
                    // What has changed may be that their credentials were revoked.
                    listener.standings.forget(clusters)
                    waiters.wake(clusters)
                }
            }
        }
    }
}
