// SPDX-License-Identifier: Apache-2.0
import Logging
import Manifests
import Synchronization
import Threads

/// The local accounts as this process knows them: read again when the file has changed, at most once a second.
///
/// When the file cannot be read, what was last read from it stays in force and the log says so; nothing is written over it.
final class LocalAccounts: Sendable {
    private struct State {
        var accounts: [String: Account] = [:]
        var mark: AccountFile.Mark?
        var isRead = false
        var checkedAt: Timestamp?
        var failure: AccountFile.Failure?
    }

    let file: AccountFile
    private let time: WallTime
    private let thread = ThreadExecutor(name: "accounts")
    private let logger: Logger
    private let state = Mutex(State())

    /// A change of the file by somebody else is seen after so many milliseconds.
    static let rememberMilliseconds: Int64 = 1_000

    init(path: String, time: WallTime, logger: Logger) {
        file = AccountFile(path: path)
        self.time = time
        self.logger = logger
    }

    /// `nil` where there is no such account.
    /// - Throws: `AccountFile.Failure` where the file could not be read since this process began.
    func account(_ name: String) async throws -> Account? { try await current()[name] }

    /// All accounts by name.
    func current() async throws -> [String: Account] {
        let now = time.now
        let known = state.withLock { state -> [String: Account]? in
            guard state.isRead, let at = state.checkedAt, (0..<Self.rememberMilliseconds).contains(now.milliseconds - at.milliseconds)
            else { return nil }
            return state.accounts
        }
        if let known { return known }
        return try await thread.run { try self.look(at: now) }
    }

    /// Looks at the file at the next question.
    func forget() { state.withLock { $0.checkedAt = nil } }

    /// Changes the file; blocks, so it is called from a thread that may.
    func change(_ body: (inout [String: Account]) throws -> Void) throws {
        let contents = try file.change(body)
        take(contents, at: time.now)
    }

    /// Changes one account that is there, on this object's own thread; nothing where it has gone.
    func update(_ name: String, _ body: @Sendable @escaping (inout Account) -> Void) async throws {
        try await thread.run {
            try self.change { accounts in
                guard var account = accounts[name] else { return }
                body(&account)
                accounts[name] = account
            }
        }
    }

    private func look(at now: Timestamp) throws -> [String: Account] {
        do {
            let mark = try file.mark()
            let (known, had) = state.withLock { state -> ([String: Account]?, Bool) in
                guard state.isRead, state.mark == mark, state.failure == nil else { return (nil, state.mark != nil) }
                state.checkedAt = now
                return (state.accounts, true)
            }
            if let known { return known }
            // A file that was there and has gone was not emptied by anybody.
            if had, mark == nil { throw AccountFile.Failure.unreadable(path: file.path, reason: "has vanished") }
            let contents = try file.read()
            take(contents, at: now)
            return contents.accounts
        } catch {
            guard let failure = error as? AccountFile.Failure else { throw error }
            let (accounts, isNew) = state.withLock { state -> ([String: Account]?, Bool) in
                let isNew = state.failure != failure
                state.failure = failure
                state.checkedAt = now
                return (state.isRead ? state.accounts : nil, isNew)
            }
            if isNew { logger.error("the local accounts cannot be read", metadata: ["error": "\(failure)"]) }
            guard let accounts else { throw failure }
            return accounts
        }
    }

    private func take(_ contents: AccountFile.Contents, at now: Timestamp) {
        state.withLock { state in
            state = State(accounts: contents.accounts, mark: contents.mark, isRead: true, checkedAt: now, failure: nil)
        }
    }
}
