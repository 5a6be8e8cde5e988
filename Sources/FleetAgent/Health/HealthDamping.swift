// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Keeps an application whose health goes to and fro from flooding the coordinator: the first changes are told at once, further ones only
/// as often as `pause`.
struct HealthDamping: Sendable, Hashable {
    static let window = Duration.seconds(60)
    /// So many changes within the window are told as they come.
    static let freeChanges = 6
    static let pause = Duration.seconds(10)

    private var changes: [Timestamp] = []

    var isDamped: Bool { changes.count >= Self.freeChanges }

    /// Until when a change must wait that is seen now; `nil` where it may be told.
    mutating func wait(at now: Timestamp) -> Timestamp? {
        changes.removeAll { now - $0 >= Self.window || $0 > now }
        guard isDamped, let last = changes.last, now - last < Self.pause else { return nil }
        return last + Self.pause
    }

    mutating func told(at now: Timestamp) { changes.append(now) }
}
