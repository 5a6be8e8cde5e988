// SPDX-License-Identifier: Apache-2.0
import Manifests
import Synchronization

/// Lets each subject do something so often within a window, and all of them together so often; in this coordinator only.
final class RequestRate: Sendable {
    private struct State {
        var began: Timestamp?
        var counts: [String: Int] = [:]
        var total = 0
    }

    private let time: WallTime
    private let each: Int
    private let all: Int
    private let windowMilliseconds: Int64
    private let state = Mutex(State())

    /// - Parameters:
    ///   - each: how often one subject may within the window.
    ///   - all: how often all may; it also bounds what is remembered.
    init(each: Int, all: Int, windowMilliseconds: Int64, time: WallTime) {
        self.each = each
        self.all = all
        self.windowMilliseconds = windowMilliseconds
        self.time = time
    }

    /// Counts, and says whether it may. Without a subject only the sum counts.
    func admits(_ subject: String?) -> Bool {
        let now = time.now
        return state.withLock { state in
            let isOver = state.began.map { !(0..<windowMilliseconds).contains(now.milliseconds - $0.milliseconds) } ?? true
            if isOver { state = State(began: now) }
            guard state.total < all, subject.map({ state.counts[$0, default: 0] < each }) != false else { return false }
            state.total += 1
            if let subject { state.counts[subject, default: 0] += 1 }
            return true
        }
    }
}
