// SPDX-License-Identifier: Apache-2.0
import Promotion

extension Presenting {
    /// What a person may do to the stage as it is now; each says its effect first.
    func actions(_ reading: StageReading) -> [ActionForm] {
        let stage = reading.stage
        var forms: [ActionForm] = []
        let spot = Spot.stages([Spot.Stage(stage.id)])
        if let waiting = stage.promotion, case .waiting = waiting.phase, grants.allows(.approve, spot) {
            forms += gateForms(waiting, stage)
        }
        guard grants.allows(.operate, spot) else { return forms }
        if stage.paused != nil || stage.hold != nil {
            var effect: [String] = []
            if let paused = stage.paused { effect.append("Ends the pause by \(paused.name).") }
            if let hold = stage.hold { effect.append("Lifts the hold: \(hold.reason)") }
            if let next = stage.promotion ?? nil, case .waiting = next.phase {
                effect.append("Release \(short(next.candidate.release)) goes on through the gates.")
            }
            forms.append(form(stage, "resume", "Resume", effect: effect, confirm: "Resume \(stage.id.environment)"))
        }
        if stage.paused == nil {
            forms.append(
                form(
                    stage, "pause", "Pause",
                    effect: ["Nothing new is promoted here, and a rollout stops before its next cluster.", "Healing goes on."],
                    confirm: "Pause \(stage.id.environment)", needsReason: true))
        }
        if let running = stage.running, let target = stage.rollbackTarget(from: running.candidate.rendered) {
            var form = form(
                stage, "rollback", "Roll back",
                effect: [
                    "\(stage.id.environment) goes back from \(short(running.candidate.release)) to \(short(target.candidate.release)), "
                        + "which was verified here.",
                    "All its clusters get it wave by wave, without soaks and approvals.",
                    "Automatic promotion is held until somebody resumes.",
                ], confirm: "Roll back to \(short(target.candidate.release))", needsReason: true)
            form.fields = [ActionForm.Field(name: "to", value: target.commit)]
            form.isDangerous = true
            forms.append(form)
        }
        return forms
    }

    private func gateForms(_ waiting: Promotion, _ stage: Stage) -> [ActionForm] {
        let release = short(waiting.candidate.release)
        let which = [ActionForm.Field(name: "rendered", value: waiting.candidate.rendered)]
        var forms: [ActionForm] = []
        let missing = waiting.candidate.strategy.approvalsRequired - waiting.approvals.count
        if missing > 0, !waiting.approvals.contains(where: { $0.by == user }) {
            let clusters = waiting.candidate.strategy.clusters.count
            var approve = form(
                stage, "approve", "Approve",
                effect: [
                    "Release \(release) is recorded on the branch of \(stage.id) and rolls out to \(clusters) "
                        + (clusters == 1 ? "cluster." : "clusters."),
                    "Wave by wave: \(waiting.candidate.strategy.waves.map(\.name).joined(separator: ", ")).",
                ], confirm: "Approve \(release) for \(stage.id.environment)")
            approve.fields = which
            approve.isPrimary = true
            forms.append(approve)
        }
        var reject = form(
            stage, "reject", "Reject",
            effect: ["Release \(release) does not come to \(stage.id.environment), nor does any other that renders the same."],
            confirm: "Reject \(release)", needsReason: true)
        reject.fields = which
        reject.isDangerous = true
        forms.append(reject)
        return forms
    }

    private func form(
        _ stage: Stage, _ action: String, _ label: String, effect: [String], confirm: String, needsReason: Bool = false
    ) -> ActionForm {
        ActionForm(
            key: "\(stage.id.pipeline)-\(stage.id.environment)-\(action)", label: label,
            address: "/actions/stages/\(URLText.encode(stage.id.pipeline))/\(URLText.encode(stage.id.environment))/\(action)",
            effect: effect, confirm: confirm, needsReason: needsReason)
    }

    /// What a page says after an action was taken.
    static func notice(for action: String?) -> [PageFrame.Notice] {
        let text: String? =
            switch action {
            case "approve": "Approved."
            case "reject": "Rejected."
            case "pause": "Paused."
            case "resume": "Resumed."
            case "rollback": "The rollback has begun."
            default: nil
            }
        return text.map { [PageFrame.Notice(kind: "current", text: $0)] } ?? []
    }
}
