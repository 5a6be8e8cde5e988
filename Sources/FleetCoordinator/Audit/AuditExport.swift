// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests

/// The audit trail as JSON Lines: a header, one line per entry, a footer. Described in `docs/reference/formats.md`.
///
/// The same entries make the same bytes, whoever exports them and when: that is how a coordinator knows that somebody holds an export.
enum AuditExport {
    static let format = "flotilla.dev/audit/v1"

    /// What an export begins with.
    struct Header: Sendable, Equatable {
        /// The first entry; there may be none.
        var from: Int64
        /// The last entry; `from - 1` for an export without entries.
        var through: Int64
        /// The hash that the first entry follows, in hex.
        var previous: String
        /// The epoch of the database, by which journals tell its heads from those of others.
        var epoch: Int64

        var json: Value {
            .map([
                "epoch": .int(epoch), "format": .string(AuditExport.format), "from": .int(from), "previous": .string(previous),
                "scheme": .int(AuditLink.scheme), "through": .int(through),
            ])
        }
    }

    static func line(_ header: Header) -> [UInt8] { line(header.json) }

    /// An entry's line. States stand in it as they are stored; they need not be JSON, so that tampering can be exported, too.
    static func line(_ link: AuditLink) -> [UInt8] {
        func state(_ text: String?) -> Value {
            guard let text else { return .null }
            return (try? JSON.read(Array(text.utf8))) ?? .string(text)
        }
        var map = link.document(before: state(link.before), after: state(link.after)).map ?? [:]
        map["hash"] = .string(link.hash)
        map["seal"] = .string(link.seal)
        return line(.map(map))
    }

    /// The last line.
    /// - Parameter digest: of all bytes before this line.
    static func footer(entries: Int64, hash: String, through: Int64, digest: Manifests.Digest) -> [UInt8] {
        line(
            .map([
                "digest": .string("\(digest)"), "entries": .int(entries),
                "head": .map(["hash": .string(hash), "sequence": .int(through)]),
            ]))
    }

    private static func line(_ value: Value) -> [UInt8] { Canonical.bytes(value) + [UInt8(ascii: "\n")] }

    /// An entry's line, read.
    static func link(_ value: Value) throws(ShapeError) -> AuditLink {
        let fields = try Fields(value)
        func state(_ name: String) -> String? {
            guard let value = fields.value(name), !value.isNull else { return nil }
            return String(decoding: Canonical.bytes(value), as: UTF8.self)
        }
        return AuditLink(
            sequence: try fields.int("sequence"), scheme: try fields.int("scheme"), at: try fields.int("at"),
            actor: try fields.string("actor"), means: try fields.string("means"), address: try fields.optionalString("address"),
            action: try fields.string("action"), target: try fields.string("target"), outcome: try fields.string("outcome"),
            reason: try fields.string("reason"), commit: try fields.optionalString("commit"), before: state("before"),
            after: state("after"), previous: try fields.string("previous"), hash: try fields.string("hash"),
            seal: try fields.string("seal"))
    }
}

/// Makes an export line by line, and its digest.
struct AuditExportWriter: Sendable {
    private var hash = SHA256()
    private var entries: Int64 = 0
    private var last: AuditHead

    init(_ header: AuditExport.Header) { last = AuditHead(sequence: header.from - 1, hash: header.previous) }

    /// The header's line; ask for it first.
    mutating func begin(_ header: AuditExport.Header) -> [UInt8] { take(AuditExport.line(header)) }

    mutating func add(_ link: AuditLink) -> [UInt8] {
        entries += 1
        last = AuditHead(sequence: link.sequence, hash: link.hash)
        return take(AuditExport.line(link))
    }

    /// The footer's line; the writer's `digest` is that of the whole export afterwards.
    mutating func end() -> [UInt8] {
        take(AuditExport.footer(entries: entries, hash: last.hash, through: last.sequence, digest: digest))
    }

    /// Of everything that was written so far.
    var digest: Manifests.Digest { Manifests.Digest(bytes: Array(hash.finalize())) ?? .sha256([]) }

