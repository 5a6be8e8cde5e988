// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Synchronization

/// Verifies, exports and prunes the audit trail, page by page: memory does not grow with it.
struct AuditService: Sendable {
    let store: Store
    let time: WallTime
    /// Reads the heads that journals in Git have kept.
    let journals: @Sendable () async throws -> AuditJournals.Reading
    private let verifying = OneAtATime()

    /// What a verification found, and what it was compared with.
    struct Verification: Sendable {
        var report: AuditReport
        var journals: AuditJournals.Reading
        var at: Timestamp
    }

    /// The entries of an export.
    struct Range: Sendable {
        var header: AuditExport.Header
        var anchor: AuditAnchor?
    }

    static let pageSize = 1_000

    init(store: Store, time: WallTime, journals: @escaping @Sendable () async throws -> AuditJournals.Reading) {
        self.store = store
        self.time = time
        self.journals = journals
    }

    // MARK: - Verifying

    /// Walks the whole trail, with hashes, seals, and the journals' heads.
    /// - Throws: `APIFailure` while another verification runs in this process.
    func verify() async throws -> Verification {
        guard verifying.enter() else {
            throw APIFailure(
                .serviceUnavailable, "busy", "the audit trail is being verified already; try again in a moment",
                headers: [.retryAfter: "5"])
        }
        defer { verifying.leave() }
        // First the journals: what they know must be in a trail that is read later.
        let journals = try await journals()
        var report: AuditReport
        var attempts = 0
        while true {
            let (anchor, end) = try await store.database.read { (try AuditRows.anchor($0), try AuditRows.end($0)) }
            var verifier = AuditVerifier(after: anchor, keys: store.audit.keys, heads: journals.heads, epoch: store.epoch)
            try await pages(from: .min, through: max(end.head.sequence, end.last)) { verifier.verify($0) }
            report = verifier.finish(head: end.head)
            attempts += 1
            // Entries that were pruned meanwhile are not missing.
            guard !report.isIntact, attempts < 3, try await store.database.read({ try AuditRows.anchor($0) }) != anchor else { break }
        }
        return Verification(report: report, journals: journals, at: time.now)
    }

    private func pages(from: Int64, through: Int64, _ body: (AuditLink) throws -> Void) async throws {
        var next = from
        while next <= through {
            let first = next
            let page = try await store.database.read {
                try AuditRows.following($0, from: first, through: through, limit: Self.pageSize)
            }
            for link in page { try body(link) }
            guard page.count == Self.pageSize, let last = page.last else { return }
            next = last.sequence + 1
            try Task.checkCancellation()
        }
    }

    // MARK: - Exporting

    /// Says which entries an export has.
    /// - Parameters:
    ///   - from: the first entry; by default the first one there is.
    ///   - through: the last entry; by default the newest one.
    ///   - before: only entries older than this, and none that follows one that is not.
    func range(from: Int64?, through: Int64?, before: Timestamp?) async throws -> Range {
        let epoch = store.epoch
        return try await store.database.read { session in
            let anchor = try AuditRows.anchor(session)
            let start = (anchor?.sequence ?? 0) + 1
            let first = max(from ?? start, 1)
            guard first >= start else {
                throw APIFailure.invalid(
                    "entries up to \(start - 1) have been exported and removed", hint: "the trail begins with \(start)")
            }
            var last = try AuditRows.head(session).sequence
            if let through { last = min(last, through) }
            if let before { last = min(last, try AuditRows.last(session, before: before)?.sequence ?? 0) }
            let previous: String
            if first == start {
                previous = anchor?.hash ?? AuditLink.beginning
            } else {
                guard let hash = try AuditRows.hashes(session, of: [first - 1])[first - 1] else {
                    throw APIFailure.notFound("there is no audit entry \(first - 1), which an export from \(first) begins behind")
                }
                previous = hash
            }
            return Range(
                header: AuditExport.Header(from: first, through: max(last, first - 1), previous: previous, epoch: epoch), anchor: anchor)
        }
    }

