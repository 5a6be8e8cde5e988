// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

@Suite("The event stream") struct EventStreamTests {
    @Test func tellsWhatWasAndWhatComes() async throws {
        try await ServedFleet.with { served async throws in
            let newest = try #require(try await served.get("/api/v1/events?limit=1").json.at("items")?.list?.first?.at("id")?.int)
            let stream = try await served.client.stream(
                HTTPRequest(
                    method: "GET", url: "\(served.url)/api/v1/events/stream?after=\(newest - 2)",
                    headers: [(name: "Authorization", value: "Bearer \(served.token)")], deadline: .seconds(30)))
            #expect(stream.status == 200)
            var text = ""
            var chunks = stream.body.makeAsyncIterator()
            func read(until word: String) async throws {
                while !text.contains(word), let chunk = try await chunks.next(isolation: nil) {
                    text += String(decoding: chunk, as: UTF8.self)
                }
            }
            try await read(until: "id: \(newest)\n")
            #expect(text.contains("id: \(newest - 1)\nevent: fleet\ndata: {\"id\":\(newest - 1),"))
            #expect(!text.contains("id: \(newest - 2)\n"))
            _ = try await served.post("/api/v1/stages/shop/production/pause", ["reason": "line\nbreak"])
            try await read(until: "\"kind\":\"paused\"")
            #expect(text.contains("line\\nbreak") && text.contains("id: \(newest + 1)\n"))
            // The server does not wait for readers of an endless answer.
            await served.stop()
            while let chunk = try await chunks.next(isolation: nil) { text += String(decoding: chunk, as: UTF8.self) }
        }
    }

    @Test func theHorizonWaitsForSmallerNumbers() {
        var horizon = EventHorizon(horizon: 10)
        let start = Timestamp(seconds: 1_000)
        horizon.advance(over: [11, 12], oldestOpen: 100, nextTransaction: 100, at: start)
        #expect(horizon.horizon == 12 && !horizon.waits)
        // 13 is missing while transaction 104 is open: 14 is held back.
        horizon.advance(over: [14], oldestOpen: 104, nextTransaction: 106, at: start)
        #expect(horizon.horizon == 12 && horizon.waits)
        horizon.advance(over: [14], oldestOpen: 105, nextTransaction: 108, at: start + .seconds(1))
        #expect(horizon.horizon == 12)
        // It comes late, and is not passed over.
        horizon.advance(over: [13, 14], oldestOpen: 105, nextTransaction: 108, at: start + .seconds(2))
        #expect(horizon.horizon == 14 && !horizon.waits)
        // 15 never comes: its transaction was rolled back, and all of that time have ended.
        horizon.advance(over: [16], oldestOpen: 108, nextTransaction: 110, at: start + .seconds(3))
        #expect(horizon.horizon == 14)
        horizon.advance(over: [16], oldestOpen: 110, nextTransaction: 112, at: start + .seconds(4))
        #expect(horizon.horizon == 16)
        // A transaction that is never ended does not stop the stream for ever.
        horizon.advance(over: [18], oldestOpen: 111, nextTransaction: 113, at: start + .seconds(5))
        horizon.advance(over: [18], oldestOpen: 111, nextTransaction: 114, at: start + .seconds(36))
        #expect(horizon.horizon == 18)
    }

    @Test func aRolledBackEventDoesNotStopReaders() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            struct Stop: Error {}
            let database = served.fleet.store.database
            let event = FleetEvent(at: served.fleet.time.now, kind: "test")
            try? await database.transaction { session in
                try EventRows.append(session, [event])
                throw Stop()
            }
            try await database.transaction { try EventRows.append($0, [event]) }
            let newest = try await database.read { try EventRows.newest($0) }
            // Transactions of other databases on the server count as open, too.
            while try await served.web.fan.advance() < newest { served.fleet.time.advance(by: .milliseconds(100)) }
            #expect(served.web.fan.horizon == newest)
        }
    }
}
