// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Trouble that a cluster makes on demand.
package struct Faults: Sendable, Hashable {
    /// Added to every answer.
    package var latency: Duration = .zero
    /// The share of requests answered 500, from 0 to 1.
    package var errorRate: Double = 0
    /// The share of requests answered 429 with Retry-After, from 0 to 1.
    package var throttleRate: Double = 0
    /// Whether the server refuses everything, as one that is down.
    package var isDown = false

    package init() {}
}

/// What to do once.
package enum FaultAction: String, Sendable {
    /// Ends every open watch.
    case dropWatches
    /// Forgets the history: watches from before are answered 410.
    case expireHistory
    /// Both, as a restart of the server does.
    case restart
}

extension ClusterCore {
    func act(_ action: FaultAction) {
        if action != .expireHistory { for id in watches.keys.sorted() { closeWatch(id) } }
        if action != .dropWatches { store.forgetAll() }
    }

    /// A refusal that the faults ask for; `nil` lets the request through.
    func disturbance(_ request: APIRequest) -> Reply? {
        if request.path.hasPrefix("/simulator/") { return nil }
        if faults.isDown { return .text("service unavailable\n", status: 503) }
        if faults.throttleRate > 0, draw() < faults.throttleRate {
            return .text("Too many requests, please try again later.\n", status: 429)
        }
        if faults.errorRate > 0, draw() < faults.errorRate {
            return .object(
                StatusError(code: 500, reason: "InternalError", message: "Internal error occurred: simulated fault", details: Map()).value,
                status: 500)
        }
        return nil
    }

    private func draw() -> Double { Double(random.next() >> 11) / 9_007_199_254_740_992 }

    /// Serves `/simulator/faults`: GET shows, POST changes, with `action` for what is done once.
    func serveFaults(_ request: APIRequest) -> Reply {
        guard (try? authenticate(request))?.isMaster == true else {
            return .object(StatusError(code: 401, reason: "Unauthorized", message: "Unauthorized").value, status: 401)
        }
        if request.method == "POST" {
            guard let wanted = try? JSON.read(request.body), wanted.map != nil else {
                return .object(
                    StatusError.badRequest(
                        "expected a JSON object with latencyMilliseconds, errorRate, throttleRate, down or action"
                    ).value, status: 400)
            }
            if let latency = wanted["latencyMilliseconds"]?.int { faults.latency = .milliseconds(max(0, min(latency, 600_000))) }
            if let rate = wanted["errorRate"]?.double { faults.errorRate = rate }
            if let rate = wanted["throttleRate"]?.double { faults.throttleRate = rate }
            if let down = wanted["down"]?.bool { faults.isDown = down }
            if let name = wanted["action"]?.string {
                guard let action = FaultAction(rawValue: name) else {
                    return .object(
                        StatusError.badRequest("unknown action \"\(name)\": dropWatches, expireHistory, restart").value, status: 400)
                }
                act(action)
            }
        }
        return .object([
            "latencyMilliseconds": .int(faults.latency.wholeMilliseconds), "errorRate": Decimal(faults.errorRate).map { .decimal($0) } ?? 0,
            "throttleRate": Decimal(faults.throttleRate).map { .decimal($0) } ?? 0, "down": .bool(faults.isDown),
            "watches": .int(Int64(watches.count)),
        ])
    }
}
