// SPDX-License-Identifier: Apache-2.0
import CCurl
import Glibc
import Synchronization
import Threads

/// The thread that owns all connections, and the way to talk to it: a list of commands and a wake-up.
final class TransferLoop: Sendable {
    enum Command: Sendable {
        case start(Exchange)
        case resume(UInt64)
        case cancel(Exchange)
    }

    /// The commands of a batch; `nil` ends the loop.
    private struct Mailbox: ~Copyable {
        var commands: [Command] = []
        var isStopping = false
        /// Set until the loop has released the multi handle.
        var handle: MultiHandle?
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    /// A `CURLM` pointer.
    ///
    /// Sendable because other threads only pass it to `curl_multi_wakeup`, which libcurl allows, and only under the mailbox's
    /// lock while the mailbox holds it; the loop's thread takes it out under the same lock before it releases it.
    private struct MultiHandle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private final class State: Sendable {
        let mailbox = Mutex(Mailbox())
    }

    private let state = State()

    private static let isLibraryReady = flotilla_curl_global_init() == CURLE_OK

    init() {
        guard Self.isLibraryReady, let pointer = curl_multi_init() else { return }
        let handle = MultiHandle(pointer: pointer)
        _ = flotilla_curl_multi_set_long(pointer, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        state.mailbox.withLock { $0.handle = handle }

        var thread = pthread_t()
        let context = Unmanaged.passRetained(state)
        let failure = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                TransferLoop.run(Unmanaged<State>.fromOpaque(raw).takeRetainedValue())
                return nil
            }, context.toOpaque())
        guard failure == 0 else {
            // Requests will be told that the client is closed: without a thread it can do nothing.
            context.release()
            state.mailbox.withLock { $0.handle = nil }
            curl_multi_cleanup(pointer)
            return
        }
        pthread_detach(thread)
    }

    deinit {
        state.mailbox.withLock { mailbox in
            mailbox.isStopping = true
            if let handle = mailbox.handle { curl_multi_wakeup(handle.pointer) }
        }
    }

    // MARK: Called from anywhere

    /// Starts an exchange and waits until it has come as far as `milestone`, failed, or the task was cancelled.
    func run(_ exchange: Exchange, until milestone: Exchange.Milestone) async {
        await withTaskCancellationHandler {
            // A task that is cancelled already has ended the exchange by now, and sends nothing.
            guard !exchange.isFinished else { return }
            post(.start(exchange), for: exchange)
            await withCheckedContinuation { exchange.wait(for: milestone, $0) }
        } onCancel: {
            cancel(exchange)
        }
    }

    func wait(for milestone: Exchange.Milestone, of exchange: Exchange, isolation: isolated (any Actor)?) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { exchange.wait(for: milestone, $0) }
        } onCancel: {
            cancel(exchange)
        }
    }

    func resume(_ exchange: Exchange) { post(.resume(exchange.id), for: exchange) }

    /// Gives an exchange up. The caller hears of it at once, the connection closes soon after.
    func cancel(_ exchange: Exchange) {
        guard !exchange.isFinished else { return }
        exchange.finish(.failure(.cancelled(exchange.request)))
        post(.cancel(exchange), for: exchange)
    }

    func shutdown() async {
        await withCheckedContinuation { continuation in
            let isOver = state.mailbox.withLock { mailbox -> Bool in
                mailbox.isStopping = true
                guard let handle = mailbox.handle else { return true }
                mailbox.waitingForEnd.append(continuation)
                curl_multi_wakeup(handle.pointer)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func post(_ command: Command, for exchange: Exchange) {
        let isOpen = state.mailbox.withLock { mailbox -> Bool in
            guard let handle = mailbox.handle, !mailbox.isStopping else { return false }
            mailbox.commands.append(command)
            // The loop takes the whole list when it wakes, so only the first command must wake it.
            if mailbox.commands.count == 1 { curl_multi_wakeup(handle.pointer) }
            return true
        }
        if !isOpen { exchange.finish(.failure(.closed(exchange.request))) }
    }

    // MARK: The thread

    private static func run(_ state: State) {
        ThreadName.set("http-transfers")
        // Signals are for other threads; a write to a closed connection must be an error and not SIGPIPE.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)

        guard let multi = state.mailbox.withLock({ $0.handle?.pointer }) else { return }
        var transfers = TransferTable(multi: multi)
        while true {
            transfers.advance()
            let (commands, isStopping) = state.mailbox.withLock { mailbox -> ([Command], Bool) in
                var commands: [Command] = []
                swap(&commands, &mailbox.commands)
                return (commands, mailbox.isStopping)
            }
            for command in commands {
                switch command {
                case .start(let exchange): transfers.start(exchange)
                case .resume(let id): transfers.resume(id)
                case .cancel(let exchange): transfers.cancel(exchange)
                }
            }
            if isStopping { break }
            if commands.isEmpty { transfers.poll() }
        }
        transfers.closeAll()

        let waiting = state.mailbox.withLock { mailbox -> [CheckedContinuation<Void, Never>] in
            mailbox.handle = nil
            var waiting: [CheckedContinuation<Void, Never>] = []
            swap(&waiting, &mailbox.waitingForEnd)
            return waiting
        }
        curl_multi_cleanup(multi)
        for continuation in waiting { continuation.resume() }
    }
}
