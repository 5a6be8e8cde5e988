// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Logging
import Manifests
import PostgresClient
import Synchronization

/// Puts into the audit trail what was refused, and uses of the administrator's token: all of it, however much there is.
///
/// The first ones of a minute have an entry each; the rest are told of together, so that nobody fills the trail by failing.
final class DenialLog: Sendable {
    private struct Rest {
        var count: Int64 = 0
        var addresses: Set<String> = []
        var targets: Set<String> = []
    }

    private struct State {
        var minuteBegan: Timestamp?
        var written = 0
        var rest: [String: Rest] = [:]
        var breakGlass: [String: Timestamp] = [:]
        /// Refused calls that have been told of in this minute, by route and caller.
        var calls: Set<String> = []
    }

    private let store: Store
    private let time: WallTime
    private let logger: Logger
    private let state = Mutex(State())

    static let eachMax = 30
    static let namedMax = 10
    static let callsMax = 10_000
    static let windowMilliseconds: Int64 = 60_000
    /// Uses of the administrator's token from one address are told of this often.
    static let breakGlassMilliseconds: Int64 = 10 * 60_000

    init(store: Store, time: WallTime, logger: Logger) {
        self.store = store
        self.time = time
        self.logger = logger
    }

    /// - Parameter target: what was tried, in words of ours: never text that a caller made up.
    func note(_ action: String, on target: String, by author: Author, reason: String) async {
        await flush()
        let now = time.now
        let isWritten = state.withLock { state in
            if state.minuteBegan == nil { state.minuteBegan = now }
            guard state.written >= Self.eachMax else {
                state.written += 1
                return true
            }
            var rest = state.rest[action] ?? Rest()
            rest.count += 1
            if rest.addresses.count < Self.namedMax, let address = author.address { rest.addresses.insert(address) }
            if rest.targets.count < Self.namedMax { rest.targets.insert(target) }
            state.rest[action] = rest
            return false
        }
        if isWritten { await write([AuditEntry(at: now, by: author, action, on: target, outcome: .denied, reason: reason)]) }
    }

    /// A call that was refused to somebody who is known: once a minute for each route and caller.
    func note(_ denial: Denial, _ route: Route, by author: Author) async {
        await flush()
        let key = "\(route.method.rawValue) \(route.path) \(author.name)"
        // Whatever this forgets, `eachMax` bounds.
        let isFirst = state.withLock { $0.calls.count < Self.callsMax && $0.calls.insert(key).inserted }
        guard isFirst else { return }
        await note(
            "access.denied", on: "\(denial.place)", by: author,
            reason: "\(route.method.rawValue) \(route.path) needs to \(denial.permission.rawValue) there")
    }

    /// That the administrator's token was used: once in a while for each address.
    func noteBreakGlass(from address: String?) async {
        let now = time.now
        let isDue = state.withLock { state in
            let key = address ?? ""
            if let last = state.breakGlass[key], now.milliseconds - last.milliseconds < Self.breakGlassMilliseconds { return false }
            if state.breakGlass.count >= 1_000 { state.breakGlass.removeAll() }
            state.breakGlass[key] = now
            return true
        }
        guard isDue else { return }
        let author = Author(name: Principal.administratorName, means: "\(Principal.Means.administratorToken)", address: address)
        await write([AuditEntry(at: now, by: author, "administrator-token.use", on: "coordinator")])
    }

    /// Tells of what was not told one by one, once its minute is over. Called every few seconds.
    func flush() async {
        let now = time.now
        let entries = state.withLock { state -> [AuditEntry] in
            guard let began = state.minuteBegan, now.milliseconds - began.milliseconds >= Self.windowMilliseconds else { return [] }
            let rest = state.rest
            state.minuteBegan = nil
            state.written = 0
            state.rest = [:]
            state.calls = []
            return rest.sorted { $0.key < $1.key }.map { action, rest in
                AuditEntry(
                    at: now, by: Author(name: "anybody", means: "several"), action, on: "several", outcome: .denied,
                    reason: "\(rest.count) more within a minute",
                    after: .map([
                        "count": .int(rest.count), "addresses": .texts(rest.addresses.sorted()), "targets": .texts(rest.targets.sorted()),
                    ]))
            }
        }
        await write(entries)
    }

    private func write(_ entries: [AuditEntry]) async {
        guard !entries.isEmpty else { return }
        do {
            try await store.database.transaction { session in try self.store.audit.append(session, entries) }
        } catch {
            logger.error(
                "the audit trail could not be written",
                metadata: ["error": "\(error)", "actions": "\(entries.map(\.action).joined(separator: ", "))"])
        }
    }
}
