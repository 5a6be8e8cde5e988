// SPDX-License-Identifier: Apache-2.0
import Synchronization

@testable import FleetCoordinator

/// Counts how often passwords are hashed, with scrypt at a cost that tests can bear.
final class Hashings: Sendable {
    let costs = Mutex<[PasswordHash.Cost]>([])

    static let cost = PasswordHash.Cost(rounds: 16, blockSize: 1, parallelism: 1)

    var count: Int { costs.withLock { $0.count } }

    func hasher(cost: PasswordHash.Cost = Hashings.cost) -> PasswordHasher {
        PasswordHasher(cost: cost) { password, salt, cost in
            self.costs.withLock { $0.append(cost) }
            return try PasswordHash.scrypt(password, salt, cost)
        }
    }
}
