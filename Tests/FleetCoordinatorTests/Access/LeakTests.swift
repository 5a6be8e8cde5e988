// SPDX-License-Identifier: Apache-2.0
import FleetModel
import HTTPTypes
import HummingbirdCore
import Manifests
import NIOCore
import PostgresClient
import Testing

@testable import FleetCoordinator

/// Nothing of what is outside a reader's scope is in any answer: not in lists, counts, cursors, pages, streams or descriptions.
@Suite("What a reader may not see") struct LeakTests {
    /// Takes what a stream writes until there is something of it, then ends it.
    private final class Listener: ResponseBodyWriter {
        struct Enough: Error {}

        var text = ""

        func write(_ buffer: ByteBuffer) async throws {
            text += String(buffer: buffer)
            if text.contains("data: ") { throw Enough() }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    private static func text(_ reply: Reply) async throws -> String {
        let headers = reply.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        switch reply.body {
        case .bytes(let bytes): return headers + String(decoding: bytes, as: UTF8.self)
        case .stream(let write):
            let listener = Listener()
            var writer: any ResponseBodyWriter = listener
            do { try await write(&writer) } catch is Listener.Enough {}
            return headers + listener.text
        }
    }

    /// What is answered, failures too.
    private static func answer(_ reply: () async throws -> Reply) async throws -> String {
        do { return try await text(try await reply()) } catch {
            guard let failure = error as? APIFailure else { throw error }
            return JSON.text(failure.json)
        }
    }

    private static func words(_ limit: TwoTeams.Limit) -> [String] {
        limit == .pipeline ? TwoTeams.zebrasWords + ["otter"] : TwoTeams.zebrasWords
    }

    /// Questions beside the plain one, by the route's path.
    private static let queries: [String: [[String: String]]] = [
        "/api/v1/events": [
            ["limit": "1"], ["after": "0", "limit": "500"], ["cluster": "igloo"], ["cluster": "kraal"], ["pipeline": "zebra"],
        ],
        "/api/v1/events/stream": [["after": "0"], ["after": "0", "cluster": "igloo"]],
        "/api/v1/releases": [["limit": "1"], ["pipeline": "zebra"], ["pipeline": "otter"]],
        "/api/v1/clusters": [["limit": "1"], ["environment": "savanna"]],
        "/api/v1/why": [
            ["application": "walrus-web", "cluster": "igloo"], ["application": "otter-web", "cluster": "igloo"],
        ],
        "/search": [["q": "e"], ["q": "r"], ["q": "k"]],
    ]

    @Test("every GET route keeps to the reader's scope", arguments: [TwoTeams.Limit.environment, .pipeline])
    func nothingLeaks(_ limit: TwoTeams.Limit) async throws {
        try await TwoTeams.with { served async throws in
            try await Self.makeNoise(served)
            let reader = TwoTeams.member(.viewer, limit)
            var shown = ""
            var everything = ""
            for route in served.table.routes where route.method == .get {
                switch route.access {
                case .needs, .page, .signedIn: break
                case .open, .agent, .enrolment, .monitoring: continue
                }
                let own = TwoTeams.walrus.merging(["command": "1.1"]) { $1 }
                let plain: [[String: String]] = route.path == "/api/v1/events/stream" ? [] : [[:]]
                for query in plain + (Self.queries[route.path] ?? []) {
                    let text = try await Self.answer {
                        try await served.reply(route, own, as: reader, query: query)
                    }
                    everything += try await Self.answer {
                        try await served.reply(route, own, as: .administrator, query: query)
                    }
                    // What was asked for may be named in the answer.
                    let asked = Set(query.values)
                    for word in Self.words(limit) where !asked.contains(where: { $0.contains(word) }) {
                        #expect(!text.contains(word), "\(route.path) \(query) tells \(word)")
                    }
                    shown += text
                }
            }
            // The measure itself: there is something to be seen, and to be hidden.
            for word in ["walrus", "arctic", "igloo", "walrus-web"] { #expect(shown.contains(word), "\(word)") }
            for word in Self.words(limit) { #expect(everything.contains(word), "\(word)") }
        }
    }

    /// Events and commands of all teams, as agents and people cause them.
    private static func makeNoise(_ served: ServedFleet) async throws {
        let actions = CommandActions(engine: served.fleet.engine)
        for (cluster, application) in [("igloo", "walrus-web"), ("igloo", "otter-web"), ("kraal", "zebra-web")] {
            _ = try await actions.ask(
                "syncNow", parameters: ["application": .string(application)], cluster: cluster, expiresSeconds: nil,
                reason: "for \(application)", by: Author(name: "ada"), may: Grants([], for: .administrator))
            _ = try await actions.pause(application, on: cluster, seconds: 600, reason: "of \(application)", by: Author(name: "ada"))
        }
        let now = served.fleet.time.now
        try await served.fleet.store.database.transaction { session in
            try EventRows.append(
                session,
                [
                    FleetEvent(at: now, kind: "drift", severity: .warning, cluster: "igloo", application: "otter-web", message: "otter's"),
                    FleetEvent(at: now, kind: "drift", severity: .warning, cluster: "kraal", application: "zebra-web", message: "zebra's"),
                    FleetEvent(at: now, kind: "agentStarted", cluster: "kraal"),
                    FleetEvent(at: now, kind: "agentStarted", cluster: "igloo"),
                    FleetEvent(at: now, kind: "applied", cluster: "igloo", application: "otter-old", message: "nobody's any more"),
                    FleetEvent(at: now, kind: "fleetCommit", message: "Give the zebra a savanna"),
                    FleetEvent(at: now, kind: "releaseRefused", pipeline: "zebra", message: "zebra's"),
                    FleetEvent(at: now, kind: "agentUpgradeStarted", environment: "savanna", message: "savanna's"),
                ])
        }
    }

    @Test func countsAndPagesAreOfWhatIsSeen() async throws {
        try await TwoTeams.with { served async throws in
            func json(_ path: String, _ limit: TwoTeams.Limit, _ query: [String: String] = [:]) async throws -> Value {
                let reply = try await served.reply(
                    try served.route("GET", path), TwoTeams.walrus, as: TwoTeams.member(.viewer, limit), query: query)
                guard case .bytes(let bytes) = reply.body else { return .null }
                return try JSON.read(bytes)
            }
            for (limit, clusters, applications) in [(TwoTeams.Limit.pipeline, 1, 1), (.environment, 1, 2), (.all, 2, 3)] {
                let status = try await json("/api/v1/status", limit)
                #expect(status.at("clusters", "total")?.int == Int64(clusters))
                #expect(status.at("applications", "total")?.int == Int64(applications))
                #expect(status.at("stages")?.list?.count == applications)
                #expect((status.at("trunk", "subject")?.string == "") == (limit != .all))
                let environment = try await json("/api/v1/environments", limit).at("items")?.list?.first
                #expect(environment?.at("pipelines")?.list?.count == (limit == .pipeline ? 1 : 2))
                let cluster = try await json("/api/v1/clusters/{cluster}", limit)
                #expect(cluster.at("applications", "total")?.int == (limit == .pipeline ? 1 : 2))
                for (path, count) in [
                    ("/api/v1/pipelines", applications), ("/api/v1/releases", applications), ("/api/v1/clusters", clusters),
                    ("/api/v1/environments", clusters), ("/api/v1/applications", applications),
                ] {
                    #expect(try await json(path, limit).at("items")?.list?.count == count, "\(path)")
                    var after: String?
                    var seen = 0
                    repeat {
                        var query = ["limit": "1"]
                        query["after"] = after
                        let page = try await json(path, limit, query)
                        seen += page.at("items")?.list?.count ?? 0
                        after = page.at("next")?.string
                    } while after != nil && seen < 10
                    #expect(seen == count, "\(path) by pages of one")
                }
            }
        }
    }

    @Test func formsAreOnlyOfferedToWhoMay() async throws {
        try await TwoTeams.with(running: false) { served async throws in
            func page(_ role: AccessPolicy.Role) async throws -> String {
                try await Self.text(
                    try await served.reply(
                        try served.route("GET", "/pipelines/{pipeline}"), TwoTeams.walrus, as: TwoTeams.member(role, .pipeline)))
            }
            for role in AccessPolicy.Role.allCases {
                let text = try await page(role)
                #expect(text.contains("/actions/stages/walrus/arctic/approve") == role.permissions.contains(.approve), "\(role)")
                #expect(text.contains("/actions/stages/walrus/arctic/pause") == role.permissions.contains(.operate), "\(role)")
            }
        }
    }

    @Test func aStreamEndsWithThePoliciesThatAllowedIt() async throws {
        try await TwoTeams.with { served async throws in
            let reply = try await served.reply(
                try served.route("GET", "/api/v1/events/stream"), [:], as: TwoTeams.member(.viewer, .pipeline), query: ["after": "0"])
            try await served.fleet.store.database.transaction { session in
                _ = try session.execute("update fleet_commits set access = null")
            }
            served.fleet.store.access.forget()
            #expect(try await !Self.text(reply).contains("data: "))
        }
    }
}
