// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What people read about a stage, from the API's description of it.
struct StageText {
    let stage: Value

    var name: String { "\(stage["pipeline"]?.string ?? "")/\(stage["environment"]?.string ?? "")" }
    var state: String { stage["state"]?.string ?? "unknown" }

    /// `3f2c1ab Raise the replicas`.
    var running: String {
        guard let running = stage["running"], !running.isNull else { return "" }
        return "\(Self.short(running["release"]?.string)) \(running["subject"]?.string ?? "")"
    }

    var clusters: String { "\(stage.at("clusters", "current")?.int ?? 0)/\(stage.at("clusters", "total")?.int ?? 0)" }

    /// What it is doing or waiting for, in words.
    var doing: String {
        if let hold = stage["hold"], !hold.isNull { return "held: \(hold["reason"]?.string ?? hold["cause"]?.string ?? "")" }
        if let paused = stage["paused"], !paused.isNull {
            return "paused by \(paused["by"]?.string ?? "?"): \(paused["reason"]?.string ?? "")"
        }
        guard let promotion = stage["promotion"], !promotion.isNull else { return "" }
        let release = Self.short(promotion["release"]?.string)
        switch promotion["phase"]?.string {
        case "waiting":
            if needsApproval { return "\(release) waits for approval: flotilla approve \(name)" }
            return "\(release) waits: \(promotion["waitingFor"]?.string ?? "")"
        case "rolling":
            let waves = promotion["waves"]?.list ?? []
            guard let wave = waves.first(where: { !["done", "pending"].contains($0["state"]?.string ?? "") }) else {
                return "\(release) rolls out"
            }
            return "\(release) rolls out, wave \(wave["name"]?.string ?? ""): \(wave["state"]?.string ?? "")"
        case let phase?: return "\(release) \(phase)"
        case nil: return ""
        }
    }

    /// Whether the promotion waits for somebody's approval.
    var needsApproval: Bool {
        guard let promotion = stage["promotion"], promotion["phase"]?.string == "waiting" else { return false }
        return (promotion["approvals"]?.list?.count ?? 0) < (promotion["approvalsRequired"]?.int ?? 0)
    }

    var isUnhealthy: Bool { ["failed", "held"].contains(state) }

    /// One line about it, after an action.
    var line: String { "\(name): \(state)\(running.isEmpty ? "" : ", runs \(running)")\(doing.isEmpty ? "" : "; \(doing)")" }

    /// A commit's id as people write it.
    static func short(_ id: String?) -> String { String((id ?? "").prefix(7)) }
}
