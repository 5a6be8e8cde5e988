// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import HummingbirdCore
import Logging
import Manifests
import PostgresClient
import Synchronization

/// What agents talk to: a listener of its own, on which only `/agent/v1` is served, and agents' identities.
struct AgentListener: Sendable {
    struct Settings: Sendable {
        var host = "127.0.0.1"
        /// How agents reach it, where somebody said.
        var url: String?
        /// How people reach the coordinator, where somebody said: agents are taken to reach the same host.
        var publicURL: String?
        /// How long agents' certificates are good.
        var lifetime = AgentCertificate.lifetimeDefault
    }

    /// Where it listens, once it does.
    private final class Place: Sendable {
        let port = Mutex<Int?>(nil)
    }

    let authorities: Authorities
    let standings: CredentialStandings
    let enrolment: AgentEnrolment
    let credentials: ClusterCredentials
    let exchange: AuthorityExchange
    let gate: AgentGate
    let tls: AgentTLS
    private let engine: PromotionEngine
    private let settings: Settings
    private let place = Place()
    private let logger: Logger

    init(_ settings: Settings, engine: PromotionEngine, authorities: Authorities, logger: Logger) throws {
        self.settings = settings
        self.engine = engine
        self.authorities = authorities
        self.logger = logger
        standings = CredentialStandings(store: engine.store, time: engine.time)
        enrolment = AgentEnrolment(engine: engine, authorities: authorities, standings: standings, lifetime: settings.lifetime)
        credentials = ClusterCredentials(engine: engine, standings: standings)
        gate = AgentGate(authorities: authorities, standings: standings, time: engine.time)
        tls = try AgentTLS(authorities: authorities, time: engine.time) {
            ListenerCertificate.names(urls: [settings.url, settings.publicURL], host: settings.host)
        }
        exchange = AuthorityExchange(engine: engine, authorities: authorities, tls: tls, lifetime: settings.lifetime)
    }

    /// How agents reach it; `nil` while it does not listen, and where it listens everywhere and nobody said how it is reached.
    var url: String? {
        if let url = settings.url { return url }
        guard let port = place.port.withLock({ $0 }) else { return nil }
        let listens = ["0.0.0.0", "::", "[::]"].contains(settings.host) ? nil : settings.host
        guard let host = settings.publicURL.flatMap(ListenerCertificate.host) ?? listens else { return nil }
        return "https://\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host):\(port)"
    }

    /// All that is served to agents; what is served is exactly this.
    func routes(_ agents: AgentService, _ counters: Counters) -> RouteTable {
        var table = RouteTable()
        table.get("/healthz", .open, "200 while this process serves", answer: .text("text/plain")) { _ in .text("ok\n") }
        EnrolmentRoutes(enrolment: enrolment).add(to: &table)
        AgentRoutes(agents: agents, counters: counters).add(to: &table)
        return table
    }

    /// Notes where it listens.
    func listens(on port: Int) { place.port.withLock { $0 = port } }

    /// Takes in what changes by itself, every few seconds until it is cancelled: the authorities' files, the listener's certificate.
    func run() async {
        var tidyAt = engine.time.now
        while !Task.isCancelled {
            do {
                if try authorities.reload() {
                    logger.notice(
                        "the authorities of agents' certificates have changed", metadata: ["count": "\(authorities.current.all.count)"])
                }
                try tls.refresh()
                if engine.time.now >= tidyAt {
                    let now = engine.time.now
                    tidyAt = now + .seconds(3_600)
                    try await engine.store.database.transaction { try AgentIdentityRows.forgetOld($0, at: now) }
                }
            } catch {
                if !Task.isCancelled { logger.error("agents' identities could not be looked after", metadata: ["error": "\(error)"]) }
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }
}

extension WebServices {
    /// The agents' listener, as a service.
    func makeAgentServer(
        _ configuration: HTTPServer.Configuration, onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> HTTPServer {
        let gate = gate(listensOnLoopback: configuration.isLoopback)
        let permits = Permits(store: store, time: time, listensOnLoopback: configuration.isLoopback)
        let router = Router(context: CallContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: Frame(counters: counters, pages: pages, version: about.version))
        for route in listener.routes(agents, counters).routes {
            router.on(RouterPath(route.path), method: route.method, responder: RouteResponder(route: route, gate: gate, permits: permits))
        }
        let (listener, waiters) = (listener, agents.waiters)
        return HTTPServer(
            responder: router.buildResponder(), configuration: configuration, channel: HTTPServer.channel(listener.tls),
            companion: { await listener.run() }, release: { waiters.close() },
            onRunning: { port in
                listener.listens(on: port)
                await onRunning(port)
            }, logger: logger)
    }
}
