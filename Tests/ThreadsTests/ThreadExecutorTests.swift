// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Testing
import Threads

private func currentThreadName() -> String {
    let file = open("/proc/thread-self/comm", O_RDONLY)
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = read(file, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count - 1)), as: UTF8.self)
}

private actor Homebody {
    private let executor: ThreadExecutor
    private var visits = 0
    init(on executor: ThreadExecutor) { self.executor = executor }
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func visit() -> (name: String, isCurrent: Bool, visits: Int) {
        visits += 1
        return (currentThreadName(), executor.isCurrent, visits)
    }
}

private final class Count: Sendable {
    private let value = Mutex(0)

    @discardableResult func add(_ number: Int) -> Int {
        value.withLock { value in
            value += number
            return value
        }
    }
}

private struct Refusal: Error, Equatable {}

@Suite("ThreadExecutor") struct ThreadExecutorTests {
    @Test("an actor on it runs on its thread, which carries its name") func actorRunsOnThread() async {
        let executor = ThreadExecutor(name: "homebody")
        let actor = Homebody(on: executor)
        for number in 1...100 {
            let visit = await actor.visit()
            #expect(visit.name == "homebody")
            #expect(visit.isCurrent)
            #expect(visit.visits == number)
        }
        #expect(!executor.isCurrent)
        executor.stop()
    }

    @Test("an actor still answers after its executor was stopped") func actorOutlivesStop() async {
        let executor = ThreadExecutor(name: "late")
        let actor = Homebody(on: executor)
        _ = await actor.visit()
        executor.stop()
        #expect(await actor.visit().visits == 2)
        #expect(await actor.visit().visits == 3)
    }

    @Test("a body's result and error come back, a long name is cut") func bodyResult() async throws {
        let executor = ThreadExecutor(name: "a-name-longer-than-linux-keeps")
        #expect(try await executor.run { currentThreadName() } == "a-name-longer-t")
        await #expect(throws: Refusal()) { try await executor.run { throw Refusal() } }
    }

    @Test("bodies run one at a time, and all of them run though the queue is short") func bounded() async throws {
        let executor = ThreadExecutor(name: "short", queueMax: 2)
        let inside = Count()
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<500 {
                group.addTask {
                    try await executor.run {
                        defer { inside.add(-1) }
                        return inside.add(1)
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(total == 500)
        #expect(executor.load == 0)
    }

    @Test("stop lets handed-over work finish and refuses what comes later") func stop() async throws {
        let executor = ThreadExecutor(name: "stopping")
        let entered = Gate()
        let leave = Gate()
        async let running: Int = executor.run {
            entered.open()
            leave.wait()
            return 7
        }
        await entered.opened()
        executor.stop()
        await #expect(throws: ThreadError.stopped(name: "stopping")) { try await executor.run { 8 } }
        leave.open()
        #expect(try await running == 7)
    }

    @Test("a pool uses all its threads") func pool() async throws {
        let pool = ThreadPool(name: "pool", count: 3)
        let gates = (0..<3).map { _ in Gate() }
        let leave = Gate()
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for gate in gates {
                group.addTask {
                    try await pool.run {
                        gate.open()
                        leave.wait()
                        return currentThreadName()
                    }
                }
                await gate.opened()
            }
            leave.open()
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(names == ["pool-0", "pool-1", "pool-2"])
        pool.stop()
    }

    @Test("a process with a busy thread still exits") func exits() async {
        await #expect(processExitsWith: .success) {
            let executor = ThreadExecutor(name: "busy")
            let entered = Gate()
            Task {
                try await executor.run {
                    entered.open()
                    while true { pause() }
                }
            }
            await entered.opened()
        }
    }
}

/// Opens once; threads may block on it, tasks may await it.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    private let pipe: (read: Int32, write: Int32)

    init() {
        var ends: [Int32] = [0, 0]
        Glibc.pipe(&ends)
        pipe = (ends[0], ends[1])
    }

    deinit {
        close(pipe.read)
        close(pipe.write)
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isOpen = true
            return state.waiting
        }
        var byte: UInt8 = 1
        write(pipe.write, &byte, 1)
        for continuation in waiting { continuation.resume() }
    }

    /// Blocks the thread until the gate is open.
    func wait() {
        var handle = pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)
        while poll(&handle, 1, -1) < 0 {}
    }

    /// Suspends the task until the gate is open.
    func opened() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
