// SPDX-License-Identifier: Apache-2.0

/// Waiting times between attempts: doubling from `base` up to `cap`, each shortened at random so that peers do not move in step.
package struct Backoff: Sendable, Hashable {
    package var base: Duration
    package var cap: Duration
    /// The part of each delay, 0...1, that chance may take away.
    package var jitter: Double
    /// How many delays have been given since the last reset.
    package private(set) var attempts = 0

    package init(base: Duration = .milliseconds(500), cap: Duration = .seconds(60), jitter: Double = 0.5) {
        self.base = base
        self.cap = cap
        self.jitter = min(max(jitter, 0), 1)
    }

    /// The time to wait before the next attempt.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        // Past 32 doublings any cap is reached; the exponent stays small so that the product cannot overflow.
        var delay = base
        for _ in 0..<min(attempts, 32) {
            guard delay < cap else { break }
            delay *= 2
        }
        attempts += 1
        return min(delay, cap) * (1 - jitter * Double.random(in: 0...1, using: &generator))
    }

    /// Starts over, after a success.
    package mutating func reset() { attempts = 0 }
}
