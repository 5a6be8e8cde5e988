// SPDX-License-Identifier: Apache-2.0
import Glibc
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

/// Two or three electors over one Lease, with clocks that are set and go unevenly, requests that are late or lost, partitions, outages,
/// pauses and restarts: never do two act at once, and after all that one does.
@Suite struct ElectionSimulationTests {
    private static let seeds: [UInt64] = getenv("FLOTILLA_SEED").flatMap { UInt64(String(cString: $0)) }.map { [$0] } ?? Array(1...100)

    @Test("Never do two act at once; when the trouble ends, one does")
    func safety() {
        for seed in Self.seeds {
            var world = ElectionWorld(seed: seed)
            world.run(until: 4_000_000, troubled: true)
            world.run(until: 4_200_000, troubled: false)
            #expect(world.violations == [], "FLOTILLA_SEED=\(seed)")
            #expect(world.acting.count == 1, "nobody acts in the end: FLOTILLA_SEED=\(seed)")
            #expect(world.terms > 0, "FLOTILLA_SEED=\(seed)")
        }
    }

    @Test("The trouble is real: terms end, writes collide, answers are lost")
    func isTroubled() {
        var (terms, collisions, lost) = (0, 0, 0)
        for seed in UInt64(1)...40 {
            var world = ElectionWorld(seed: seed)
            world.run(until: 4_000_000, troubled: true)
            terms += world.terms
            collisions += world.collisions
            lost += world.lost
        }
        #expect(terms > 200 && collisions > 100 && lost > 200, "\(terms) terms, \(collisions) collisions, \(lost) lost")
    }
}

/// Time is true time in milliseconds; each elector has a steady clock that goes at its own pace from its own start, and a clock on the
/// wall that shows anything.
private struct ElectionWorld {
    struct Request {
        var step: LeaseElection.Step
        var elector: Int
        var life: Int
        var number: Int
        /// By the elector's clock.
        var sent: Timestamp
        var reaches: Int64
        var isLost: Bool
        var answerTakes: Int64
        var answerIsLost: Bool
    }

    struct Elector {
        var election: LeaseElection
        var pace: Double
        var start: Int64
        var wallOffset: Int64
        var wakes: Int64 = 0
        /// The request that is waited for, and until when.
        var pending: Int?
        var givesUp: Int64 = 0
        var pendingSent = Timestamp.epoch
        var life = 0
        var isPausedUntil: Int64 = 0
        var isCutOffUntil: Int64 = 0
    }

