// SPDX-License-Identifier: Apache-2.0
import Manifests

/// How far events may be read in order of their numbers without passing over one that is not visible yet.
///
/// Numbers are given out before transactions commit, so a larger one may be visible first. At a gap the horizon waits until every
/// transaction that was open when the gap was first seen has ended: then it is filled, or its transaction was rolled back.
struct EventHorizon: Sendable, Equatable {
    /// Every event up to this one can be read.
    private(set) var horizon: Int64
    private var gap: Gap?

    private struct Gap: Sendable, Equatable {
        /// The first number that is missing.
        var id: Int64
        /// Transactions from this one on began after the gap was seen.
        var nextTransaction: Int64
        var seenAt: Timestamp
    }

    /// A number is given out a moment before its transaction shows itself.
    static let patienceMilliseconds: Int64 = 250
    /// A transaction that stays open for longer has been forgotten by somebody.
    static let patienceMaxMilliseconds: Int64 = 30_000

    init(horizon: Int64 = 0) { self.horizon = horizon }

    /// Moves on over `ids` (ascending, larger than the horizon), as read while the transactions from `oldestOpen` on were open.
    mutating func advance(over ids: [Int64], oldestOpen: Int64, nextTransaction: Int64, at now: Timestamp) {
        for id in ids where id > horizon {
            if id > horizon + 1, !isSettled(horizon + 1, oldestOpen: oldestOpen, nextTransaction: nextTransaction, at: now) { return }
            horizon = id
            gap = nil
        }
    }

    private mutating func isSettled(_ id: Int64, oldestOpen: Int64, nextTransaction: Int64, at now: Timestamp) -> Bool {
        guard let gap, gap.id == id else {
            gap = Gap(id: id, nextTransaction: nextTransaction, seenAt: now)
            return false
        }
        let waited = now.milliseconds - gap.seenAt.milliseconds
        return (waited >= Self.patienceMilliseconds && oldestOpen >= gap.nextTransaction) || waited >= Self.patienceMaxMilliseconds
    }

    /// Whether an event is held back.
    var waits: Bool { gap != nil }
}
