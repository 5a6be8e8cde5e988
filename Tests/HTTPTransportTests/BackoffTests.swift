// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Testing

@Suite("Backoff") struct BackoffTests {
    @Test("doubles up to the cap, and starts over after a reset") func doubles() {
        var chance = SystemRandomNumberGenerator()
        var backoff = Backoff(base: .seconds(1), cap: .seconds(5), jitter: 0)
        #expect((0..<5).map { _ in backoff.next(using: &chance) } == [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
        backoff.reset()
        #expect(backoff.next(using: &chance) == .seconds(1))
    }

    @Test("never leaves the bounds, however often it is asked") func bounds() {
        var chance = SystemRandomNumberGenerator()
        var backoff = Backoff(base: .milliseconds(100), cap: .seconds(30), jitter: 0.5)
        for _ in 0..<1_000 {
            let delay = backoff.next(using: &chance)
            #expect(delay >= .milliseconds(50) && delay <= .seconds(30))
        }
    }
}
