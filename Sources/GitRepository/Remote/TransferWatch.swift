// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// How far a fetch has come.
package struct TransferProgress: Sendable, Hashable {
    package let objectsReceived: Int
    package let objectsTotal: Int
    package let bytesReceived: Int
}

/// Watches one fetch or push: its limits, and whether its caller still wants it.
final class TransferWatch: Sendable {
    enum Interruption: Sendable, Hashable {
        case cancelled
        case timedOut(reason: String)
        case tooManyBytes(limit: Int)
        case tooManyObjects(limit: Int)
        case credentialRefused(reason: String)
        case tooLongListing(limit: Int)
    }

    let limits: TransferLimits
    private let report: (@Sendable (TransferProgress) -> Void)?
    private struct State {
        var interruption: Interruption?
        var deadline: ContinuousClock.Instant?
        /// Bytes from the network, whatever they are.
        var arrived = 0
        /// How many may arrive before the references are listed; `nil` afterwards.
        var listingEnd: Int?
    }

    private let state = Mutex(State())

    init(limits: TransferLimits, report: (@Sendable (TransferProgress) -> Void)? = nil) {
        self.limits = limits
        self.report = report
    }

    /// Why the transfer has to end; the first reason stays.
    var interruption: Interruption? { state.withLock { $0.interruption } }

    func interrupt(_ reason: Interruption) { state.withLock { $0.interruption = $0.interruption ?? reason } }

    /// Begins the whole time; what was spent waiting for a thread does not count.
    func start() { state.withLock { $0.deadline = .now + limits.totalTimeout } }

    /// Whether to go on; notices by itself when the whole time is used up.
    func mayContinue() -> Bool {
        let (interruption, deadline) = state.withLock { ($0.interruption, $0.deadline) }
        if interruption != nil { return false }
        if let deadline, ContinuousClock.now > deadline {
            interrupt(.timedOut(reason: "not done after \(limits.totalTimeout)"))
            return false
        }
        return true
    }

    /// Takes note of what has arrived; `false` ends the transfer.
    func received(_ progress: TransferProgress) -> Bool {
        if progress.bytesReceived > limits.bytesMax { interrupt(.tooManyBytes(limit: limits.bytesMax)) }
        if progress.objectsTotal > limits.objectsMax { interrupt(.tooManyObjects(limit: limits.objectsMax)) }
        guard mayContinue() else { return false }
        report?(progress)
        return true
    }

    /// Takes note of bytes from the network before anybody understands them; `false` ends the transfer.
    func arrived(_ bytes: Int) -> Bool {
        state.withLock { state in
            state.arrived += bytes
            if let end = state.listingEnd, state.arrived > end {
                state.interruption = state.interruption ?? .tooLongListing(limit: limits.listingBytesMax)
            }
            // What travels around a pack is small beside it.
            if state.arrived - limits.listingBytesMax > limits.bytesMax {
                state.interruption = state.interruption ?? .tooManyBytes(limit: limits.bytesMax)
            }
        }
        return mayContinue()
    }

    /// Runs `body`, in which the remote introduces itself and lists its references.
    func listing<T>(_ body: () throws(GitError) -> T) throws(GitError) -> T {
        state.withLock { $0.listingEnd = $0.arrived + limits.listingBytesMax }
        defer { state.withLock { $0.listingEnd = nil } }
        return try body()
    }
}
