// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// The health of an application, rolled up from its objects.
struct ApplicationHealth: Sendable, Hashable {
    var status: HealthStatus = .current
    /// The first object in the worst state; `nil` when all are Current.
    var object: ObjectIdentity?
    var reason = ""
    var total = 0
    var current = 0

    /// Worst first.
    private static func rank(_ status: HealthStatus) -> Int {
        switch status {
        case .failed: 0
        case .notFound: 1
        case .terminating: 2
        case .inProgress: 3
        case .unknown: 4
        case .current: 5
        }
    }

    init() {}

    init(_ objects: some Sequence<(identity: ObjectIdentity, status: HealthStatus, reason: String)>) {
        for (identity, status, reason) in objects {
            total += 1
            if status == .current { current += 1 }
            let (mine, worst) = (Self.rank(status), Self.rank(self.status))
            if mine < worst || (mine == worst && status != .current && object.map { identity < $0 } ?? true) {
                self.status = status
                self.object = identity
                self.reason = reason
            }
        }
    }

    /// What has been in progress for longer than `timeout` has failed.
    func judged(inProgressSince since: Timestamp?, now: Timestamp, timeout: Duration) -> ApplicationHealth {
        guard status == .inProgress || status == .notFound || status == .unknown, let since, now - since >= timeout else { return self }
        var failed = self
        failed.status = .failed
        failed.reason = "not Current after \(timeout.components.seconds) s: \(reason)"
        return failed
    }
}

extension ApplicationReport.Health {
    init(_ status: HealthStatus) {
        self =
            switch status {
            case .current: .current
            case .inProgress: .inProgress
            case .failed: .failed
            case .terminating: .terminating
            case .notFound: .notFound
            case .unknown: .unknown
            }
    }
}