    private mutating func take(_ line: [UInt8]) -> [UInt8] {
        line.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return line
    }
}

/// Verifies an export that comes in pieces, a line at a time.
struct AuditExportVerifier: Sendable {
    /// A line is not longer than this: an entry's texts and states are bounded.
    static let lineMax = 256 << 10

    private let keys: AuditKeys?
    private let heads: [JournalledHead]
    private var rest: [UInt8] = []
    /// Of everything, and of whole lines: the footer names what comes before it.
    private var whole = SHA256()
    private var hash = SHA256()
    private var header: AuditExport.Header?
    private var verifier: AuditVerifier?
    private var footer: (entries: Int64, head: AuditHead, digest: String)?
    private var digestBeforeFooter = Manifests.Digest.sha256([])
    private var damage: AuditBreak?
    private var lines: Int64 = 0

    init(keys: AuditKeys?, heads: [JournalledHead]) {
        self.keys = keys
        self.heads = heads
    }

    /// Takes the next bytes of the file.
    mutating func take(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { whole.update(bufferPointer: $0) }
        var left = bytes[...]
        while damage == nil, !left.isEmpty {
            let end = left.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? left.endIndex
            rest += left[..<end]
            left = left[end...]
            guard rest.count <= Self.lineMax else { return damaged("line \(lines + 1) is longer than \(Self.lineMax) bytes") }
            guard rest.last == UInt8(ascii: "\n") else { return }
            line(rest)
            rest.removeAll(keepingCapacity: true)
        }
    }

    /// What came of it, with the digest of the whole file.
    mutating func finish() -> (report: AuditReport, digest: Manifests.Digest) {
        if damage == nil {
            if !rest.isEmpty { damaged("the last line is cut off") } else if footer == nil { damaged("it has no footer: it is cut off") }
        }
        var report =
            verifier?.finish(head: footer?.head)
            ?? AuditReport(from: 0, through: -1, entries: 0, checkedSeals: keys != nil, hash: AuditLink.beginning)
        if report.broken == nil, damage == nil, let footer, let header {
            if footer.entries != report.entries || header.through != report.through {
                damaged("its frame names other entries than it has")
            } else if footer.digest != "\(digestBeforeFooter)" {
                damaged("its footer's digest is not that of its lines")
            }
        }
        if report.broken == nil { report.broken = damage }
        return (report, Manifests.Digest(bytes: Array(whole.finalize())) ?? .sha256([]))
    }

    private mutating func damaged(_ reason: String) {
        damage = AuditBreak(kind: .damaged, sequence: nextSequence, reason: "the export is damaged: \(reason)")
    }

    /// The number that the next entry would have.
    private var nextSequence: Int64 { (verifier?.finish(head: nil).through ?? -1) + 1 }

    private mutating func line(_ bytes: [UInt8]) {
        lines += 1
        digestBeforeFooter = Manifests.Digest(bytes: Array(hash.finalize())) ?? .sha256([])
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        guard footer == nil else { return damaged("there is more after its footer") }
        do {
            let value = try JSON.read(bytes)
            if header == nil { return try begin(Fields(value)) }
            if value["digest"] != nil { return try end(Fields(value)) }
            verifier?.verify(try AuditExport.link(value))
        } catch {
            damaged("line \(lines): \(error)")
        }
    }

    private mutating func begin(_ fields: Fields) throws {
        guard try fields.string("format") == AuditExport.format else {
            return damaged("its first line is no header of \(AuditExport.format)")
        }
        let header = AuditExport.Header(
            from: try fields.int("from"), through: try fields.int("through"), previous: try fields.string("previous"),
            epoch: try fields.int("epoch"))
        self.header = header
        verifier = AuditVerifier(
            from: header.from, through: header.through, previous: header.previous, keys: keys, heads: heads, epoch: header.epoch)
    }

    private mutating func end(_ fields: Fields) throws {
        let head = try fields.object("head")
        footer = (
            try fields.int("entries"), AuditHead(sequence: try head.int("sequence"), hash: try head.string("hash")),
            try fields.string("digest")
        )
    }
}
