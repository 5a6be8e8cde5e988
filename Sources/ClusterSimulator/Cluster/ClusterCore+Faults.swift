// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    /// Does once what an action says.
    func act(_ action: FaultAction) {
        switch action {
        case .dropWatches: dropWatches()
        case .expireHistory: store.forgetAll()
        case .restart:
            dropWatches()
            store.forgetAll()
        case .expireTokens: tokens = [:]
        }
    }

    private func dropWatches() { for id in watches.keys.sorted() { closeWatch(id) } }

    /// Changes the standing faults; what waited for their end goes on.
    func setFaults(_ new: Faults) {
        let wereStuck = faults.stuckNamespaces
        faults = new
        if new.stallsWatches { for id in watches.keys { watches[id]?.isStalled = true } }
        guard wereStuck != new.stuckNamespaces else { return }
        for namespace in store.list(builtIn("namespaces").key) where namespace.isTerminating { enqueue(.namespace(namespace.name)) }
    }

    /// A refusal that the faults ask for; `nil` lets the request through.
    func disturbance(_ request: APIRequest) -> Reply? {
        if request.path.hasPrefix("/simulator/") { return nil }
        if faults.isDown { return .text("service unavailable\n", status: 503, retryAfter: 1) }
        if faults.refusesTokens, request.header("authorization") != nil {
            return .object(StatusError(code: 401, reason: "Unauthorized", message: "Unauthorized").value, status: 401)
        }
        if faults.throttleRate > 0, draw() < faults.throttleRate {
            return .text("Too many requests, please try again later.\n", status: 429, retryAfter: faults.retryAfterSeconds)
        }
        if faults.errorRate > 0, draw() < faults.errorRate {
            return .object(
                StatusError(code: 500, reason: "InternalError", message: "Internal error occurred: simulated fault", details: Map()).value,
                status: 500)
        }
        guard ["POST", "PUT", "PATCH", "DELETE"].contains(request.method),
            case .resource(let type, let namespace, let name?, _) = RequestTarget(path: request.path, in: self)
        else { return nil }
        if faults.conflictRate > 0, ["PUT", "PATCH"].contains(request.method), get(type, namespace, name) != nil,
            draw() < faults.conflictRate
        {
            let conflict = StatusError.conflict(type, name)
            return .object(conflict.value, status: conflict.code)
        }
        return nil
    }

    private func draw() -> Double { Double(random.next() >> 11) / 9_007_199_254_740_992 }

    /// How long a request waits for the webhook that the faults put in its way.
    func webhookDelay(_ request: APIRequest) -> Duration {
        guard let webhook = faults.webhook, !webhook.isFailing, ["POST", "PUT", "PATCH", "DELETE"].contains(request.method),
            case .resource(let type, _, _, _) = RequestTarget(path: request.path, in: self),
            webhook.resources.isEmpty || webhook.resources.contains(type.qualified)
        else { return .zero }
        return min(webhook.delay, webhook.timeout)
    }

    /// Fails a write whose webhook cannot be reached or takes too long.
    func admitFault(_ type: ResourceType) throws(StatusError) {
        guard let webhook = faults.webhook, webhook.resources.isEmpty || webhook.resources.contains(type.qualified) else { return }
        if webhook.isFailing { throw Self.webhookFailure(webhook.name, webhook.name, "dial tcp: connect: connection refused") }
        if webhook.delay >= webhook.timeout { throw Self.webhookFailure(webhook.name, webhook.name, "context deadline exceeded") }
    }

    private static func webhookFailure(_ name: String, _ host: String, _ why: String) -> StatusError {
        webhookFailure(name, "failed to call webhook: Post \"https://\(host):443/?timeout=10s\": \(why)")
    }

    static func webhookFailure(_ name: String, _ why: String) -> StatusError {
        let text = "failed calling webhook \"\(name)\": \(why)"
        return StatusError(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(text)",
            details: ["causes": [["message": .string(text)]]])
    }

    /// Serves `/simulator/faults`: GET shows, POST changes, with `action` for what is done once.
    func serveFaults(_ request: APIRequest) -> Reply {
        guard (try? authenticate(request))?.isMaster == true else {
            return .object(StatusError(code: 401, reason: "Unauthorized", message: "Unauthorized").value, status: 401)
        }
        if request.method == "POST" {
            guard let wanted = try? JSON.read(request.body), wanted.map != nil else {
                return .object(
                    StatusError.badRequest("expected a JSON object with the members that GET shows, or action").value, status: 400)
            }
            var changed = faults
            changed.change(wanted)
            setFaults(changed)
            if let name = wanted["action"]?.string {
                guard let action = FaultAction(rawValue: name) else {
                    let known = FaultAction.allCases.map(\.rawValue).joined(separator: ", ")
                    return .object(StatusError.badRequest("unknown action \"\(name)\": \(known)").value, status: 400)
                }
                act(action)
            }
        }
        var shown = faults.value
        shown["watches"] = .int(Int64(watches.count))
        return .object(shown)
    }
}
