// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion

/// `state.json` of a journal branch: a pipeline's decisions as they now stand. The format is described in `docs/reference/formats.md`.
struct JournalState: Sendable, Equatable {
    struct StageState: Sendable, Equatable {
        /// Rendered sets that may not run here, with who said so and why.
        var rejected: [Entry] = []
        /// Promotions that were verified, newest last; the last `verifiedMax`.
        var verified: [Entry] = []
        var hold: Entry?
        var pause: Entry?
        /// Approvals of candidates that still wait.
        var approvals: [Entry] = []
        /// Applications that are not healed on a cluster for a while; those whose time is up go with the next decision.
        var driftPauses: [DriftPauseEntry] = []
    }

    struct DriftPauseEntry: Sendable, Equatable {
        var cluster: String
        var application: String
        var until: Timestamp
        var by: String
        var reason: String
        var at: Timestamp
    }

    struct Entry: Sendable, Equatable {
        var promotion: String?
        var release: String?
        var rendered: String?
        var by: String
        var reason: String
        var at: Timestamp
    }

    /// The audit trail's head when the journal was written.
    struct AuditEntry: Sendable, Equatable {
        var head: AuditHead
        var at: Timestamp
    }

    static let format = "flotilla.dev/journal/v1"
    static let verifiedMax = 50
    static let rejectedMax = 200

    /// The newest decision that is in here: those up to it are not written again after a crash.
    var through: Int64 = 0
    /// The database that numbered the decisions: another one counts from the beginning.
    var epoch: Int64 = 0
    var stages: [String: StageState] = [:]
    /// `nil` before there was anything to audit.
    var audit: AuditEntry?

    mutating func apply(_ decision: Decision) {
        let entry = Entry(
            promotion: decision.promotion, release: decision.release, rendered: decision.rendered, by: decision.by, reason: decision.reason,
            at: decision.at)
        var stage = stages[decision.stage.environment] ?? StageState()
        switch decision.kind {
        case .rejected, .failed:
            stage.rejected.removeAll { $0.rendered == decision.rendered }
            stage.rejected = Array((stage.rejected + [entry]).suffix(Self.rejectedMax))
            stage.approvals.removeAll { $0.rendered == decision.rendered }
        case .verified:
            stage.verified = Array((stage.verified + [entry]).suffix(Self.verifiedMax))
            stage.approvals.removeAll { $0.promotion == decision.promotion }
        case .approved: stage.approvals.append(entry)
        case .superseded: stage.approvals.removeAll { $0.promotion == decision.promotion }
        case .held, .adopted: stage.hold = entry
        case .paused: stage.pause = entry
        case .resumed:
            stage.hold = nil
            stage.pause = nil
        case .overridden: break
        case .driftPaused, .driftResumed:
            stage.driftPauses.removeAll { $0.cluster == decision.cluster && $0.application == decision.application }
            if decision.kind == .driftPaused, let cluster = decision.cluster, let application = decision.application,
                let until = decision.until
            {
                stage.driftPauses.append(
                    DriftPauseEntry(
                        cluster: cluster, application: application, until: until, by: decision.by, reason: decision.reason, at: decision.at)
                )
            }
        }
        stage.driftPauses.removeAll { $0.until <= decision.at }
        stages[decision.stage.environment] = stage
    }

    var json: Value {
        var map: Map = [:]
        if let audit {
            map["audit"] = .map([
                "at": .string(audit.at.rfc3339), "hash": .string(audit.head.hash), "sequence": .int(audit.head.sequence),
            ])
        }
        map["epoch"] = .int(epoch)
        map["format"] = .string(Self.format)
        map["stages"] = .map(Map(stages.sorted { $0.key < $1.key }.map { ($0.key, Self.json($0.value)) }))
        map["through"] = .int(through)
        return .map(map)
    }

    private static func json(_ stage: StageState) -> Value {
        var map: Map = ["approvals": .list(stage.approvals.map(json))]
        if !stage.driftPauses.isEmpty {
            map["driftPauses"] = .list(
                stage.driftPauses.map { pause in
                    .map([
                        "application": .string(pause.application), "at": .string(pause.at.rfc3339), "by": .string(pause.by),
                        "cluster": .string(pause.cluster), "reason": .string(pause.reason), "until": .string(pause.until.rfc3339),
                    ])
                })
        }
        if let hold = stage.hold { map["hold"] = json(hold) }
        if let pause = stage.pause { map["pause"] = json(pause) }
        map["rejected"] = .list(stage.rejected.map(json))
        map["verified"] = .list(stage.verified.map(json))
        return .map(map)
    }

    private static func json(_ entry: Entry) -> Value {
        var map: Map = ["at": .string(entry.at.rfc3339), "by": .string(entry.by)]
        if let promotion = entry.promotion { map["promotion"] = .string(promotion) }
        if !entry.reason.isEmpty { map["reason"] = .string(entry.reason) }
        if let release = entry.release { map["release"] = .string(release) }
        if let rendered = entry.rendered { map["rendered"] = .string(rendered) }
        return .map(map)
    }

    init() {}

    init(json value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        guard try fields.string("format") == Self.format else { throw fields.failure("format", "expected \(Self.format)") }
        through = try fields.int("through")
        epoch = try fields.int("epoch")
        if fields.value("audit") != nil {
            let entry = try fields.object("audit")
            audit = AuditEntry(
                head: AuditHead(sequence: try entry.int("sequence"), hash: try entry.string("hash")), at: try entry.time("at"))
        }
        for entry in try fields.object("stages").map {
            let stage = try Fields(entry.value, at: "stages.\(entry.key)")
            var state = StageState()
            state.approvals = try stage.list("approvals", limit: 10_000, Self.entry)
            state.rejected = try stage.list("rejected", limit: 10_000, Self.entry)
            state.verified = try stage.list("verified", limit: 10_000, Self.entry)
            state.driftPauses = try stage.list("driftPauses", limit: 10_000) { (item, path) throws(ShapeError) in
                let pause = try Fields(item, at: path)
                return DriftPauseEntry(
                    cluster: try pause.string("cluster"), application: try pause.string("application"), until: try pause.time("until"),
                    by: try pause.string("by"), reason: try pause.optionalString("reason") ?? "", at: try pause.time("at"))
            }
            if let hold = stage.value("hold") { state.hold = try Self.entry(hold, "hold") }
            if let pause = stage.value("pause") { state.pause = try Self.entry(pause, "pause") }
            stages[entry.key] = state
        }
    }

    private static func entry(_ value: Value, _ path: String) throws(ShapeError) -> Entry {
        let fields = try Fields(value, at: path)
        return Entry(
            promotion: try fields.optionalString("promotion"), release: try fields.optionalString("release"),
            rendered: try fields.optionalString("rendered"), by: try fields.string("by"), reason: try fields.optionalString("reason") ?? "",
            at: try fields.time("at"))
    }
}
