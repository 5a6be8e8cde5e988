// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a provider publishes, kept for a while: however many ask, it is fetched once at a time, and seldom.
actor KeptDocument<Contents: Sendable> {
    private let time: WallTime
    private let fetch: @Sendable () async throws -> Contents
    private var known: (contents: Contents, at: Timestamp)?
    private var failure: any Error = ProviderRefusal(.unavailable, "the identity provider was not asked yet")
    private var askedAt: Timestamp?
    private var search: Task<Contents, any Error>?

    /// It is fetched again when it is older than this.
    static var freshMilliseconds: Int64 { 3_600_000 }
    /// Where that fails, it is good for so long.
    static var staleMilliseconds: Int64 { 6 * 3_600_000 }
    /// After a failure, the next try is no sooner than this.
    static var retryMilliseconds: Int64 { 10_000 }
    /// Where something is missing in it, it is fetched again no sooner than this.
    static var renewMilliseconds: Int64 { 60_000 }

    init(time: WallTime, fetch: @escaping @Sendable () async throws -> Contents) {
        self.time = time
        self.fetch = fetch
    }

    func value() async throws -> Contents {
        if let known, age(known.at) < Self.freshMilliseconds { return known.contents }
        return try await asked(notWithin: Self.retryMilliseconds)
    }

    /// As it is now, as far as it may be asked for again already.
    func renewed() async throws -> Contents { try await asked(notWithin: Self.renewMilliseconds) }

    private func asked(notWithin pause: Int64) async throws -> Contents {
        do {
            if let search { return try await search.value }
            if let askedAt, age(askedAt) < pause {
                guard let known, age(known.at) < Self.staleMilliseconds else { throw failure }
                return known.contents
            }
            askedAt = time.now
            let fetch = fetch
            // Shared by all who ask meanwhile: it must not end with the first one's task.
            let search = Task { try await fetch() }
            self.search = search
            defer { self.search = nil }
            let contents = try await search.value
            known = (contents, time.now)
            return contents
        } catch {
            failure = error
            guard let known, age(known.at) < Self.staleMilliseconds else { throw error }
            return known.contents
        }
    }

    private func age(_ time: Timestamp) -> Int64 { self.time.now.milliseconds - time.milliseconds }
}