    var random: SeededRandom
    var electors: [Elector]
    var requests: [Request] = []
    var answers: [(at: Int64, elector: Int, life: Int, number: Int, answer: LeaseElection.Answer)] = []
    var stored: LeaseRecord?
    var version = 0
    var now: Int64 = 0
    var outageUntil: Int64 = 0
    var number = 0
    var violations: [String] = []
    var terms = 0
    var collisions = 0
    var lost = 0
    var lastActor: Int?

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let count = 2 + Int(random.next() % 2)
        electors = []
        for index in 0..<count {
            electors.append(
                Elector(
                    election: LeaseElection(LeaseElection.Settings(identity: "agent-\(index)")),
                    // Up to 5 % fast or slow: far more than any real clock.
                    pace: 0.95 + 0.1 * Double(random.next() % 1_000) / 1_000, start: Int64(random.next() % 1_000_000),
                    wallOffset: Int64(random.next() % 10_000_000)))
        }
    }

    func clock(_ index: Int) -> Timestamp {
        Timestamp(milliseconds: electors[index].start + Int64(Double(now) * electors[index].pace))
    }

    var acting: [Int] { electors.indices.filter { electors[$0].election.mayAct(at: clock($0)) } }

    mutating func chance(_ one: UInt64, in many: UInt64) -> Bool { random.next() % many < one }

    mutating func run(until end: Int64, troubled: Bool) {
        if !troubled {
            outageUntil = 0
            for index in electors.indices { electors[index].isCutOffUntil = 0 }
        }
        while now < end {
            now += 250
            if troubled { makeTrouble() }
            serve()
            deliver()
            for index in electors.indices where electors[index].isPausedUntil <= now { advance(index, troubled) }
            let acting = acting
            if acting.count > 1 { violations.append("at \(now) ms: \(acting) act") }
            if let actor = acting.first, actor != lastActor {
                lastActor = actor
                terms += 1
            }
        }
    }

    mutating func makeTrouble() {
        if chance(1, in: 1_200) { outageUntil = now + Int64(random.next() % 120_000) }
        for index in electors.indices {
            if chance(1, in: 1_200) { electors[index].isCutOffUntil = now + Int64(random.next() % 120_000) }
            if chance(1, in: 1_600) { electors[index].isPausedUntil = now + Int64(random.next() % 90_000) }
            if chance(1, in: 400) { electors[index].wallOffset = Int64(random.next() % 10_000_000) }
            if chance(1, in: 2_400) { restart(index) }
        }
    }

    /// A process that ends, sometimes giving the Lease up, and comes again under the same name.
    mutating func restart(_ index: Int) {
        if chance(1, in: 2), let record = electors[index].election.release(wall: wall(index)) {
            request(.write(record), index, troubled: true)
        }
        electors[index].life += 1
        electors[index].pending = nil
        electors[index].wakes = now + Int64(random.next() % 20_000)
        electors[index].election = LeaseElection(electors[index].election.settings)
        // What the process sent before it ended is on its way at most as long as its connections take to break.
        for position in requests.indices where requests[position].elector == index {
            if requests[position].reaches > electors[index].wakes { requests[position].isLost = true }
        }
    }

    func wall(_ index: Int) -> Timestamp { Timestamp(milliseconds: 1_790_000_000_000 + now + electors[index].wallOffset) }

    mutating func request(_ step: LeaseElection.Step, _ index: Int, troubled: Bool) {
        number += 1
        let isCut = electors[index].isCutOffUntil > now || outageUntil > now
        let delay = troubled && chance(1, in: 5) ? Int64(random.next() % 9_000) : Int64(random.next() % 400)
        let back = troubled && chance(1, in: 5) ? Int64(random.next() % 9_000) : Int64(random.next() % 400)
        let isLost = isCut || (troubled && chance(1, in: 20))
        let answerIsLost = troubled && chance(1, in: 12)
        if isLost || answerIsLost { lost += 1 }
        requests.append(
            Request(
                step: step, elector: index, life: electors[index].life, number: number, sent: clock(index), reaches: now + delay,
                isLost: isLost, answerTakes: back, answerIsLost: answerIsLost))
    }

    mutating func advance(_ index: Int, _ troubled: Bool) {
        if electors[index].pending != nil {
            guard electors[index].givesUp <= now else { return }
            electors[index].pending = nil
            electors[index].election.take(.failed, sent: electors[index].pendingSent, at: clock(index))
        }
        guard electors[index].wakes <= now else { return }
        let step = electors[index].election.next(at: clock(index), wall: wall(index))
        if case .wait(let pause) = step {
            electors[index].wakes = now + Int64(Double(pause.wholeMilliseconds) / electors[index].pace)
            return
        }
        request(step, index, troubled: troubled)
        electors[index].pending = number
        electors[index].pendingSent = clock(index)
        electors[index].givesUp = now + 5_000
    }

    /// The API server: compares and swaps by version.
    mutating func serve() {
        for request in requests where request.reaches <= now && !request.isLost {
            let answer: LeaseElection.Answer
            switch request.step {
            case .wait: continue
            case .read: answer = .found(stored)
            case .write(var record):
                if record.version == (stored?.version ?? "") {
                    version += 1
                    record.version = "\(version)"
                    stored = record
                    answer = .stored(record)
                } else {
                    collisions += 1
                    answer = .outrun
                }
            }
            if !request.answerIsLost {
                answers.append((now + request.answerTakes, request.elector, request.life, request.number, answer))
            }
        }
        requests.removeAll { $0.reaches <= now }
    }

    mutating func deliver() {
        for answer in answers where answer.at <= now && electors[answer.elector].isPausedUntil <= now {
            guard electors[answer.elector].life == answer.life, electors[answer.elector].pending == answer.number else { continue }
            electors[answer.elector].pending = nil
            let sent = electors[answer.elector].pendingSent
            electors[answer.elector].election.take(answer.answer, sent: sent, at: clock(answer.elector))
        }
        answers.removeAll { answer in answer.at <= now && electors[answer.elector].isPausedUntil <= now }
    }
}
