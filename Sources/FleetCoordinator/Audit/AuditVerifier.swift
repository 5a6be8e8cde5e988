// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A chain's head as a journal's commit has kept it: proof from outside the database.
struct JournalledHead: Sendable, Equatable {
    /// The journal's branch.
    var branch: String
    /// The journal's commit; empty for a head that somebody named.
    var commit: String
    /// The database that the chain was in.
    var epoch: Int64
    var sequence: Int64
    /// In hex.
    var hash: String
}

/// Where a chain breaks, and how: the first thing found wrong.
struct AuditBreak: Sendable, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable, CaseIterable {
        /// Entries are gone.
        case missing
        /// An entry stands where another one belongs.
        case misplaced
        /// The entry's content is not what its hash says.
        case altered
        /// The entry does not follow the one before.
        case unlinked
        /// The hash was not made by a coordinator.
        case forged
        /// The key that is named is not here; nothing is proven.
        case unknownKey
        /// The row is of a kind that this version does not know.
        case unknownScheme
        /// The trail ends before the point that is known to have been reached, or its head says otherwise.
        case truncated
        /// A journal in Git knows another entry under this number.
        case rewritten
        /// The export's own frame is wrong.
        case damaged
    }

    var kind: Kind
    /// The first entry that is not intact.
    var sequence: Int64
    var reason: String

    var description: String { "entry \(sequence): \(reason)" }
}

/// What a verification found.
struct AuditReport: Sendable, Equatable {
    /// The first entry that was looked at, and the last one that is intact; `through < from` where none is.
    var from: Int64
    var through: Int64
    /// Entries that were read.
    var entries: Int64
    /// The chain begins behind this anchor.
    var anchor: AuditAnchor?
    /// Whether seals were checked: they need the key.
    var checkedSeals: Bool
    var broken: AuditBreak?
    /// Heads in Git that the trail agrees with.
    var matching: [JournalledHead] = []
    /// Heads in Git that the trail contradicts; oldest first.
    var contradicting: [JournalledHead] = []
    /// Heads of entries that have been pruned, which nothing can be compared with.
    var pruned: [JournalledHead] = []
    /// Heads of entries behind the end of an export.
    var later: [JournalledHead] = []
    /// Heads of databases before this one.
    var foreign: [JournalledHead] = []
    /// The intact chain's end, in hex.
    var hash: String

    var isIntact: Bool { broken == nil }
}

/// Verifies a chain entry by entry, in the order of its numbers; pure, and with a bounded state.
struct AuditVerifier: Sendable {
    private let keys: AuditKeys?
    private let anchor: AuditAnchor?
    private let from: Int64
    private var expected: Int64
    private var previous: String
    private var entries: Int64 = 0
    private var broken: AuditBreak?
    private var heads: [Int64: [JournalledHead]]
    private var report: AuditReport

    /// Begins behind `anchor`, or at the chain's beginning.
    /// - Parameters:
    ///   - keys: what seals are checked with; `nil` checks hashes alone.
    ///   - heads: what journals in Git know; those of another epoch than `epoch` are only counted.
    init(after anchor: AuditAnchor?, keys: AuditKeys?, heads: [JournalledHead] = [], epoch: Int64 = 0) {
        self.init(
            from: (anchor?.sequence ?? 0) + 1, previous: anchor?.hash ?? AuditLink.beginning, anchor: anchor, keys: keys, heads: heads,
            epoch: epoch)
        if let anchor, let keys { note(Self.check(keys.check(anchor), what: "the anchor's seal", sequence: anchor.sequence)) }
    }

    /// Begins with the entry `from`, which has to follow `previous`: a part of a chain, as an export has it.
    /// - Parameter through: where the part ends; `nil` where the chain does.
    init(
        from: Int64, through: Int64? = nil, previous: String, anchor: AuditAnchor? = nil, keys: AuditKeys?,
        heads: [JournalledHead] = [], epoch: Int64 = 0
    ) {
        self.keys = keys
        self.anchor = anchor
        self.from = from
        expected = from
        self.previous = previous
        let own = heads.filter { $0.epoch == epoch }
        let end = through ?? .max
        self.heads = Dictionary(grouping: own.filter { $0.sequence >= from && $0.sequence <= end }, by: \.sequence)
        report = AuditReport(from: from, through: from - 1, entries: 0, anchor: anchor, checkedSeals: keys != nil, hash: previous)
        report.later = own.filter { $0.sequence > end }
        report.foreign = heads.filter { $0.epoch != epoch }
        for head in own where head.sequence < from {
            // The anchor is the last one that can be compared.
            guard head.sequence == from - 1, head.sequence > 0 else {
                report.pruned.append(head)
                continue
            }
            if head.hash == previous { report.matching.append(head) } else { report.contradicting.append(head) }
        }
    }

