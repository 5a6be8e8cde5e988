// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion

/// What the first page is made from.
struct FleetFacts: Sendable {
    var counts: FleetCounts
    var following: WebServices.Following
    var trunk: FleetCommitRows.Commit?
    var stages: [StageReading]
    var latest: [ReleaseReading]
    /// The first clusters by name; a larger fleet shows the rest in its list.
    var clusters: Page<ClusterReading>
    var unwell: [ApplicationState]
    var events: [FleetEvent]
}

extension Presenting {
    func fleetPage(_ facts: FleetFacts) -> FleetPage {
        FleetPage(
            page: frame("Fleet", here: "/"),
            trunk: FleetPage.Trunk(
                repository: about.repository, commit: facts.trunk.map { short($0.commit) } ?? "", subject: facts.trunk?.subject ?? "",
                age: ago(facts.trunk?.committedAt)),
            summary: summary(facts), attention: attention(facts), pipelinesRemark: "All pipelines", pipelines: pipelines(facts),
            legend: [
                Badge(.current, "Current"), Badge(.progress, "Progressing"), Badge(.waiting, "Waiting"), Badge(.failed, "Failed"),
                Badge(.offline, "Offline"),
            ], groups: groups(facts), events: facts.events.map { event($0) })
    }

    private func summary(_ facts: FleetFacts) -> [FleetPage.Summary] {
        let applications = facts.counts.applications
        let offline = facts.counts.clusters - facts.counts.online
        let waiting = facts.stages.count { approvalsMissing($0) }
        let moving = facts.stages.count { $0.word == .progressing }
        return [
            FleetPage.Summary(
                label: "Clusters", value: "\(facts.counts.clusters)", detail: offline == 0 ? "all online" : "\(offline) offline",
                address: "/clusters", isBad: offline > 0),
            FleetPage.Summary(
                label: "Applications", value: "\(applications.total)",
                detail: applications.failed > 0 ? "\(applications.failed) failed" : "\(applications.current) Current",
                address: "/applications", isBad: applications.failed > 0),
            FleetPage.Summary(
                label: "Rolling out", value: "\(moving)", detail: moving == 1 ? "stage" : "stages", address: "/pipelines"),
            FleetPage.Summary(
                label: "Approvals", value: "\(waiting)", detail: waiting == 0 ? "none wait" : "wait for you", address: "/pipelines",
                needsAction: waiting > 0),
        ]
    }

    private func approvalsMissing(_ reading: StageReading) -> Bool {
        guard let waiting = reading.stage.promotion, case .waiting = waiting.phase else { return false }
        return waiting.candidate.strategy.approvalsRequired > waiting.approvals.count && waiting.waitingFor.contains("approval")
    }

