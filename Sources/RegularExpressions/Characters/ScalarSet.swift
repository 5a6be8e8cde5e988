// SPDX-License-Identifier: Apache-2.0

/// A set of code points, kept as sorted, disjoint, non-adjacent ranges.
struct ScalarSet: Hashable, Sendable {
    static let last: UInt32 = 0x10FFFF

    /// Every code point, surrogates included: decoding never yields those.
    static let all = ScalarSet([0...last])
    static let allButNewline = ScalarSet([0...9, 11...last])

    let ranges: [ClosedRange<UInt32>]

    /// Sorts and joins `ranges`, which may overlap.
    init(_ ranges: [ClosedRange<UInt32>]) {
        var joined: [ClosedRange<UInt32>] = []
        joined.reserveCapacity(ranges.count)
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let previous = joined.last, range.lowerBound <= previous.upperBound &+ 1 {
                joined[joined.count - 1] = previous.lowerBound...max(previous.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        self.ranges = joined
    }

    /// The only code point of a set that has one.
    var onlyScalar: UInt32? {
        guard ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }

    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= Self.last { gaps.append(next...Self.last) }
        return ScalarSet(gaps)
    }

    /// The set with every code point that differs from a member only by case (Unicode's simple folding).
    var closedOverCase: ScalarSet {
        var all = ranges
        for range in ranges {
            for index in CaseFolding.indices(in: range) {
                for other in CaseFolding.orbit(at: index) where !range.contains(other) { all.append(other...other) }
            }
        }
        return all.count == ranges.count ? self : ScalarSet(all)
    }

    func contains(_ scalar: UInt32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= scalar
    }
}
