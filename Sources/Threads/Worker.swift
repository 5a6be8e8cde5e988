// SPDX-License-Identifier: Apache-2.0
import CThreads
import Glibc
import Synchronization

/// The thread of a `ThreadExecutor` and what waits for it; alive as long as the executor or the thread.
final class Worker: Sendable {
    enum Work: Sendable {
        /// Does its work and returns what hands the result over.
        case body(@Sendable () -> @Sendable () -> Void)
        case job(UnownedJob, ThreadExecutor)
        /// Was never in line for a place.
        case loop(@Sendable () -> Void)
    }

    private struct State {
        var queue: [Work] = []
        /// Bodies admitted and not yet taken by the thread: at most `queueMax`.
        var admitted = 0
        var waiting: [CheckedContinuation<Void, any Error>] = []
        var waitingHead = 0
        var running = 0
        var thread: pthread_t?
        var asleep = false
        var stopped = false
    }

    private let name: String
    private let queueMax: Int
    private let state = Mutex(State())
    private let signal = Signal()

    init(name: String, queueMax: Int) {
        self.name = name
        self.queueMax = queueMax
    }

    var load: Int { state.withLock { $0.queue.count + $0.running + $0.waiting.count - $0.waitingHead } }

    var isCurrent: Bool {
        state.withLock { state in
            guard let thread = state.thread else { return false }
            return pthread_equal(thread, pthread_self()) != 0
        }
    }

    /// Takes one of the queue's places, waiting in line while there is none.
    func admit() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let answer: Result<Void, any Error>? = state.withLock { state in
                if state.stopped { return .failure(ThreadError.stopped(name: name)) }
                guard state.admitted >= queueMax else {
                    state.admitted += 1
                    return .success(())
                }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    func enqueue(_ work: Work) {
        let wake = state.withLock { state in
            state.queue.append(work)
            if state.thread == nil {
                state.thread = makeThread()
                return false
            }
            defer { state.asleep = false }
            return state.asleep
        }
        if wake { signal.post() }
    }

    func start(_ body: @Sendable @escaping () -> Void) {
        if !state.withLock({ $0.stopped }) { enqueue(.loop(body)) }
    }

    func stop() {
        let (wake, refused) = state.withLock { state in
            state.stopped = true
            let refused = state.waiting[state.waitingHead...]
            state.waiting = []
            state.waitingHead = 0
            defer { state.asleep = false }
            return (state.asleep, refused)
        }
        for continuation in refused { continuation.resume(throwing: ThreadError.stopped(name: name)) }
        if wake { signal.post() }
    }

    // MARK: The thread

    private func makeThread() -> pthread_t {
        var thread = pthread_t()
        let worker = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Worker>.fromOpaque(argument).takeRetainedValue().loop()
                return nil
            }, worker.toOpaque())
        // Out of threads is out of memory: no caller could do anything sensible with it.
        precondition(code == 0, "no thread for '\(name)': \(String(cString: strerror(code)))")
        pthread_detach(thread)
        return thread
    }

    private func loop() {
        // From inside: before the thread runs it would carry its parent's name.
        ThreadName.set(name)
        leaveSignalsToTheProcess()
        while let batch = take() {
            for work in batch { perform(work) }
        }
    }

    private func perform(_ work: Work) {
        switch work {
        case .body(let body):
            releasePlace()
            let deliver = body()
            // Before the caller goes on: then it sees this thread as free.
            state.withLock { $0.running -= 1 }
            deliver()
        case .loop(let body):
            body()
            state.withLock { $0.running -= 1 }
        case .job(let job, let executor):
            job.runSynchronously(on: executor.asUnownedSerialExecutor())
            state.withLock { $0.running -= 1 }
        }
    }

    /// Gives the place of a body that starts to the caller who waits longest.
    private func releasePlace() {
        let next: CheckedContinuation<Void, any Error>? = state.withLock { state in
            guard state.waitingHead < state.waiting.count else {
                state.admitted -= 1
                return nil
            }
            let next = state.waiting[state.waitingHead]
            state.waitingHead += 1
            if state.waitingHead == state.waiting.count || state.waitingHead > 1024 {
                state.waiting.removeFirst(state.waitingHead)
                state.waitingHead = 0
            }
            return next
        }
        next?.resume()
    }

    /// The work that has gathered; sleeps while there is none; `nil` when the thread is to end.
    private func take() -> [Work]? {
        while true {
            let batch: [Work]?? = state.withLock { state in
                if !state.queue.isEmpty {
                    let batch = state.queue
                    state.queue = []
                    state.running = batch.count
                    return batch
                }
                if state.stopped {
                    state.thread = nil
                    return .some(nil)
                }
                state.asleep = true
                return nil
            }
            if let batch { return batch }
            signal.wait()
        }
    }

    /// Asynchronous signals (SIGINT, SIGTERM, SIGCHLD, SIGPIPE …) go to the process's own threads and interrupt no blocking call here.
    private func leaveSignalsToTheProcess() {
        var signals = sigset_t()
        sigfillset(&signals)
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { sigdelset(&signals, fault) }
        pthread_sigmask(SIG_SETMASK, &signals, nil)
    }
}

/// A POSIX semaphore.
///
/// `@unchecked Sendable`: the pointer never changes, and `sem_post` and `sem_wait` are made for concurrent use.
private final class Signal: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        semaphore.initialize(to: sem_t())
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func post() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 && errno == EINTR {} }
}