    private func attention(_ facts: FleetFacts) -> [FleetPage.Attention] {
        var items: [FleetPage.Attention] = []
        if !facts.following.failure.isEmpty {
            items.append(
                FleetPage.Attention(
                    key: "following", status: Badge(.failed, "Git"), title: "The fleet repository cannot be read",
                    text: facts.following.failure, since: ago(facts.following.lastFetch), address: "/events", action: "Events"))
        }
        if let trunk = facts.trunk, !trunk.valid {
            items.append(
                FleetPage.Attention(
                    key: "trunk", status: Badge(.failed, "Invalid"), title: "The fleet's trunk is not valid",
                    text: "commit \(short(trunk.commit)) is not in force", codes: Array(trunk.diagnostics.prefix(3)),
                    since: ago(trunk.seenAt), address: "/events", action: "Events"))
        }
        for release in facts.latest where !release.error.isEmpty {
            items.append(
                FleetPage.Attention(
                    key: "release-\(release.pipeline)", status: Badge(.failed, "Refused"), title: "\(release.pipeline)",
                    text: "release \(short(release.release)) cannot be planned: \(release.error)", since: ago(release.committedAt),
                    address: Self.address("pipelines", release.pipeline), action: "Why"))
        }
        for stage in facts.stages {
            let id = stage.stage.id
            if approvalsMissing(stage), let waiting = stage.stage.promotion {
                items.append(
                    FleetPage.Attention(
                        key: "approval-\(id)", status: Badge(.waiting, "Approval"), title: "\(id)",
                        text: "release \(short(waiting.candidate.release)) \(waiting.waitingFor)", since: ago(waiting.startedAt),
                        address: Self.address(id), action: "Review", isPrimary: true))
            }
            if let hold = stage.stage.hold {
                items.append(
                    FleetPage.Attention(
                        key: "hold-\(id)", status: stage.word == .failed ? Badge(.failed, "Failed") : Badge(.waiting, "Held"),
                        title: "\(id)", text: hold.reason, since: ago(hold.at), address: Self.address(id), action: "Review"))
            } else if let paused = stage.stage.paused {
                items.append(
                    FleetPage.Attention(
                        key: "pause-\(id)", status: Badge(.waiting, "Paused"), title: "\(id)",
                        text: "by \(paused.name)\(paused.reason.isEmpty ? "" : ": \(paused.reason)")", since: "",
                        address: Self.address(id), action: "Review"))
            }
        }
        for state in facts.unwell {
            items.append(
                FleetPage.Attention(
                    key: "unwell-\(state.cluster)-\(state.application)", status: badge(state),
                    title: "\(state.application) on \(state.cluster)", text: problem(state), since: ago(state.observed?.since),
                    address: Self.address("clusters", state.cluster), action: "Why"))
        }
        for cluster in facts.clusters.items where !cluster.isOnline(at: now) && cluster.declared {
            guard items.count < Self.attentionMax else { break }
            items.append(
                FleetPage.Attention(
                    key: "offline-\(cluster.name)", status: badge(cluster), title: cluster.name,
                    text: cluster.lastContact == nil ? "its agent has never been heard" : "its agent is not heard any more",
                    since: ago(cluster.lastContact), address: Self.address("clusters", cluster.name), action: "Look"))
        }
        return Array(items.prefix(Self.attentionMax))
    }

    /// More than a person can look at on one page; the lists have the rest.
    private static let attentionMax = 25

    private func pipelines(_ facts: FleetFacts) -> [FleetPage.Pipeline] {
        var names: [String] = []
        for stage in facts.stages where names.last != stage.stage.id.pipeline { names.append(stage.stage.id.pipeline) }
        return names.map { name in
            let latest = facts.latest.first { $0.pipeline == name }
            return FleetPage.Pipeline(
                name: name, address: Self.address("pipelines", name),
                remark: latest.map { "\(short($0.release)) \($0.subject) · \(person($0.author)), \(ago($0.committedAt))" }
                    ?? "no release yet",
                stages: facts.stages.filter { $0.stage.id.pipeline == name }.map(card))
        }
    }

    private func groups(_ facts: FleetFacts) -> [FleetPage.Group] {
        let environments = Dictionary(grouping: facts.clusters.items) { $0.environment ?? "" }
        var groups = environments.sorted { $0.key < $1.key }.map { environment, clusters in
            let online = clusters.count { $0.isOnline(at: now) }
            return FleetPage.Group(
                key: "group-\(environment)", label: environment.isEmpty ? "no environment" : environment,
                detail: "\(clusters.count) \(clusters.count == 1 ? "cluster" : "clusters"), \(online) online",
                address: environment.isEmpty ? "/clusters" : "/clusters?environment=\(URLText.encode(environment))",
                tiles: clusters.map { cluster in
                    let badge = badge(cluster)
                    return FleetPage.Tile(
                        Badge.Kind(rawValue: badge.kind) ?? .offline, title: "\(cluster.name): \(badge.label)",
                        address: Self.address("clusters", cluster.name))
                })
        }
        if facts.clusters.next != nil, let last = groups.indices.last {
            groups[last].detail += "; the list has the rest of \(facts.counts.clusters)"
        }
        return groups
    }
}
