// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import Synchronization

/// Counts attempts by who makes them, within a minute; who has made too many waits until the minute is over.
final class AttemptLimiter: Sendable {
    private struct Window {
        var begin: Timestamp
        var count: Int
    }

    private let limit: Int
    private let time: WallTime
    private let windows = Mutex<[String: Window]>([:])

    private static let milliseconds: Int64 = 60_000
    /// So many are told apart; beyond that the oldest are forgotten.
    private static let keysMax = 4_096

    /// - Parameter limit: attempts in a minute that are let through.
    init(limit: Int, time: WallTime) {
        self.limit = limit
        self.time = time
    }

    /// - Throws: 429 for whoever has used up the minute.
    func check(_ key: String) throws(APIFailure) {
        let now = time.now
        let left = windows.withLock { windows -> Int64? in
            guard let window = windows[key] else { return nil }
            let left = Self.milliseconds - (now.milliseconds - window.begin.milliseconds)
            return window.count >= limit && left > 0 ? left : nil
        }
        guard let left else { return }
        throw APIFailure(
            .tooManyRequests, "too-many-attempts", "too many attempts from here", headers: [.retryAfter: "\((left + 999) / 1_000)"])
    }

    func count(_ key: String) {
        let now = time.now
        windows.withLock { windows in
            if let window = windows[key], now.milliseconds - window.begin.milliseconds < Self.milliseconds {
                windows[key]?.count += 1
                return
            }
            if windows.count >= Self.keysMax {
                windows = windows.filter { now.milliseconds - $0.value.begin.milliseconds < Self.milliseconds }
                if windows.count >= Self.keysMax, let oldest = windows.min(by: { $0.value.begin < $1.value.begin })?.key {
                    windows[oldest] = nil
                }
            }
            windows[key] = Window(begin: now, count: 1)
        }
    }
}
