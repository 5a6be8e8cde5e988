// SPDX-License-Identifier: Apache-2.0

package import Manifests
import Synchronization

/// One simulated cluster in process: answers requests, runs its controllers when told the time.
///
/// Calls are synchronous and never block on anything but each other. Nothing happens between calls: whoever owns the cluster calls
/// `advance` when `nextDue` comes.
package final class SimulatedCluster: Sendable {
    package let specification: ClusterSpecification
    private let behaviour: SimulatorBehaviour
    private let clock: @Sendable () -> Timestamp
    private let core: Mutex<ClusterCore>
    private let observer: (any ClusterObserver)?
    private let held = HeldRequests()
    private let news = ClusterNews()

    /// - Parameters:
    ///   - clock: the time; called at the start of every operation.
    ///   - seed: for UIDs, generated names and fault rates: the same seed and requests give the same cluster.
    package convenience init(
        specification: ClusterSpecification, behaviour: SimulatorBehaviour = SimulatorBehaviour(), seed: UInt64? = nil,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.init(
            specification: specification, behaviour: behaviour, seed: seed, clock: clock, restored: nil, observer: nil,
            recordsChanges: false)
    }

    init(
        specification: ClusterSpecification, behaviour: SimulatorBehaviour, seed: UInt64?, clock: @escaping @Sendable () -> Timestamp,
        restored: ClusterSnapshot?, observer: (any ClusterObserver)?, recordsChanges: Bool
    ) {
        self.specification = specification
        self.behaviour = behaviour
        self.clock = clock
        self.observer = observer
        let core = ClusterCore(
            specification: specification, behaviour: behaviour, now: clock(), seed: seed ?? UInt64.random(in: 0...UInt64.max))
        core.recordsChanges = recordsChanges
        if let restored { restored.restore(into: core) }
        core.bootstrap()
        self.core = Mutex(core)
        drain()
    }

    /// Answers a request. A watch's body ends with the watch; a reader that goes away is noticed at the next event.
    @discardableResult package func handle(_ request: APIRequest) -> APIResponse {
        let started = clock()
        let (reply, lines, version) = core.withLock { core in
            core.now = started
            core.settle()
            let reply: Reply
            if request.path == "/simulator/faults" {
                reply = core.serveFaults(request)
            } else if let disturbance = core.disturbance(request) {
                reply = disturbance
            } else {
                reply = core.respond(request)
            }
            core.settle()
            return (reply, Self.takeLines(core), core.store.version)
        }
        news.tell(version)
        let response = APIResponse(reply)
        observer?.handled(request, response, reply.value, at: started)
        tell(lines)
        return response
    }

    /// What the cluster should wait before it answers.
    func delay(of request: APIRequest) -> Duration {
        core.withLock { core in
            if core.faults.latency == .zero, core.faults.webhook == nil { return .zero }
            return core.faults.latency + core.webhookDelay(request)
        }
    }

    /// The bearer token of the administrator, which `renewToken` changes.
    package var token: String { core.withLock { $0.token } }

    /// Gives the administrator a new token; the old one is answered 401 from now on.
    package func renewToken() -> String {
        core.withLock { core in
            core.token = core.newSuffix(40)
            return core.token
        }
    }

    /// Whether a request comes from an administrator.
    func isAdministrator(_ request: APIRequest) -> Bool { core.withLock { (try? $0.authenticate(request))?.isMaster == true } }

    /// Changes the trouble that the cluster makes.
    package func setFaults(_ faults: Faults) { core.withLock { $0.setFaults(faults) } }

    /// The trouble that it makes.
    package var faults: Faults { core.withLock { $0.faults } }

    /// Holds requests that come over HTTP, such as `DELETE /api/v1/namespaces/shop/configmaps/a`, unanswered until this is called without
    /// them. What a query says does not matter.
    package func hold(_ requests: Set<String>) { held.hold(requests) }

    /// Returns once one of the held requests waits for its answer, and says which; `nil` when the task is cancelled.
    package func heldRequest() async -> String? { await held.arrival() }

    /// Waits until something holds of the cluster's objects: looked at now, and whenever one of them has changed.
    /// - Throws: `CancellationError` when the task is cancelled.
    package func until(_ test: () throws -> Bool) async throws {
        while true {
            let version = news.version
            if try test() { return }
            await news.wait(after: version)
            try Task.checkCancellation()
        }
    }

    /// Returns once a request may be answered.
    func pass(_ request: APIRequest) async { await held.pass("\(request.method) \(request.path)") }

    package func act(_ action: FaultAction) {
        core.withLock { $0.act(action) }
    }

    /// When the cluster next has something to do by itself.
    package var nextDue: Timestamp? {
        core.withLock { core in
            [core.timers.next, core.watchDeadlines.values.min(), core.nextBookmark].compactMap { $0 }.min()
        }
    }

    /// Does everything that is due: controllers, ends of watches, bookmarks.
    package func advance() {
        let (lines, version) = core.withLock { core in
            core.now = clock()
            core.settle()
            core.endWatches()
            return (Self.takeLines(core), core.store.version)
        }
        news.tell(version)
        tell(lines)
    }

    /// Ends all watches, for a server that stops.
    package func closeWatches() { core.withLock { core in for id in core.watches.keys { core.closeWatch(id) } } }

    /// The number of objects of all kinds.
    package var objectCount: Int { core.withLock { core in core.store.objects.values.reduce(0) { $0 + $1.count } } }

    func snapshot() -> ClusterSnapshot { core.withLock { ClusterSnapshot($0) } }

    /// Changes since the last call, for persistence.
    func takeChanges() -> [Store.Event] {
        core.withLock { core in
            let changes = core.changes
            core.changes = []
            return changes
        }
    }

    private struct Lines: Sendable {
        let journal: [WorkloadChange]
        let now: Timestamp
    }

    private static func takeLines(_ core: ClusterCore) -> Lines {
        let lines = Lines(journal: core.journal, now: core.now)
        core.journal = []
        return lines
    }

    private func drain() { tell(core.withLock { Self.takeLines($0) }) }

    private func tell(_ lines: Lines) {
        guard let observer else { return }
        for change in lines.journal { observer.changed(change, at: lines.now) }
    }
}

