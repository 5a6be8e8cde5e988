// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Orders the desired states of one application on one cluster. A new or restored database begins a new epoch, so that its counters,
/// which start again, are never taken for old ones.
package struct Generation: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var epoch: Int64
    package var counter: Int64

    package init(epoch: Int64, counter: Int64) {
        self.epoch = epoch
        self.counter = counter
    }

    /// `EPOCH.COUNTER`, both decimal.
    package var description: String { "\(epoch).\(counter)" }

    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = Int64(parts[0]), let counter = Int64(parts[1]), epoch >= 0, counter >= 0 else { return nil }
        self.init(epoch: epoch, counter: counter)
    }

    package static func < (left: Generation, right: Generation) -> Bool { (left.epoch, left.counter) < (right.epoch, right.counter) }

    package var json: Value { .string(description) }

    package init(json value: Value?, at path: String) throws(ShapeError) {
        guard let text = value?.string, let generation = Generation(text) else {
            throw ShapeError(path: path, message: "expected a generation such as \"1.42\"")
        }
        self = generation
    }
}
