// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTPTransport
import Threads

/// A program that is kept running: started again when it ends by itself, more slowly each time, until it is stopped.
actor SupervisedProcess {
    nonisolated let name: String
    private let command: ProcessCommand
    /// Starts every child of ours; lives as long as the program, as the children's death signal is tied to it.
    private let launcher: ThreadExecutor
    private let report: @Sendable (String) -> Void
    private var child: ChildProcess?
    private var keeper: Task<Void, Never>?

    /// - Parameter report: is told when the program ends by itself.
    init(name: String, command: ProcessCommand, launcher: ThreadExecutor, report: @escaping @Sendable (String) -> Void) {
        self.name = name
        self.command = command
        self.launcher = launcher
        self.report = report
    }

    /// The process's number; `nil` while there is none.
    var identifier: pid_t? { child.flatMap { $0.exit == nil ? $0.identifier : nil } }

    nonisolated var logFile: String { command.logFile }

    /// Starts the program, and keeps it running from now on. Throws when it cannot be started at all.
    func start() async throws {
        guard keeper == nil else { return }
        let first = try await launch()
        child = first
        // Ends with `stop`, which waits for it.
        keeper = Task { await keep(first) }
    }

    /// Ends the program with SIGTERM, or with SIGKILL when it has not ended after `patience`, and waits for its end.
    func stop(patience: Duration = .seconds(20)) async {
        guard let keeper else { return }
        keeper.cancel()
        child?.send(SIGTERM)
        let patient = Task {
            try await Task.sleep(for: patience)
            child?.send(SIGKILL)
        }
        await keeper.value
        patient.cancel()
        _ = await patient.result
        self.keeper = nil
        child = nil
    }

    private func launch() async throws -> ChildProcess {
        let command = command
        let child = try await launcher.run { ChildProcess(identifier: try command.start()) }
        let reaper = ThreadExecutor(name: "reap-\(child.identifier)")
        // Blocks a thread of its own for as long as the child lives.
        Task {
            _ = try? await reaper.run { child.reap() }
            reaper.stop()
        }
        return child
    }

    private func keep(_ first: ChildProcess) async {
        var current = first
        var backoff = Backoff(base: .milliseconds(200), cap: .seconds(30))
        var generator = SystemRandomNumberGenerator()
        while true {
            let started = ContinuousClock.now
            let exit = await current.exited()
            if Task.isCancelled { return }
            if ContinuousClock.now - started > .seconds(60) { backoff.reset() }
            report("\(name) has ended (\(exit)) and is started again; its log is \(command.logFile)")
            while true {
                do {
                    try await Task.sleep(for: backoff.next(using: &generator))
                    current = try await launch()
                    child = current
                    break
                } catch is CancellationError {
                    return
                } catch {
                    report("\(name): \(error)")
                }
            }
            // Stopped while it was being started: `stop` could not know of it.
            if Task.isCancelled { current.send(SIGTERM) }
        }
    }
}
