// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import FleetAgent

@Suite struct PlacesTests {
    @Test("No more run at once than there are places, and all get their turn")
    func bound() async {
        let places = Places(3)
        let running = Mutex((now: 0, most: 0, done: 0))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    await places.take {
                        running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.done) }
                        await Task.yield()
                        running.withLock { $0 = ($0.now - 1, $0.most, $0.done + 1) }
                    }
                }
            }
        }
        #expect(running.withLock { $0.done } == 40)
        #expect(running.withLock { $0.most } <= 3)
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
        let started = Mutex<(count: Int, waiting: [CheckedContinuation<Void, Never>])>((0, []))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await places.take {
                        // All eight are on their way before the first is answered.
                        await withCheckedContinuation { continuation in
                            let all = started.withLock { state -> [CheckedContinuation<Void, Never>] in
                                state.count += 1
                                state.waiting.append(continuation)
                                return state.count == 8 ? state.waiting : []
                            }
                            for continuation in all { continuation.resume() }
                        }
                        places.slowDown()
                    }
                }
            }
        }
        #expect(places.limit == 4)
    }
}
