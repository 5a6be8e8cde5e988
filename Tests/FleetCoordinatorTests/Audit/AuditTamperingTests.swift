// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

/// Whoever owns the database can switch its triggers off. What they then do to the trail is found and named.
@Suite("Tampering with the audit trail") struct AuditTamperingTests {
    /// A way to tamper, as SQL over a trail of eight entries, and what verification has to say.
    struct Tampering: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var sql: String
        var kind: AuditBreak.Kind
        /// The first entry that is not intact.
        var sequence: Int64
    }

    private static func column(_ name: String, _ value: String, _ kind: AuditBreak.Kind = .altered) -> Tampering {
        Tampering(
            testDescription: "\(name) = \(value)", sql: "update audit set \(name) = \(value) where sequence = 4", kind: kind, sequence: 4)
    }

    static let columns: [Tampering] = [
        column("scheme", "2", .unknownScheme), column("at", "at + 1"), column("actor", "'eve'"), column("means", "'token x'"),
        column("address", "null"), column("action", "'stage.resume'"), column("target", "'shop/staging'"), column("outcome", "'denied'"),
        column("reason", "''"), column("commit", "null"), column("before", "null"), column("after", "'{\"paused\":{}}'"),
        column("after", "'{'"), column("previous", "repeat('1', 64)"), column("hash", "repeat('1', 64)"),
        column("seal", "'9f1f6517.' || repeat('1', 64)", .forged), column("seal", "''", .forged),
        column("seal", "'00000000.' || repeat('1', 64)", .unknownKey),
    ]

    static let rows: [Tampering] = [
        Tampering(testDescription: "the first is removed", sql: "delete from audit where sequence = 1", kind: .missing, sequence: 1),
        Tampering(
            testDescription: "one in the middle is removed", sql: "delete from audit where sequence = 5", kind: .missing, sequence: 5),
        Tampering(
            testDescription: "three are removed", sql: "delete from audit where sequence between 3 and 5", kind: .missing, sequence: 3),
        Tampering(testDescription: "the last is removed", sql: "delete from audit where sequence = 8", kind: .truncated, sequence: 8),
        Tampering(testDescription: "all are removed", sql: "delete from audit", kind: .truncated, sequence: 1),
        Tampering(
            testDescription: "two are swapped",
            sql: "update audit set sequence = -1 where sequence = 3; update audit set sequence = 3 where sequence = 6; "
                + "update audit set sequence = 6 where sequence = -1",
            kind: .altered, sequence: 3),
        Tampering(
            testDescription: "one is removed and the rest moves up",
            sql: "delete from audit where sequence = 3; update audit set sequence = -sequence where sequence > 3; "
                + "update audit set sequence = -sequence - 1 where sequence < 0; update audit_head set sequence = 7",
            kind: .altered, sequence: 3),
        Tampering(
            testDescription: "one is inserted behind the head",
            sql:
                "insert into audit select 9, scheme, at, actor, means, address, action, target, outcome, reason, commit, before, after, hash, "
                + "hash, seal from audit where sequence = 8",
            kind: .altered, sequence: 9),
        Tampering(
            testDescription: "one is inserted before the first",
            sql: "insert into audit select 0, scheme, at, actor, means, address, action, target, outcome, reason, commit, before, after, "
                + "previous, hash, seal from audit where sequence = 1",
            kind: .misplaced, sequence: 1),
        Tampering(testDescription: "the head's hash", sql: "update audit_head set hash = repeat('1', 64)", kind: .truncated, sequence: 8),
        Tampering(testDescription: "the head is set back", sql: "update audit_head set sequence = 6", kind: .truncated, sequence: 7),
        Tampering(
            testDescription: "an anchor is made up to hide the first three",
            sql:
                "insert into audit_anchors select 3, hash, 1, 0, 'sha256:00', 1, '9f1f6517.' || repeat('1', 64) from audit where sequence = 3; "
                + "delete from audit where sequence <= 3",
            kind: .forged, sequence: 3),
    ]

    /// The trail's service, with heads as the journals may know them.
    static func service(_ store: Store, heads: [JournalledHead] = []) -> AuditService {
        AuditService(store: store, time: WallTime { AuditTrailTests.at }, journals: { AuditJournals.Reading(heads: heads) })
    }

    static func tamper(_ store: Store, _ sql: String) async throws {
        try await store.database.transaction { try $0.script("set local session_replication_role = replica; \(sql)") }
    }

    @Test("every column, every row", arguments: columns + rows)
    func finds(_ tampering: Tampering) async throws {
        let store = try await AuditTrailTests.store()
        let service = Self.service(store)
        let clean = try await service.verify().report
        #expect(clean.isIntact && clean.from == 1 && clean.through == 8 && clean.entries == 8 && clean.checkedSeals)
        try await Self.tamper(store, tampering.sql)
        let report = try await service.verify().report
        #expect(report.broken?.kind == tampering.kind && report.broken?.sequence == tampering.sequence, "\(report)")
        #expect(report.through == tampering.sequence - 1 || tampering.kind == .forged && report.through <= tampering.sequence)
        await store.database.close()
    }

    /// What somebody makes who knows how hashes are made and has no key: the tail from `sequence` on, with another actor.
    static func rewritten(_ links: [AuditLink], from sequence: Int64, seal: (AuditLink) -> String) throws -> [AuditLink] {
        var previous = links.first { $0.sequence == sequence - 1 }?.hash ?? AuditLink.beginning
        return try links.filter { $0.sequence >= sequence }.map { link in
            var forged = link
            forged.actor = "eve"
            forged.previous = previous
            forged.hash = try forged.computedHash()
            forged.seal = seal(forged)
            previous = forged.hash
            return forged
        }
    }

    private static func replace(_ store: Store, with links: [AuditLink]) async throws {
        let head = AuditHead(sequence: links.last?.sequence ?? 0, hash: links.last?.hash ?? "")
        try await store.database.transaction { session in
            try session.script("set local session_replication_role = replica; delete from audit where sequence >= \(links[0].sequence)")
            try AuditRows.append(session, links, head: head)
        }
    }

    @Test("a tail that was replaced with hashes computed anew is told by its seals")
    func withoutTheKey() async throws {
        let store = try await AuditTrailTests.store()
        let links = try await store.auditTrail()
        try await Self.replace(store, with: Self.rewritten(links, from: 4) { $0.seal })
        let report = try await Self.service(store).verify().report
        #expect(report.broken?.kind == .forged && report.broken?.sequence == 4 && report.through == 3)
        await store.database.close()
    }

    @Test("a chain that was replaced by somebody who has the key, too, is told by the journals")
    func withTheKey() async throws {
        let store = try await AuditTrailTests.store()
        let links = try await store.auditTrail()
        let heads = [2, 5, 8].map { number in
            JournalledHead(
                branch: "flotilla-journal/shop", commit: "c\(number)", epoch: store.epoch, sequence: Int64(number),
                hash: links[number - 1].hash)
        }
        let service = Self.service(store, heads: heads + [JournalledHead(branch: "j", commit: "x", epoch: 1, sequence: 3, hash: "00")])
        let clean = try await service.verify().report
        #expect(clean.isIntact && clean.matching == heads && clean.foreign.count == 1)
        try await Self.replace(store, with: Self.rewritten(links, from: 4) { AuditKeys.test.seal(of: $0.hash) })
        let report = try await service.verify().report
        #expect(report.broken?.kind == .rewritten && report.broken?.sequence == 3 && report.through == 2)
        #expect(report.matching == [heads[0]] && report.contradicting == Array(heads[1...]))
        await store.database.close()
    }

    @Test("newest entries that were removed with their head are told by the journals")
    func cutOff() async throws {
        let store = try await AuditTrailTests.store()
        let links = try await store.auditTrail()
        let head = JournalledHead(
            branch: "flotilla-journal/fleet", commit: "0123456789", epoch: store.epoch, sequence: 8, hash: links[7].hash)
        try await Self.tamper(
            store, "delete from audit where sequence > 6; update audit_head set sequence = 6, hash = '\(links[5].hash)'")
        #expect(try await Self.service(store).verify().report.isIntact)
        let report = try await Self.service(store, heads: [head]).verify().report
        #expect(report.broken?.kind == .truncated && report.broken?.sequence == 7 && report.through == 6)
        #expect(report.broken?.reason.contains("flotilla-journal/fleet (0123456) knows entry 8") == true)
        await store.database.close()
    }

    @Test("keys can be changed, and the earlier one verifies what it sealed")
    func rotation() async throws {
        let store = try await AuditTrailTests.store()
        let old = String(repeating: "a7", count: 32)
        let fresh = String(repeating: "b8", count: 32)
        let rotated = Store(
            database: store.database, epoch: store.epoch, auditKeys: try AuditKeys(parsing: "# newest first\n\(fresh)\n\(old)\n"))
        let audit = rotated.audit
        try await rotated.database.transaction { try audit.append($0, [AuditTrailTests.entry(9)]) }
        #expect(try await Self.service(rotated).verify().report.isIntact)
        let lost = Store(database: store.database, epoch: store.epoch, auditKeys: try AuditKeys(parsing: fresh))
        #expect(try await Self.service(lost).verify().report.broken?.kind == .unknownKey)
        #expect(throws: AuditKeys.Failure.noKey) { try AuditKeys(parsing: "# nothing\n") }
        #expect(throws: AuditKeys.Failure.malformedLine(2)) { try AuditKeys(parsing: "\nxyz") }
        await store.database.close()
    }
}
