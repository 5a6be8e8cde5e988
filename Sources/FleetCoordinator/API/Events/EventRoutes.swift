// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import HummingbirdCore
import Manifests
import NIOCore
import PostgresClient

/// Reading events: page by page, or as they happen.
struct EventRoutes: Sendable {
    let store: Store
    let fan: EventFan
    let permits: Permits

    private static let filters: [Route.Input] = [
        .optional("pipeline", .string, "only events of this pipeline"),
        .optional("environment", .string, "only events of this environment"),
        .optional("cluster", .string, "only events of this cluster"), .optional("application", .string, "only events of this application"),
    ]
    private static let heartbeat = Duration.seconds(15)
    private static let batch = 200

    func add(to table: inout RouteTable) {
        table.get(
            "/api/v1/events", .needs(.read, .anywhere), "Events, newest first; with 'after', oldest first from there",
            query: Self.filters + [
                .optional("before", .integer, "only events with a smaller number; the 'next' of the page before"),
                .optional("after", .integer, "only events with a larger number, oldest first"),
                .optional("limit", .integer, "how many items, 1 to 500; 100 when absent"),
            ], answer: .list(of: "Event"), list)
        table.get(
            "/api/v1/events/stream", .needs(.read, .anywhere), "Events as they happen, as server-sent events",
            query: Self.filters + [.optional("after", .integer, "events with a larger number first; absent: from now on")],
            answer: .text("text/event-stream"), stream)
    }

    private static func filter(_ query: Query) throws(APIFailure) -> EventRows.Filter {
        EventRows.Filter(
            pipeline: try query.text("pipeline"), environment: try query.text("environment"), cluster: try query.text("cluster"),
            application: try query.text("application"))
    }

    @Sendable private func list(_ call: Call) async throws -> Reply {
        let filter = try Self.filter(call.query)
        let limit = try call.query.limit()
        let before = try call.query.int("before")
        guard let after = try call.query.int("after") else {
            let page = try await store.read(as: call.reach) { try EventRows.page($0, $1, filter, before: before, pageLimit: limit) }
            return .json(page.json { $0.json })
        }
        guard before == nil else { throw APIFailure.invalid("give 'before' or 'after', not both") }
        // A follower goes on from the last number it saw: nothing with a smaller one may come later.
        let horizon = try await fan.advance()
        let events = try await store.read(as: call.reach) { try EventRows.following($0, $1, filter, after: after, limit: limit) }
            .filter { $0.id <= horizon }
        return .json(Page(items: events, next: events.last.map { String($0.id) }).json { $0.json })
    }

    @Sendable private func stream(_ call: Call) async throws -> Reply {
        let filter = try Self.filter(call.query)
        let lastSeen = HTTPField.Name("Last-Event-ID").flatMap { call.headers[$0] }.flatMap { Int64($0) }
        let asked = try call.query.int("after")
        let now = try await fan.advance()
        guard fan.streams < EventFan.streamsMax else {
            throw APIFailure(
                .serviceUnavailable, "too-many-streams", "\(EventFan.streamsMax) event streams are open already",
                headers: [.retryAfter: "10"])
        }
        let start = lastSeen ?? asked ?? now
        let reply = Reply(
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store, no-transform"],
            body: .stream { @concurrent writer in
                // Here, not before: a reply that is never written must not keep its place.
                guard fan.enter() else { return try await writer.finish(nil) }
                defer { fan.leave() }
                var last = start
                var caller = call.caller
                var buffer = ByteBuffer(string: "retry: 2000\n\n")
                try await writer.write(buffer)
                while !fan.isClosed, !Task.isCancelled {
                    // What is beyond the horizon is left for later; within it, the filter may leave nothing.
                    let horizon = fan.horizon
                    let from = last
                    // Policies may have changed since the stream began.
                    let reach = try await permits.grants(of: caller).reach(.read)
                    guard !reach.isNowhere else { break }
                    let events = try await store.read(as: reach) {
                        try EventRows.following($0, $1, filter, after: from, limit: Self.batch)
                    }
                    let ready = events.filter { $0.id <= horizon }
                    buffer.clear()
                    for event in ready { Self.write(event, to: &buffer) }
                    if buffer.readableBytes > 0 { try await writer.write(buffer) }
                    if let newest = ready.last { last = newest.id }
                    if ready.count == Self.batch { continue }
                    last = max(last, horizon)
                    await fan.wait(after: last, atMost: Self.heartbeat)
                    if fan.horizon <= last, !fan.isClosed { try await writer.write(ByteBuffer(string: ": \n\n")) }
                    // So may the credential: one that has been revoked or has run out ends the stream.
                    guard let admitted = try await call.readmit() else { break }
                    caller = admitted
                }
                try await writer.finish(nil)
            })
        return reply
    }

    private static func write(_ event: FleetEvent, to buffer: inout ByteBuffer) {
        buffer.writeString("id: \(event.id)\nevent: fleet\ndata: ")
        // JSON on one line: line breaks within texts are escaped.
        buffer.writeBytes(JSON.write(event.json))
        buffer.writeString("\n\n")
    }
}
