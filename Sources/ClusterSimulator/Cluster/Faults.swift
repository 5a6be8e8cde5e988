// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Trouble that a cluster makes until told otherwise.
package struct Faults: Sendable, Hashable {
    /// Added to every answer.
    package var latency: Duration = .zero
    /// The share of requests answered 500, from 0 to 1.
    package var errorRate: Double = 0
    /// The share of requests answered 429 with Retry-After, from 0 to 1.
    package var throttleRate: Double = 0
    /// What Retry-After says then, in seconds.
    package var retryAfterSeconds: Int64 = 1
    /// The share of writes to objects that are there answered 409 as if somebody had written in between, from 0 to 1.
    package var conflictRate: Double = 0
    /// Whether the server refuses everything, as one that is down.
    package var isDown = false
    /// Whether every bearer token is answered 401, as expired.
    package var refusesTokens = false
    /// Whether watches, those that are open too, fall silent for good: no event, no bookmark, no end. Only dropping them ends them.
    package var stallsWatches = false
    /// Namespaces that, once deleted, stay terminating, as when an aggregated API does not answer; `*` for all of them.
    package var stuckNamespaces: Set<String> = []
    /// An admission webhook that is slow or fails.
    package var webhook: WebhookFault?

    package init() {}
}

/// An admission webhook that behaves badly, though no configuration of one is stored.
package struct WebhookFault: Sendable, Hashable {
    /// How messages call it.
    package var name: String
    /// How long it takes; from `timeout` on the request fails.
    package var delay: Duration
    /// How long the API server waits for it.
    package var timeout: Duration
    /// Whether it cannot be reached at all.
    package var isFailing: Bool
    /// The resources it is asked about, as `deployments.apps` or `configmaps`; empty for all.
    package var resources: Set<String>

    package init(
        name: String = "slow.simulator.flotilla.dev", delay: Duration = .zero, timeout: Duration = .seconds(10), isFailing: Bool = false,
        resources: Set<String> = []
    ) {
        self.name = name
        self.delay = delay
        self.timeout = timeout
        self.isFailing = isFailing
        self.resources = resources
    }
}

/// What to do once.
package enum FaultAction: String, Sendable, CaseIterable {
    /// Ends every open watch.
    case dropWatches
    /// Forgets the history: watches from before are answered 410.
    case expireHistory
    /// Both, as a restart of the server does.
    case restart
    /// Lets every token issued to a service account so far expire: 401 until a new one is asked for.
    case expireTokens
}

// The form that `/simulator/faults` speaks.
extension Faults {
    var value: Value {
        func share(_ rate: Double) -> Value { Decimal(rate).map { .decimal($0) } ?? 0 }
        var map: Map = [
            "latencyMilliseconds": .int(latency.wholeMilliseconds), "errorRate": share(errorRate), "throttleRate": share(throttleRate),
            "retryAfterSeconds": .int(retryAfterSeconds), "conflictRate": share(conflictRate), "down": .bool(isDown),
            "refusesTokens": .bool(refusesTokens), "stallsWatches": .bool(stallsWatches),
            "stuckNamespaces": .list(stuckNamespaces.sorted().map { .string($0) }),
        ]
        if let webhook {
            map["webhook"] = [
                "name": .string(webhook.name), "delayMilliseconds": .int(webhook.delay.wholeMilliseconds),
                "timeoutMilliseconds": .int(webhook.timeout.wholeMilliseconds), "failing": .bool(webhook.isFailing),
                "resources": .list(webhook.resources.sorted().map { .string($0) }),
            ]
        }
        return .map(map)
    }

    /// The longest that anything is put off.
    private static let millisecondsMax: Int64 = 600_000

    private static func duration(_ value: Value?) -> Duration? {
        value?.int.map { .milliseconds(max(0, min($0, millisecondsMax))) }
    }

    /// Takes over the members that are given; `webhook: null` takes the webhook away.
    mutating func change(_ wanted: Value) {
        if let given = Self.duration(wanted["latencyMilliseconds"]) { latency = given }
        if let rate = wanted["errorRate"]?.double { errorRate = rate }
        if let rate = wanted["throttleRate"]?.double { throttleRate = rate }
        if let seconds = wanted["retryAfterSeconds"]?.int { retryAfterSeconds = max(0, min(seconds, 3_600)) }
        if let rate = wanted["conflictRate"]?.double { conflictRate = rate }
        if let given = wanted["down"]?.bool { isDown = given }
        if let given = wanted["refusesTokens"]?.bool { refusesTokens = given }
        if let given = wanted["stallsWatches"]?.bool { stallsWatches = given }
        if let names = wanted["stuckNamespaces"]?.list { stuckNamespaces = Set(names.compactMap(\.string)) }
        if let given = wanted["webhook"] {
            guard given.map != nil else {
                webhook = nil
                return
            }
            var made = webhook ?? WebhookFault()
            if let name = given["name"]?.string { made.name = name }
            if let delay = Self.duration(given["delayMilliseconds"]) { made.delay = delay }
            if let timeout = Self.duration(given["timeoutMilliseconds"]) { made.timeout = timeout }
            if let failing = given["failing"]?.bool { made.isFailing = failing }
            if let resources = given["resources"]?.list { made.resources = Set(resources.compactMap(\.string)) }
            webhook = made
        }
    }
}
