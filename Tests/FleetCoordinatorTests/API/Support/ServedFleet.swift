// SPDX-License-Identifier: Apache-2.0
import Compression
import GitRepository
import HTTPTransport
import Logging
import Manifests
import PostgresClient
import ServiceLifecycle
import Testing

@testable import FleetCoordinator

/// A test fleet behind a real HTTP server on a port of its own.
struct ServedFleet: Sendable {
    let fleet: TestFleet
    let web: WebServices
    let credentials: Credentials
    let identities: Identities
    let hashings: Hashings
    let token: String
    let url: String
    /// Where agents are listened to.
    let agentURL: String
    let client: HTTPClient
    /// Tells the server to stop as a signal would.
    let stop: @Sendable () async -> Void

    struct Headers: Sendable {
        let all: HTTPHeaders
        subscript(name: String) -> String? { all[name] }
    }

    struct Answer: Sendable {
        var status: Int
        var headers: Headers
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
        var json: Value { (try? JSON.read(body)) ?? .null }
        var code: String? { json.at("error", "code")?.string }
    }

    /// Serves a fleet whose staging has verified its first release, and whose production waits for an approval.
    static func with(
        host: String = "127.0.0.1", settled: Bool = true, files: [String: String] = JourneyTests.files(),
        clusters: [String] = JourneyTests.clusters, providers: [ProviderSettings] = [],
        _ body: @escaping @Sendable (ServedFleet) async throws -> Void
    ) async throws {
        // Clients judge the listener's certificate by the machine's own time, which tests go towards by days.
        let fleet = try await TestFleet(files: files, time: HandTime(WallTime.system.now - .seconds(3 * 86_400)))
        if settled { try await fleet.settle(clusters: clusters, rounds: 15) }
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let keys = try KeyFolder(path: "\(fleet.folder)/keys", administratorTokenPath: "\(fleet.folder)/admin-token")
        let credentials = Credentials(keys: keys)
        let hashings = Hashings()
        let identities = Identities(
            store: fleet.store, time: fleet.time.wall, credentials: credentials, accountsPath: "\(fleet.folder)/keys/accounts.json",
            logger: logger, hasher: hashings.hasher(), providers: IdentityProviders(providers, time: fleet.time.wall))
        let authorities = try Authorities(folder: keys.authoritiesPath, time: fleet.time.wall)
        let listener = try AgentListener(AgentListener.Settings(), engine: fleet.engine, authorities: authorities, logger: logger)
        let web = try WebServices(
            store: fleet.store, engine: fleet.engine, agents: fleet.agents, listener: listener, credentials: credentials,
            identities: identities, time: fleet.time.wall, bells: fleet.engine.bells, counters: Counters(),
            about: WebServices.About(
                version: "0.0.0", allowedSigners: keys.allowedSigners, publicURL: nil, repository: "file://fleet.git", branch: "main"),
            following: { WebServices.Following(isReady: true) },
            journals: {
                let signers = fleet.signer.allowedSignersLine(principal: Recorder.committerEmail) + "\n"
                return try await AuditJournals(mirror: fleet.mirror, allowedSigners: signers).read()
            }, logger: logger)
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let server = try web.makeServer(HTTPServer.Configuration(host: host)) { port in running.yield(port) }
        let (agentPorts, agentsRunning) = AsyncStream.makeStream(of: Int.self)
        let agentServer = web.makeAgentServer(HTTPServer.Configuration()) { port in agentsRunning.yield(port) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [server, agentServer].map { .init(service: $0, successTerminationBehavior: .ignore) }, logger: logger))
        let client = HTTPClient()
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await group.run()
                running.finish()
                agentsRunning.finish()
                return true
            }
            tasks.addTask {
                await fleet.reports.run()
                return false
            }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            var agentIterator = agentPorts.makeAsyncIterator()
            let agentPort = try #require(await agentIterator.next())
            let served = ServedFleet(
                fleet: fleet, web: web, credentials: credentials, identities: identities, hashings: hashings,
                token: keys.administratorToken, url: "http://127.0.0.1:\(port)", agentURL: "https://127.0.0.1:\(agentPort)",
                client: client, stop: { await group.triggerGracefulShutdown() })
            tasks.addTask {
                try await body(served)
                await group.triggerGracefulShutdown()
                return false
            }
            while let isServer = try await tasks.next(), !isServer {}
            tasks.cancelAll()
        }
        await client.shutdown()
        await identities.providers.shutdown()
        await fleet.store.database.close()
        await fleet.mirror.close()
    }

    func send(
        _ method: String, _ path: String, token: String? = nil, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        acceptGzip: Bool = false
    ) async throws -> Answer {
        var headers = headers
        if let token { headers.append((name: "Authorization", value: "Bearer \(token)")) }
        let response = try await client.send(
            HTTPRequest(method: method, url: url + path, headers: headers, body: body, deadline: .seconds(30), acceptGzip: acceptGzip))
        return Answer(status: response.status, headers: Headers(all: response.headers), body: response.body)
    }

    /// As the administrator.
    func get(_ path: String) async throws -> Answer { try await send("GET", path, token: token) }

    func post(_ path: String, _ body: Value = .map([:])) async throws -> Answer {
        try await send(
            "POST", path, token: token, headers: [(name: "Content-Type", value: "application/json")], body: JSON.write(body))
    }

    /// The status alone; for answers that do not end.
    func status(_ method: String, _ path: String, headers: [(name: String, value: String)]) async throws -> Int {
        let isPost = method != "GET"
        return try await client.stream(
            HTTPRequest(
                method: method, url: url + path, headers: headers, body: isPost ? Array("{}".utf8) : [], deadline: .seconds(30))
        ).status
    }
}
