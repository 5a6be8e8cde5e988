// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Random numbers that a seed gives again (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Who is killed, and where.
enum Crash: Sendable, Equatable {
    /// A moment of an unfinished rollout.
    enum Moment: Sendable, Equatable {
        case milliseconds(Int)
        /// So many production clusters have been given the newest release.
        case production(Int)
    }

    /// At an effect boundary, when it is reached for the `times`-th time.
    case coordinator(at: String, times: Int)
    case coordinatorAnywhere(Moment)
    case agent(String, Moment)
    case postgres(Moment)

    var boundary: String {
        switch self {
        case .coordinator(let point, _): "coordinator at \(point)"
        case .coordinatorAnywhere: "coordinator anywhere"
        case .agent: "agent anywhere"
        case .postgres: "PostgreSQL anywhere"
        }
    }
}

/// The crashes of one run, in their order.
enum CrashPlan {
    /// Every effect boundary twice, and enough crashes at any moment.
    static func make(boundaries: [String], using random: inout SeededRandom) -> [Crash] {
        var crashes: [Crash] = []
        for boundary in boundaries {
            // What happens with every poll and report is reached often: further in there is more to lose.
            let isFrequent = ["stage.stored", "report.stored", "poll.answered"].contains(boundary)
            for _ in 0..<2 { crashes.append(.coordinator(at: boundary, times: isFrequent ? Int.random(in: 2...8, using: &random) : 1)) }
        }
        // Half of them while production changes.
        func moment(_ index: Int) -> Crash.Moment {
            if index % 2 == 0 { return .production(Int.random(in: 1...SmallFleet.production.count, using: &random)) }
            return .milliseconds(Int.random(in: 0...900, using: &random))
        }
        for index in 0..<8 { crashes.append(.coordinatorAnywhere(moment(index))) }
        for index in 0..<10 {
            let moment = moment(index)
            // While production changes, an agent that has work to do.
            let clusters = if case .production(let count) = moment { [SmallFleet.production[count - 1]] } else { RunningFleet.clusters }
            crashes.append(.agent(clusters[index % clusters.count], moment))
        }
        for index in 0..<8 { crashes.append(.postgres(moment(index))) }
        return crashes.shuffled(using: &random)
    }

    /// The effect boundaries that the coordinator knows, read off its source, so that a new one cannot be forgotten here.
    static func boundaries() throws -> [String] {
        let text = try String(contentsOfFile: "\(PackageFolder.path)/Sources/FleetCoordinator/Work/CrashPoint.swift", encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 4, words[0] == "case", words[2] == "=" else { return nil }
            return words[3].filter { $0 != "\"" }
        }
    }

    /// `FLOTILLA_SEED`, or one that differs from run to run.
    static func seed() -> UInt64 {
        ProcessInfo.processInfo.environment["FLOTILLA_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...999_999)
    }
}