/// Sees what a cluster is asked and what becomes of it.
protocol ClusterObserver: Sendable {
    func handled(_ request: APIRequest, _ response: APIResponse, _ value: Value?, at time: Timestamp)
    func changed(_ workload: WorkloadChange, at time: Timestamp)
}

extension Reply {
    var value: Value? { if case .object(let value, _, _, _) = self { value } else { nil } }
}

extension APIResponse {
    init(_ reply: Reply) {
        switch reply {
        case .object(let value, let status, let warnings, let contentType):
            var headers: [(name: String, value: String)] = [("Content-Type", contentType)]
            for warning in warnings {
                let escaped = warning.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                headers.append(("Warning", "299 - \"\(escaped)\""))
            }
            if let retry = value.at("details", "retryAfterSeconds")?.int { headers.append(("Retry-After", String(retry))) }
            self.init(status: status, headers: headers, body: .bytes(JSON.write(value)))
        case .text(let text, let status, let retryAfter):
            var headers: [(name: String, value: String)] = [("Content-Type", "text/plain; charset=utf-8")]
            if let retryAfter { headers.append(("Retry-After", String(retryAfter))) }
            self.init(status: status, headers: headers, body: .bytes(Array(text.utf8)))
        case .watch(let stream):
            self.init(status: 200, headers: [("Content-Type", "application/json")], body: .stream(stream))
        }
    }
}

extension ClusterCore {
    var nextBookmark: Timestamp? { watches.values.contains(where: \.wantsBookmarks) ? bookmarksDue : nil }

    /// Ends watches whose time is up and sends bookmarks to those that want them.
    func endWatches() {
        for (id, due) in watchDeadlines where due <= now {
            if watches[id]?.isStalled == true { watchDeadlines[id] = nil } else { closeWatch(id) }
        }
        guard now >= bookmarksDue else { return }
        bookmarksDue = now + behaviour.bookmarkInterval
        for (id, watch) in watches where watch.wantsBookmarks && !watch.isStalled {
            if !watch.send(watch.bookmark(store.version)) { closeWatch(id) }
        }
    }
}
