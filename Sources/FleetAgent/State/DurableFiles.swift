// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Threads

/// Files that must survive a power cut. Those that are written at about the same time, by whomever, wait for the disk together.
final class DurableFiles: Sendable {
    private struct State {
        /// In the order they came; without bytes it is to be removed.
        var waiting: [(ticket: UInt64, path: String, bytes: [UInt8]?)] = []
        var failures: [UInt64: StateError] = [:]
        var lastTicket: UInt64 = 0
    }

    private let state = Mutex(State())
    private let thread = ThreadExecutor(name: "state-write")

    /// Replaces a file as a whole, or removes it where there are no bytes. Of several writes of one file the last one counts.
    /// - Throws: `StateError` when it cannot be written.
    func replace(_ path: String, with bytes: [UInt8]?) async throws { try await replace([(path, bytes)]) }

    /// The same for several files.
    func replace(_ files: [(path: String, bytes: [UInt8]?)]) async throws {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            for file in files { state.waiting.append((state.lastTicket, file.path, file.bytes)) }
            return state.lastTicket
        }
        try await thread.run { [self] in
            writeAll()
            if let failure = state.withLock({ $0.failures.removeValue(forKey: ticket) }) { throw failure }
        }
    }

    /// Writes everything that waits: where an earlier caller's turn has done it already, nothing is left.
    private func writeAll() {
        let taken = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        guard !taken.isEmpty else { return }
        let failures = Folder.write(Dictionary(taken.map { ($0.path, $0.bytes) }) { _, last in last })
        guard !failures.isEmpty else { return }
        state.withLock { state in
            for file in taken { if let failure = failures[file.path] { state.failures[file.ticket] = failure } }
        }
    }

    func stop() { thread.stop() }
}
