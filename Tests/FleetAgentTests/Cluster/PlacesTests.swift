// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import FleetAgent

@Suite struct PlacesTests {
    @Test("No more run at once than there are places, and all get their turn")
    func bound() async {
        let places = Places(3)
        let running = Running()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    await places.take {
                        running.begin()
                        await Task.yield()
                        running.end()
                    }
                }
            }
        }
        #expect(running.done == 40)
        #expect(running.most <= 3)
    }

    @Test("A server that asks to slow down gets half as much at once, and again one more for each round that goes well")
    func slowDown() async {
        let places = Places(8)
        await places.take { places.slowDown() }
        #expect(places.limit == 4)
        // Each is a round of its own here.
        for _ in 0..<3 { await places.take { places.slowDown() } }
        #expect(places.limit == 2)
        for _ in 0..<5 { await places.take { places.wentWell() } }
        #expect(places.limit == 4)
        for _ in 0..<100 { await places.take { places.wentWell() } }
        #expect(places.limit == 8)
    }

    @Test("What was on its way together is one reason to slow down, not many")
    func oneRound() async {
        let places = Places(8)
        let start = Start(of: 8)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await places.take {
                        // All eight are on their way before the first is answered.
                        await start.together()
                        places.slowDown()
                    }
                }
            }
        }
        #expect(places.limit == 4)
    }
}

/// How many run now, at most, and did.
private final class Running: Sendable {
    private struct State {
        var now = 0
        var most = 0
        var done = 0
    }

    private let state = Mutex(State())

    func begin() {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
    }

    func end() {
        state.withLock { state in
            state.now -= 1
            state.done += 1
        }
    }

    var most: Int { state.withLock { $0.most } }
    var done: Int { state.withLock { $0.done } }
}

/// Holds everybody until all have come.
private final class Start: Sendable {
    private let count: Int
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

    init(of count: Int) { self.count = count }

    func together() async {
        await withCheckedContinuation { continuation in
            let all = waiting.withLock { waiting -> [CheckedContinuation<Void, Never>] in
                waiting.append(continuation)
                return waiting.count == count ? waiting : []
            }
            for continuation in all { continuation.resume() }
        }
    }
}
