// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion

extension Presenting {
    func pipelinePage(
        _ name: String, stages: [StageReading], latest: ReleaseReading?, history: [(StageID, HistoryReading)], applications: [String],
        done: String?
    ) -> PipelinePage {
        let worst = stages.map(badge).max { Self.weight($0) < Self.weight($1) }
        return PipelinePage(
            page: frame(name, here: "/pipelines", notices: Self.notice(for: done)), name: name,
            status: worst ?? Badge(.offline, "Empty"), source: "\(about.repository) \(about.branch)",
            head: PipelinePage.Head(
                commit: latest.map { short($0.release) } ?? "–", subject: latest?.subject ?? "no release yet",
                author: latest.map { person($0.author) } ?? "", age: ago(latest?.committedAt)),
            actions: [], cards: stages.map(card), stages: stages.map(stage),
            applications: applications.map { Link(label: $0, address: Self.address("applications", $0)) },
            history: history.map { id, entry in record(id, entry) })
    }

    private static func weight(_ badge: Badge) -> Int {
        switch badge.kind {
        case "failed": 4
        case "waiting": 3
        case "progress": 2
        case "offline": 1
        default: 0
        }
    }

    private func stage(_ reading: StageReading) -> PipelinePage.Stage {
        let stage = reading.stage
        let running = stage.running.map { head in
            "Runs \(short(head.candidate.release)) \(reading.runningSubject), recorded \(ago(head.recordedAt)) as \(short(head.commit))"
        }
        return PipelinePage.Stage(
            environment: stage.id.environment, status: badge(reading), headline: running ?? "Nothing runs here yet",
            reasons: reasons(reading), gates: gates(stage), waves: waves(stage), actions: actions(reading))
    }

    private func reasons(_ reading: StageReading) -> [String] {
        let stage = reading.stage
        var lines: [String] = []
        if let promotion = stage.promotion {
            lines.append("Release \(short(promotion.candidate.release)) (\(promotion.candidate.origin.rawValue)): \(remark(reading))")
            lines += promotion.rollout?.failures.map { "\($0.cluster): \($0.reason)" } ?? []
        }
        if let hold = stage.hold { lines.append("Held \(ago(hold.at)) by \(hold.by): \(hold.reason)") }
        if let paused = stage.paused { lines.append("Paused by \(paused.name)\(paused.reason.isEmpty ? "" : ": \(paused.reason)")") }
        if let queued = stage.queued { lines.append("Release \(short(queued.release)) waits behind the one in progress") }
        if let running = stage.running, running.verdict != .verified, stage.promotion == nil {
            lines.append("What runs here is \(running.verdict == .failed ? "failed" : "not verified")")
        }
        return lines
    }

    private func gates(_ stage: Stage) -> [PipelinePage.Line] {
        guard let promotion = stage.promotion else { return [] }
        var lines: [PipelinePage.Line] = []
        let verified = promotion.candidate.verifiedIn
        if !verified.isEmpty {
            lines.append(
                PipelinePage.Line(label: "Verified", detail: "in \(verified.joined(separator: ", "))", status: Badge(.current, "Passed")))
        }
        if let override = promotion.candidate.override {
            lines.append(
                PipelinePage.Line(
                    label: "Override", detail: "by \(override.name): \(override.reason)", status: Badge(.waiting, "Overridden")))
        }
        let required = promotion.candidate.strategy.approvalsRequired
        if required > 0 {
            let given = promotion.approvals.map { "\($0.by), \(ago($0.at))" }
            lines.append(
                PipelinePage.Line(
                    label: "Approvals",
                    detail: given.isEmpty ? "\(required) needed" : given.joined(separator: "; "),
                    status: given.count >= required ? Badge(.current, "Passed") : Badge(.waiting, "\(given.count) of \(required)")))
        }
        return lines
    }

    private func waves(_ stage: Stage) -> [PipelinePage.Line] {
        guard let promotion = stage.promotion else { return [] }
        return promotion.waves.map { wave in
            let current = wave.clusters.count { $0.state == "current" }
            let failed = wave.clusters.count { $0.state == "failed" }
            let moving = wave.clusters.count { $0.state == "dispatched" }
            let status: Badge =
                switch wave.state {
                case "done": Badge(.current, "Done")
                case "soaking": Badge(.progress, "Soaking")
                case "syncing", "inspecting": failed > 0 ? Badge(.failed, "Failing") : Badge(.progress, "Syncing")
                default: Badge(.offline, "Pending")
                }
            var detail = "\(current) of \(wave.clusters.count) Current, at most \(wave.maxUnavailable) at once"
            if let until = wave.until { detail += ", until \(until.rfc3339)" }
            return PipelinePage.Line(
                label: wave.name, detail: detail, status: status,
                bar: [
                    ProgressBar(
                        [(.current, current), (.progress, moving), (.failed, failed)], of: wave.clusters.count,
                        summary: "\(current) of \(wave.clusters.count) clusters are Current")
                ])
        }
    }

    private func record(_ id: StageID, _ entry: HistoryReading) -> PipelinePage.Record {
        PipelinePage.Record(
            key: "promotion-\(entry.promotion)", time: entry.createdAt.rfc3339, when: ago(entry.createdAt), environment: id.environment,
            commit: short(entry.release), subject: entry.subject, status: badge(promotionState: entry.state),
            detail: [entry.origin == "release" ? "" : entry.origin, entry.reason].filter { !$0.isEmpty }.joined(separator: ": "),
            who: person(entry.author))
    }
}
