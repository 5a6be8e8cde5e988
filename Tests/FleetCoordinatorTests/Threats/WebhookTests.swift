// SPDX-License-Identifier: Apache-2.0
import Compression
import HTTPTypes
import Manifests
import PostgresClient
import Synchronization
import Testing

@testable import FleetCoordinator

@Suite("What the webhook costs, whoever calls it") struct WebhookTests {
    private static let path = "/webhooks/git"

    @Test("a body that is too large is refused before anything happens, compressed or not")
    func sizes() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            func status(_ body: [UInt8], _ headers: [(name: String, value: String)] = []) async throws -> Int {
                try await served.send("POST", Self.path, headers: headers, body: body).status
            }
            let gzip = [(name: "Content-Encoding", value: "gzip")]
            let large = [UInt8](repeating: 0, count: OperationRoutes.webhookMax + 1)
            let bomb = try Gzip.compress([UInt8](repeating: 0, count: 64 << 20))
            #expect(bomb.count < OperationRoutes.webhookMax)
            #expect(try await status(large) == 413)
            #expect(try await status(bomb, gzip) == 413)
            #expect(served.web.counters[.webhooks] == 0)
            // Anything else of that size is all the same: it is not looked at.
            let bodies: [[UInt8]] = [
                [], Array("{".utf8), [0xff, 0xfe], Array(large.dropLast()), Array("<!DOCTYPE a [<!ENTITY b 'c'>]>".utf8),
            ]
            for body in bodies {
                #expect(try await status(body) == 202)
            }
            #expect(served.web.counters[.webhooks] == 5)
        }
    }

    @Test("a thousand calls ask for one fetch, and for one more a second later")
    func burst() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let rings = Mutex(0)
            let gate = WebhookGate(time: served.fleet.time.wall) { rings.withLock { $0 += 1 } }
            var table = RouteTable()
            OperationRoutes(
                store: served.fleet.store, metrics: Remembered(milliseconds: 1_000, time: served.fleet.time.wall) { "" }, webhook: gate,
                counters: served.web.counters, allowedSigners: "", following: { WebServices.Following(isReady: true) }
            ).add(to: &table)
            let route = try #require(table.routes.first { $0.path == Self.path })
            for _ in 0..<1_000 {
                let reply = try await served.reply(route, [:], as: TwoTeams.nobody, body: Array("{}".utf8))
                #expect(reply.status == .accepted)
            }
            #expect(rings.withLock { $0 } == 1)
            for _ in 0..<10 {
                served.fleet.time.advance(by: .milliseconds(500))
                gate.flush()
            }
            #expect(rings.withLock { $0 } == 2)
        }
    }

    @Test("a thousand calls over HTTP are counted, and leave no row behind")
    func rows() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            func rows() async throws -> Int64 {
                try await served.fleet.store.database.read { session in
                    let events = try session.query("select count(*) as n from events").first?.int64("n") ?? 0
                    return events + (try session.query("select count(*) as n from audit").first?.int64("n") ?? 0)
                }
            }
            let before = try await rows()
            for _ in 0..<1_000 { #expect(try await served.send("POST", Self.path, body: Array("{}".utf8)).status == 202) }
            #expect(served.web.counters[.webhooks] == 1_000)
            #expect(try await rows() == before)
        }
    }
}
