// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// Rows of `sign_in_failures`: what delays the next try, in all coordinators.
enum SignInFailureRows {
    /// Failures that are older than this are forgotten.
    static let keptMilliseconds: Int64 = 15 * 60_000

    /// Who tries: an account or an address, and how it is delayed.
    struct Subject: Sendable, Hashable {
        var name: String
        var delay: SignInDelay
    }

    /// Counts a try as a failure before its outcome is known, so that many at once do not all pass; `forgive` takes it back.
    ///
    /// Returns when the next try may come, where that is later than now: then nothing was counted.
    static func begin(_ session: Session, _ subjects: [Subject], at now: Timestamp) throws -> Timestamp? {
        _ = try session.execute("delete from sign_in_failures where last_at < $1", [.int(now.milliseconds - keptMilliseconds)])
        // In one order everywhere, so that no two tries wait for each other.
        let subjects = subjects.sorted { $0.name < $1.name }
        var counted: [(Subject, Int)] = []
        for subject in subjects {
            let row = try session.query(
                """
                insert into sign_in_failures (subject, failures, last_at, next_at) values ($1, 0, $2, $2)
                on conflict (subject) do update set subject = excluded.subject returning failures, next_at
                """, [.text(subject.name), .int(now.milliseconds)]
            ).first
            let next = Timestamp(milliseconds: try row?.int64("next_at") ?? 0)
            if next > now { return next }
            counted.append((subject, try row?.int("failures") ?? 0))
        }
        for (subject, failures) in counted {
            let next = now + subject.delay.after(failures + 1)
            _ = try session.execute(
                "update sign_in_failures set failures = failures + 1, last_at = $2, next_at = $3 where subject = $1",
                [.text(subject.name), .int(now.milliseconds), .int(next.milliseconds)])
        }
        return nil
    }

    /// A success: the account's failures are forgotten, of the address this one try is.
    static func forgive(_ session: Session, forgotten: [String], takenBack: [String]) throws {
        _ = try session.execute("delete from sign_in_failures where subject = any($1::text[])", [.textArray(forgotten)])
        _ = try session.execute(
            "update sign_in_failures set failures = greatest(failures - 1, 0), next_at = least(next_at, last_at) where subject = any($1::text[])",
            [.textArray(takenBack)])
    }
}

/// How tries are slowed down after failures.
struct SignInDelay: Sendable, Hashable {
    /// Failures that delay nothing.
    var free: Int
    /// After one more than the free ones; doubled with each further one.
    var first: Duration
    var max: Duration

    /// Nobody keeps an account's owner out for longer than half a minute at a time.
    static let account = SignInDelay(free: 3, first: .seconds(1), max: .seconds(30))
    /// Many people may share an address.
    static let address = SignInDelay(free: 10, first: .seconds(1), max: .seconds(300))

    func after(_ failures: Int) -> Duration {
        guard failures > free else { return .zero }
        let doublings = Swift.min(failures - free - 1, 20)
        return Swift.min(first * (1 << doublings), max)
    }
}
