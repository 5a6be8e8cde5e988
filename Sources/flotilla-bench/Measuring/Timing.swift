// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How long a piece of work took, by the wall clock and on the processor.
struct Timing: Sendable {
    var wall: Double
    /// Of the calling thread, in seconds.
    var processor: Double

    /// Runs `body` once to warm up, then until both `runs` runs and `seconds` have passed, and gives the median of each clock.
    static func median(runs: Int = 5, seconds: Double = 1, _ body: () throws -> Void) rethrows -> Timing {
        try body()
        var walls: [Double] = []
        var processors: [Double] = []
        let begin = Clock.monotonic
        while walls.count < runs || Clock.monotonic - begin < seconds {
            let processor = Clock.thread
            let wall = Clock.monotonic
            try body()
            walls.append(Clock.monotonic - wall)
            processors.append(Clock.thread - processor)
        }
        return Timing(wall: walls.median, processor: processors.median)
    }
}

/// Clocks in seconds.
enum Clock {
    static var monotonic: Double { read(CLOCK_MONOTONIC) }
    /// Processor time of the calling thread.
    static var thread: Double { read(CLOCK_THREAD_CPUTIME_ID) }
    /// Processor time of this process.
    static var process: Double { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension [Double] {
    var median: Double { percentile(50) }

    /// The value that this share of the values does not exceed; 0 without values.
    func percentile(_ share: Double) -> Double {
        guard !isEmpty else { return 0 }
        let sorted = sorted()
        let rank = (share / 100 * Double(sorted.count)).rounded(.up)
        return sorted[Swift.min(Swift.max(Int(rank) - 1, 0), sorted.count - 1)]
    }
}