    /// The export's lines, in pieces of some entries each.
    func export(_ header: AuditExport.Header) -> AuditExportPieces { AuditExportPieces(store: store, header: header) }

    // MARK: - Retention

    /// Removes what somebody holds an export of: everything from the trail's beginning up to `through`.
    ///
    /// The export is made again here and has to have the same digest, so only who really has it can name it; and it has to verify.
    /// - Parameters:
    ///   - export: the digest of the export's bytes, `sha256:…`.
    /// - Returns: how many entries were removed.
    func prune(through: Int64, export digest: String, reason: String, by author: Author) async throws -> Int {
        let range = try await range(from: nil, through: through, before: nil)
        guard range.header.through == through, through >= range.header.from else {
            throw APIFailure.conflict(
                "nothing-to-prune", "the audit trail has no entries from \(range.header.from) to \(through)",
                hint: "export what is to go first: flotilla audit export")
        }
        let journals = try await journals()
        // Heads of what comes later cannot be compared with what is removed.
        let heads = journals.heads.filter { $0.sequence <= through }
        var verifier = AuditVerifier(after: range.anchor, keys: store.audit.keys, heads: heads, epoch: store.epoch)
        var writer = AuditExportWriter(range.header)
        _ = writer.begin(range.header)
        var hash = range.header.previous
        try await pages(from: range.header.from, through: through) { link in
            _ = writer.add(link)
            verifier.verify(link)
            hash = link.hash
        }
        _ = writer.end()
        if let broken = verifier.finish(head: AuditHead(sequence: through, hash: hash)).broken {
            throw APIFailure.conflict(
                "audit-broken", "the audit trail is not intact, so nothing of it is removed: \(broken)",
                hint: "flotilla audit verify says more")
        }
        guard "\(writer.digest)" == digest else {
            throw APIFailure.conflict(
                "other-export", "the export of entries \(range.header.from) to \(through) has another digest than the one named",
                hint: "export them again")
        }
        var anchor = AuditAnchor(sequence: through, hash: hash, first: range.header.from, at: time.now, export: digest)
        anchor.seal = store.audit.keys.seal(of: anchor)
        let (kept, before) = (anchor, range.anchor)
        return try await store.database.transaction(timeout: .seconds(600)) { [store] session in
            _ = try AuditRows.lockHead(session)
            guard try AuditRows.anchor(session) == before else {
                throw APIFailure.conflict("pruned-already", "somebody else has just pruned the audit trail")
            }
            let removed = try AuditRows.prune(session, to: kept)
            let entry = AuditEntry(
                at: kept.at, by: author, "audit.prune", on: "audit", reason: reason,
                after: .map([
                    "from": .int(kept.first), "through": .int(kept.sequence), "hash": .string(kept.hash), "export": .string(kept.export),
                    "entries": .int(removed),
                ]))
            try store.audit.append(session, [entry])
            return removed
        }
    }
}

/// An export that is read from the database piece by piece.
struct AuditExportPieces: Sendable {
    private enum Place { case header, entries, over }

    private let store: Store
    private let header: AuditExport.Header
    private var writer: AuditExportWriter
    private var place = Place.header
    private var next: Int64

    init(store: Store, header: AuditExport.Header) {
        self.store = store
        self.header = header
        writer = AuditExportWriter(header)
        next = header.from
    }

    /// The next lines; `nil` after the footer.
    mutating func piece() async throws -> [UInt8]? {
        switch place {
        case .header:
            place = .entries
            return writer.begin(header)
        case .entries:
            let (from, through) = (next, header.through)
            let page =
                from > through
                ? []
                : try await store.database.read { try AuditRows.following($0, from: from, through: through, limit: AuditService.pageSize) }
            guard let last = page.last else {
                place = .over
                return writer.end()
            }
            next = last.sequence + 1
            return page.reduce(into: []) { $0 += writer.add($1) }
        case .over: return nil
        }
    }
}

/// Lets one in at a time.
final class OneAtATime: Sendable {
    private let isTaken = Mutex(false)

    /// `false` while somebody else is in.
    func enter() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func leave() { isTaken.withLock { $0 = false } }
}