    /// Looks at the next entry. After the first break nothing but the journalled heads is compared any more.
    mutating func verify(_ link: AuditLink) {
        entries += 1
        for head in heads.removeValue(forKey: link.sequence) ?? [] {
            if head.hash == link.hash { report.matching.append(head) } else { report.contradicting.append(head) }
        }
        guard broken == nil else { return }
        note(check(link))
        guard broken == nil else { return }
        expected = link.sequence + 1
        previous = link.hash
    }

    /// Says what came of it.
    /// - Parameter head: how far the chain has to go; `nil` where nobody knows.
    func finish(head: AuditHead?) -> AuditReport {
        var verifier = self
        return verifier.end(head)
    }

    private mutating func end(_ head: AuditHead?) -> AuditReport {
        if let head, broken == nil {
            let last = expected - 1
            if head.sequence > last {
                note(AuditBreak(kind: .truncated, sequence: expected, reason: "the trail ends here, and its head says \(head.sequence)"))
            } else if head.sequence < last {
                note(AuditBreak(kind: .truncated, sequence: head.sequence + 1, reason: "it stands behind the trail's head"))
            } else if head.hash != previous {
                note(AuditBreak(kind: .truncated, sequence: max(last, 1), reason: "the trail's head has another hash"))
            }
        }
        // What the journals know and the trail does not have at all.
        report.contradicting += heads.values.flatMap(\.self)
        report.contradicting.sort { ($0.sequence, $0.branch) < ($1.sequence, $1.branch) }
        report.matching.sort { ($0.sequence, $0.branch) < ($1.sequence, $1.branch) }
        if let first = report.contradicting.first, broken == nil {
            let place = "the journal \(first.branch)\(first.commit.isEmpty ? "" : " (\(first.commit.prefix(7)))")"
            if first.sequence >= expected {
                note(
                    AuditBreak(
                        kind: .truncated, sequence: expected,
                        reason: "the trail ends here, and \(place) knows entry \(first.sequence)"))
            } else {
                let safe = report.matching.last { $0.sequence < first.sequence }?.sequence ?? from - 1
                note(
                    AuditBreak(
                        kind: .rewritten, sequence: safe + 1,
                        reason: "\(place) knows another entry \(first.sequence): the trail was rewritten somewhere between "
                            + "\(safe + 1) and \(first.sequence)"))
            }
        }
        report.entries = entries
        report.broken = broken
        report.through = broken.map { min($0.sequence - 1, expected - 1) } ?? expected - 1
        report.hash = previous
        return report
    }

    private mutating func note(_ found: AuditBreak?) { if broken == nil { broken = found } }

    private func check(_ link: AuditLink) -> AuditBreak? {
        guard link.sequence == expected else {
            return link.sequence > expected
                ? AuditBreak(
                    kind: .missing, sequence: expected,
                    reason: link.sequence == expected + 1 ? "it is missing" : "it and those up to \(link.sequence - 1) are missing")
                : AuditBreak(kind: .misplaced, sequence: expected, reason: "entry \(link.sequence) stands in its place")
        }
        guard link.scheme == AuditLink.scheme else {
            return AuditBreak(
                kind: .unknownScheme, sequence: expected, reason: "its scheme \(link.scheme) is not known to this version")
        }
        let computed: String
        do throws(DocumentError) { computed = try link.computedHash() } catch {
            return AuditBreak(kind: .altered, sequence: expected, reason: "its state before or after is no JSON any more")
        }
        guard computed == link.hash else {
            return AuditBreak(kind: .altered, sequence: expected, reason: "its content is not what its hash says")
        }
        guard link.previous == previous else {
            return AuditBreak(kind: .unlinked, sequence: expected, reason: "it does not follow the entry before")
        }
        return keys.flatMap { Self.check($0.check(link.seal, of: link.hash), what: "its seal", sequence: expected) }
    }

    private static func check(_ verdict: AuditKeys.Verdict, what: String, sequence: Int64) -> AuditBreak? {
        switch verdict {
        case .genuine: nil
        case .forged:
            AuditBreak(kind: .forged, sequence: sequence, reason: "\(what) is wrong: no coordinator with these keys wrote it")
        case .unknownKey(let name):
            AuditBreak(
                kind: .unknownKey, sequence: sequence,
                reason: "\(what) was made with key '\(name)', which keys/audit.key does not hold: put it back as a further line")
        }
    }
}
