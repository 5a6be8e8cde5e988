// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Synchronization

/// What programs around the coordinator ask: whether it lives, how it does, what it offers; and what a Git host calls.
struct OperationRoutes: Sendable {
    let store: Store
    let metrics: Remembered<String>
    let webhook: WebhookGate
    let counters: Counters
    let allowedSigners: String
    let following: @Sendable () -> WebServices.Following

    static let databasePatience = Duration.seconds(2)
    static let webhookMax = 1 << 20

    func add(to table: inout RouteTable) {
        table.get("/healthz", .open, "200 while this process serves", answer: .text("text/plain")) { _ in .text("ok\n") }
        table.get("/readyz", .open, "200 when the database answers and the fleet repository was fetched", answer: .text("text/plain")) {
            _ in
            // Why it was not read may name things that are not everybody's business: metrics and pages say it.
            guard following().isReady else {
                throw APIFailure(.serviceUnavailable, "not-ready", "the fleet repository has not been read yet")
            }
            do {
                _ = try await store.database.read(timeout: Self.databasePatience) { try $0.query("select 1 as one").count }
            } catch {
                throw APIFailure(.serviceUnavailable, "not-ready", "the database does not answer")
            }
            return .text("ready\n")
        }
        table.get("/metrics", .monitoring, "Metrics in Prometheus' text format", answer: .text("text/plain")) { _ in
            .text(try await metrics.value(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        table.post(
            "/webhooks/git", .open, "Asks for a fetch of the fleet repository; the body is not looked at", bodyMax: Self.webhookMax,
            answer: .nothing
        ) { _ in
            counters.add(.webhooks)
            webhook.call()
            return .json(.map(["accepted": true]), status: .accepted)
        }
        table.get(
            "/api/v1/allowed-signers", .signedIn, "A line for Git's allowed-signers file, by which records verify",
            answer: .text("text/plain")
        ) { _ in .text(allowedSigners) }
    }
}

/// Lets the webhook ask for a fetch at most once a second; the last call of a burst is not forgotten.
final class WebhookGate: Sendable {
    private struct State {
        var last: Timestamp?
        var isPending = false
    }

    private let state = Mutex(State())
    private let time: WallTime
    private let ring: @Sendable () -> Void

    init(time: WallTime, ring: @escaping @Sendable () -> Void) {
        self.time = time
        self.ring = ring
    }

    func call() { ringWhenDue(asked: true) }

    /// Rings for a call that came too soon after another; called about once a second.
    func flush() { ringWhenDue(asked: false) }

    private func ringWhenDue(asked: Bool) {
        let now = time.now
        let rings = state.withLock { state in
            guard asked || state.isPending else { return false }
            if let last = state.last, (0..<1_000).contains(now.milliseconds - last.milliseconds) {
                state.isPending = true
                return false
            }
            state.last = now
            state.isPending = false
            return true
        }
        if rings { ring() }
    }
}
