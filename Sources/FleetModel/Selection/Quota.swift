// SPDX-License-Identifier: Apache-2.0

/// A number of clusters, or a percentage of them.
package enum Quota: Sendable, Hashable {
    case count(Int)
    case percent(Int)

    /// The number of clusters out of `total`: a percentage is rounded down, and is at least 1.
    package func resolve(of total: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): max(1, total * percent / 100)
        }
    }
}

extension Quota: CustomStringConvertible {
    /// As declarations write it: `3`, `25%`.
    package var description: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let percent): "\(percent)%"
        }
    }
}
