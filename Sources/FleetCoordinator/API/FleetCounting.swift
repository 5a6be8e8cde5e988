// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Synchronization

/// The fleet in numbers, for everybody who looks: counted once a second for all who see the same.
final class FleetCounting: Sendable {
    private let store: Store
    private let time: WallTime
    private let remembered = Mutex<[Reach: Remembered<FleetCounts>]>([:])

    /// Different reaches that are remembered at once.
    private static let reachesMax = 64

    init(store: Store, time: WallTime) {
        self.store = store
        self.time = time
    }

    func value(as reach: Reach) async throws -> FleetCounts {
        let counts = remembered.withLock { remembered in
            if let known = remembered[reach] { return known }
            if remembered.count >= Self.reachesMax { remembered = [:] }
            let counts = Remembered(milliseconds: 1_000, time: time) { [store, time] in
                let now = time.now
                return try await store.read(as: reach) { try ReadFleet.counts($0, $1, at: now) }
            }
            remembered[reach] = counts
            return counts
        }
        return try await counts.value()
    }
}
