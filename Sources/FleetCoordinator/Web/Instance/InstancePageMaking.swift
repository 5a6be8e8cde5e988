// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// What the page of an application on a cluster is made of.
struct InstanceFacts: Sendable {
    var cluster: ClusterReading
    var state: ApplicationState
    var pause: DriftPauseReading?
    var commands: [CommandReading]
    /// The newest dry run that was answered, with what it found.
    var trial: CommandReading?
    var events: [FleetEvent]
}

extension Presenting {
    private static let trialsMax = 200
    private static let changesMax = 30

    static func address(cluster: String, application: String) -> String {
        "\(address("clusters", cluster))/applications/\(URLText.encode(application))"
    }

    func instancePage(_ facts: InstanceFacts, done: String?) -> InstancePage {
        let (state, cluster) = (facts.state, facts.cluster)
        var lines: [String] = []
        if let pause = facts.pause {
            lines.append(
                "Healing is paused until \(pause.pause.until.rfc3339) by \(pause.pause.requestedBy): \(pause.pause.reason)."
                    + (pause.heldAt == nil ? " The agent has not confirmed it yet." : ""))
        }
        if !cluster.isOnline(at: now) {
            lines.append(
                cluster.lastContact.map { "The cluster's agent was last heard \(ago($0)): what is asked waits for it, and expires." }
                    ?? "The cluster's agent has never been heard.")
        }
        if !problem(state).isEmpty { lines.append(problem(state)) }
        var all = [
            Fact(label: "Pipeline", value: state.pipeline, links: [Self.address("pipelines", state.pipeline)]),
            Fact(label: "Environment", value: state.environment), Fact(label: "Runs", value: short(state.release), isCode: true),
            Fact(label: "Objects", value: state.observed.map { "\($0.objectsCurrent) of \($0.objectsTotal) Current" } ?? "–"),
        ]
        if let since = state.observed?.since { all.append(Fact(label: "Since", value: ago(since))) }
        return InstancePage(
            page: frame(
                "\(state.application) on \(cluster.name)", here: "/clusters", notices: Self.notice(forCommand: done)),
            name: state.application, cluster: Link(label: cluster.name, address: Self.address("clusters", cluster.name)),
            application: Link(label: state.application, address: Self.address("applications", state.application)), status: badge(state),
            explanation: lines.isEmpty ? nil : lines.joined(separator: " "), actions: instanceForms(facts), facts: all,
            trials: facts.trial.map { [trial($0)] } ?? [], commands: facts.commands.map { command($0) },
            events: facts.events.map { event($0, isOnItsCluster: true) },
            eventsAddress: "/events?cluster=\(URLText.encode(cluster.name))&application=\(URLText.encode(state.application))")
    }

    private func instanceForms(_ facts: InstanceFacts) -> [ActionForm] {
        let (application, cluster) = (facts.state.application, facts.cluster.name)
        let stage = Spot.Stage(pipeline: facts.state.pipeline, environment: facts.state.environment)
        guard grants.allows(.operate, .stages([stage])) else { return [] }
        func form(_ action: String, _ label: String, _ effect: [String], _ confirm: String) -> ActionForm {
            ActionForm(
                key: action, label: label,
                address: "/actions/clusters/\(URLText.encode(cluster))/applications/\(URLText.encode(application))/\(action)",
                effect: effect, confirm: confirm)
        }
        var forms = [
            form(
                "sync", "Sync now",
                [
                    "\(cluster)'s agent applies every object of \(application) again, without waiting for a retry.",
                    "Hooks do not run again.",
                ],
                "Sync \(application) now"),
            form(
                "dry-run", "Dry run",
                ["\(cluster)'s API server goes through with it and stores nothing.", "What would change is shown here."], "Try it"),
        ]
        if facts.pause == nil {
            var pause = form(
                "pause-healing", "Pause healing",
                [
                    "For an hour, changes that somebody makes to \(application) on \(cluster) stay; they are reported.",
                    "It ends by itself, also when the coordinator is away.",
                ], "Pause healing for an hour")
            pause.fields = [ActionForm.Field(name: "seconds", value: "3600")]
            pause.needsReason = true
            forms.append(pause)
        } else {
            forms.append(
                form("resume-healing", "Resume healing", ["What differs from the record is healed at once."], "Heal \(application) again"))
        }
        return forms
    }

    func command(_ command: CommandReading) -> CommandRow {
        let status: Badge =
            switch command.state {
            case .queued: Badge(.waiting, "Queued")
            case .delivered: Badge(.progress, "Under way")
            case .done: Badge(.current, "Done")
            case .failed: Badge(.failed, "Failed")
            case .expired: Badge(.offline, "Expired")
            }
        let place = command.application.map { Link(label: $0, address: Self.address(cluster: command.cluster, application: $0)) }
        return CommandRow(
            key: "command-\(command.id)", time: command.askedAt.rfc3339, when: ago(command.askedAt), title: command.title,
            place: place.map { [$0] } ?? [], status: status, message: command.message, who: command.askedBy)
    }

    private func trial(_ command: CommandReading) -> InstancePage.Trial {
        let output = command.output.flatMap { try? JSON.read(Array($0.utf8)) } ?? .null
        var rows: [TrialRow] = []
        for object in output["objects"]?.list ?? [] {
            let badge: Badge
            switch object["action"]?.string {
            case "create": badge = Badge(.current, "Create")
            case "change": badge = Badge(.progress, "Change")
            case "error": badge = Badge(.failed, "Error")
            case "hook": badge = Badge(.offline, "Hook")
            case "left": badge = Badge(.offline, "Left alone")
            default: continue
            }
            let changes = object["changes"]?.list ?? []
            var message = object["message"]?.string ?? ""
            if changes.count > Self.changesMax { message = "the first \(Self.changesMax) of \(changes.count) differences" }
            rows.append(
                TrialRow(
                    key: "trial-\(rows.count)", status: badge, label: object["object"]?.string ?? "", message: message,
                    changes: changes.prefix(Self.changesMax).map {
                        TrialRow.Change(path: $0["path"]?.string ?? "", before: Self.text($0["before"]), after: Self.text($0["after"]))
                    }))
        }
        for object in output["prune"]?.list ?? [] {
            rows.append(
                TrialRow(
                    key: "trial-\(rows.count)", status: Badge(.waiting, "No longer wanted"), label: object["object"]?.string ?? "",
                    message: object["message"]?.string ?? "", changes: []))
        }
        return InstancePage.Trial(
            when: ago(command.finishedAt), remark: "\(command.title): \(command.message)", rows: Array(rows.prefix(Self.trialsMax)))
    }

    /// A value on one line; a dash where there is none.
    private static func text(_ value: Value?) -> String {
        guard let value else { return "–" }
        let text = value.string ?? JSON.text(value)
        return text.count > 300 ? text.prefix(299) + "…" : text
    }

    /// What the page says after something was asked.
    static func notice(forCommand action: String?) -> [PageFrame.Notice] {
        let text: String? =
            switch action {
            case "sync", "dry-run": "Asked. What comes of it is shown below."
            case "pause-healing": "Healing is paused."
            case "resume-healing": "It is healed again."
            default: nil
            }
        return text.map { [PageFrame.Notice(kind: "progress", text: $0)] } ?? []
    }
}
