// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import Manifests
import PostgresClient
import ServiceLifecycle

/// The coordinator's HTTP side: the API, the agents' routes, the web pages, and what watches over them.
struct WebServices: Sendable {
    /// What the HTTP side says about the coordinator that it belongs to.
    struct About: Sendable {
        var version: String
        /// A line of an allowed-signers file.
        var allowedSigners: String
        /// How agents and people reach this coordinator from elsewhere; `nil` where nobody said.
        var publicURL: String?
        /// The agents' container image, where nobody names another one.
        var agentImage: String?
        /// The fleet repository's address, without credentials, and its branch.
        var repository: String = ""
        var branch: String = ""
    }

    /// How following the fleet repository goes.
    struct Following: Sendable {
        /// It has been read at least once.
        var isReady: Bool
        var lastFetch: Timestamp?
        /// Why the last round failed; empty when it did not.
        var failure = ""
        /// Rounds that failed since the process began.
        var failures = 0
    }

    let store: Store
    let engine: PromotionEngine
    let agents: AgentService
    let listener: AgentListener
    let credentials: Credentials
    let identities: Identities
    let time: WallTime
    let bells: Bells
    let counters: Counters
    let about: About
    let following: @Sendable () -> Following
    /// Reads the audit trail's heads from the journals in Git.
    let journals: @Sendable () async throws -> AuditJournals.Reading
    let logger: Logger

    let fan: EventFan
    let webhook: WebhookGate
    private let startedAt: Timestamp
    private let counts: FleetCounting
    private let metrics: Remembered<String>
    let pages: Pages

    /// - Throws: only where a page's template is wrong.
    init(
        store: Store, engine: PromotionEngine, agents: AgentService, listener: AgentListener, credentials: Credentials,
        identities: Identities, time: WallTime,
        bells: Bells, counters: Counters, about: About, following: @escaping @Sendable () -> Following,
        journals: @escaping @Sendable () async throws -> AuditJournals.Reading, logger: Logger
    ) throws {
        self.store = store
        self.engine = engine
        self.agents = agents
        self.listener = listener
        self.credentials = credentials
        self.identities = identities
        self.time = time
        self.bells = bells
        self.counters = counters
        var about = about
        about.repository = RepositoryName.shown(about.repository)
        self.about = about
        self.following = following
        self.journals = journals
        self.logger = logger
        let startedAt = time.now
        self.startedAt = startedAt
        let fan = EventFan(store: store, time: time, bell: bells.readers, logger: logger)
        self.fan = fan
        webhook = WebhookGate(time: time) { bells.follower.ring() }
        counts = FleetCounting(store: store, time: time)
        let metrics = Metrics(
            store: store, time: time, startedAt: startedAt, version: about.version, counters: counters, waiters: agents.waiters, fan: fan,
            kinds: EventKinds(store: store), following: following)
        self.metrics = Remembered(milliseconds: 1_000, time: time) { try await metrics.text() }
        pages = try Pages()
    }

    /// All routes; what is served is exactly this.
    func routes(listensOnLoopback: Bool, usesTLS: Bool) -> RouteTable {
        var table = RouteTable()
        OperationRoutes(
            store: store, metrics: metrics, webhook: webhook, counters: counters, allowedSigners: about.allowedSigners,
            following: following
        ).add(to: &table)
        FleetRoutes(store: store, time: time, version: about.version, counts: counts).add(to: &table)
        let permits = Permits(store: store, time: time, listensOnLoopback: listensOnLoopback)
        EventRoutes(store: store, fan: fan, permits: permits).add(to: &table)
        AccessRoutes(store: store, time: time, accounts: identities.accounts).add(to: &table)
        let actions = StageActions(engine: engine)
        ActionRoutes(store: store, actions: actions).add(to: &table)
        ClusterCredentialRoutes(
            store: store, enrolment: listener.enrolment, credentials: listener.credentials, agentURL: { [listener] in listener.url },
            agentImage: about.agentImage
        ).add(to: &table)
        AuthorityRoutes(exchange: listener.exchange).add(to: &table)
        CommandRoutes(store: store, actions: CommandActions(engine: engine)).add(to: &table)
        AgentUpgradeRoutes(upgrades: agents.upgrades, image: about.agentImage).add(to: &table)
        let gate = gate(listensOnLoopback: listensOnLoopback, usesTLS: usesTLS)
        let audit = AuditService(store: store, time: time, journals: journals)
        AuditRoutes(service: audit).add(to: &table)
        AuditPageRoutes(service: audit, pages: pages, gate: gate, about: about).add(to: &table)
        PageRoutes(
            store: store, time: time, pages: pages, gate: gate, counts: counts, actions: actions, about: about, following: following
        ).add(to: &table)
        InstanceRoutes(
            store: store, time: time, pages: pages, gate: gate, actions: CommandActions(engine: engine), about: about
        ).add(to: &table)
        let signIn = SignInRoutes(
            time: time, pages: pages, credentials: credentials, signIns: identities.signIns, gate: gate, version: about.version,
            providers: identities.providers.links)
        signIn.add(to: &table)
        ProviderRoutes(
            flows: ProviderSignIns(store: store, time: time, identities: identities, seal: credentials.flowSeal), signInPage: signIn,
            gate: gate, publicURL: about.publicURL
        ).add(to: &table)
        AccountPageRoutes(store: store, time: time, pages: pages, gate: gate, identities: identities, about: about).add(to: &table)
        SessionRoutes(store: store, time: time, identities: identities, gate: gate).add(to: &table)
        TokenRoutes(store: store, tokens: identities.tokens).add(to: &table)
        AccountRoutes(store: store, time: time, identities: identities).add(to: &table)
        let description = OpenAPI.document(table, version: about.version)
        table.get("/api/v1/openapi.json", .signedIn, "The description of this API", answer: .object("OpenAPI")) { _ in
            .json(description)
        }
        return table
    }

    func gate(listensOnLoopback: Bool, usesTLS: Bool = false) -> Gate {
        // Behind a proxy that speaks TLS for it, people's browsers use TLS too.
        let isSecure = usesTLS || about.publicURL?.lowercased().hasPrefix("https://") == true
        return Gate(
            credentials: credentials, authenticator: identities.reader, cookie: SessionCookie(isSecure: isSecure),
            agents: listener.gate, time: time, listensOnLoopback: listensOnLoopback)
    }

    /// The server, as a service.
    /// - Parameter onRunning: called with the port once connections are accepted.
    /// - Throws: where the certificate or its key cannot be used.
    func makeServer(
        _ configuration: HTTPServer.Configuration, onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws -> HTTPServer {
        let table = routes(listensOnLoopback: configuration.isLoopback, usesTLS: configuration.usesTLS)
        let gate = gate(listensOnLoopback: configuration.isLoopback, usesTLS: configuration.usesTLS)
        let permits = Permits(store: store, time: time, listensOnLoopback: configuration.isLoopback)
        let router = Router(context: CallContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: Frame(counters: counters, pages: pages, version: about.version))
        let denials = identities.denials
        for route in table.routes {
            let responder = RouteResponder(route: route, gate: gate, permits: permits) { denial, route, author in
                await denials.note(denial, route, by: author)
            }
            router.on(RouterPath(route.path), method: route.method, responder: responder)
        }
        let fan = fan
        let webhook = webhook
        let waiters = agents.waiters
        return HTTPServer(
            responder: router.buildResponder(), configuration: configuration, channel: try HTTPServer.channel(configuration),
            companion: {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await fan.run() }
                    group.addTask {
                        while !Task.isCancelled {
                            webhook.flush()
                            try? await Task.sleep(for: .seconds(1))
                        }
                    }
                }
            },
            release: {
                fan.close()
                waiters.close()
            }, onRunning: onRunning, logger: logger)
    }

    /// The path and query of a link that signs a browser in once, within 15 minutes.
    func signInLink() -> String { SignInRoutes.link(credentials: credentials, at: time.now) }
}
