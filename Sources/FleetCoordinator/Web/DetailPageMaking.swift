// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Promotion

extension Presenting {
    func clusterPage(
        _ cluster: ClusterReading, states: [ApplicationState], commands: [CommandReading], pauses: [DriftPauseReading],
        events: [FleetEvent]
    ) -> ClusterPage {
        let paused = Dictionary(pauses.map { ($0.pause.application, $0.pause.until) }) { first, _ in first }
        var explanations: [String] = []
        if !cluster.declared { explanations.append("It has left the fleet: what it runs goes on being healed, nothing new comes.") }
        if cluster.paused { explanations.append("It is declared as paused.") }
        if !cluster.isOnline(at: now) {
            explanations.append(
                cluster.lastContact.map { "Its agent was last heard \(ago($0)); below is what it said then." }
                    ?? "Its agent has never been heard. 'flotilla cluster enroll \(cluster.name)' prints what installs it.")
        }
        if let refused = cluster.refusedAt, now.milliseconds - refused.milliseconds < 600_000 {
            explanations.append("A second agent tried to speak for it \(ago(refused)) and was turned away.")
        }
        var facts = [Fact(label: "Agent", value: cluster.agentVersion.isEmpty ? "–" : cluster.agentVersion)]
        facts.append(Fact(label: "Kubernetes", value: cluster.kubernetesVersion.isEmpty ? "–" : cluster.kubernetesVersion))
        facts.append(Fact(label: "Last heard", value: cluster.lastContact == nil ? "never" : ago(cluster.lastContact)))
        if let environment = cluster.environment {
            facts.insert(
                Fact(label: "Environment", value: environment, links: ["/clusters?environment=\(URLText.encode(environment))"]), at: 0)
        }
        return ClusterPage(
            page: frame(cluster.name, here: "/clusters"), name: cluster.name, status: badge(cluster),
            explanation: explanations.isEmpty ? nil : explanations.joined(separator: " "), actions: [], facts: facts,
            labels: cluster.labels.map { "\($0.key)=\($0.value.string ?? "")" },
            applicationsRemark: "\(cluster.applications.current) of \(cluster.applications.total) Current",
            applications: states.map { state in
                ClusterPage.Application(
                    key: "application-\(state.application)", label: state.application,
                    address: Self.address(cluster: cluster.name, application: state.application), status: badge(state),
                    commit: short(state.release), problem: problem(state),
                    drift: paused[state.application].map { "healing paused until \($0.rfc3339)" } ?? "",
                    objects: state.observed.map { "\($0.objectsCurrent)/\($0.objectsTotal)" } ?? "–", since: ago(state.observed?.since))
            }, commands: commands.map { command($0) }, events: events.map { event($0, isOnItsCluster: true) },
            eventsAddress: "/events?cluster=\(URLText.encode(cluster.name))")
    }

    func applicationPage(
        _ application: ApplicationReading, states: Page<ApplicationState>, events: [FleetEvent]
    ) -> ApplicationPage {
        var facts: [Fact] = []
        if let pipeline = application.pipeline {
            facts.append(Fact(label: "Pipeline", value: pipeline, links: [Self.address("pipelines", pipeline)]))
        }
        facts.append(
            Fact(label: "Depends on", value: application.dependsOn.isEmpty ? "nothing" : application.dependsOn.joined(separator: ", ")))
        let counts = application.clusters
        facts.append(Fact(label: "Clusters", value: "\(counts.total)"))
        let address = Self.address("applications", application.name)
        return ApplicationPage(
            page: frame(application.name, here: "/applications"), name: application.name, status: badge(counts), actions: [], facts: facts,
            clustersRemark: "\(counts.current) of \(counts.total) Current",
            clusters: states.items.map { state in
                ApplicationPage.Cluster(
                    key: "cluster-\(state.cluster)", label: state.cluster, address: Self.address("clusters", state.cluster),
                    environment: state.environment, status: badge(state), commit: short(state.release), problem: problem(state), drift: "",
                    since: ago(state.observed?.since))
            }, pager: pager(states.next) { "\(address)?after=\($0)" }, objectLists: [], events: events.map { event($0) },
            eventsAddress: "/events?application=\(URLText.encode(application.name))")
    }

    /// A link to the next page, where there is one.
    func pager(_ next: String?, _ address: (String) -> String) -> [PageLinks] {
        next.map { [PageLinks(after: address(URLText.encode($0)), afterLabel: "Next")] } ?? []
    }

    // MARK: - Lists

    func clusterList(_ clusters: Page<ClusterReading>, environment: String?, environments: [String]) -> ListPage {
        let filters =
            [Choice(label: "All", address: "/clusters", isHere: environment == nil)]
            + environments.map {
                Choice(label: $0, address: "/clusters?environment=\(URLText.encode($0))", isHere: $0 == environment)
            }
        let filter = environment.map { "&environment=\(URLText.encode($0))" } ?? ""
        return ListPage(
            page: frame("Clusters", here: "/clusters"), heading: "Clusters", filters: filters,
            columns: ["Cluster", "State", "Environment", "Applications", "Kubernetes", "Agent", "Last heard"],
            rows: clusters.items.map { cluster in
                ListPage.Row(
                    key: "cluster-\(cluster.name)", label: cluster.name, address: Self.address("clusters", cluster.name),
                    status: badge(cluster),
                    cells: [
                        cluster.environment ?? "–", "\(cluster.applications.current) of \(cluster.applications.total) Current",
                        cluster.kubernetesVersion, cluster.agentVersion, cluster.lastContact == nil ? "never" : ago(cluster.lastContact),
                    ])
            }, emptyText: "No cluster is declared here.", pager: pager(clusters.next) { "/clusters?after=\($0)\(filter)" })
    }

    func applicationList(_ applications: Page<ApplicationReading>) -> ListPage {
        ListPage(
            page: frame("Applications", here: "/applications"), heading: "Applications",
            columns: ["Application", "State", "Pipeline", "Clusters", "Depends on"],
            rows: applications.items.map { application in
                ListPage.Row(
                    key: "application-\(application.name)", label: application.name,
                    address: Self.address("applications", application.name), status: badge(application.clusters),
                    cells: [
                        application.pipeline ?? "–", "\(application.clusters.current) of \(application.clusters.total) Current",
                        application.dependsOn.joined(separator: ", "),
                    ])
            }, emptyText: "No application is declared.", pager: pager(applications.next) { "/applications?after=\($0)" })
    }

    func pipelineList(_ names: Page<String>, stages: [StageReading], latest: [ReleaseReading]) -> ListPage {
        ListPage(
            page: frame("Pipelines", here: "/pipelines"), heading: "Pipelines",
            columns: ["Pipeline", "State", "Stages", "Newest release"],
            rows: names.items.map { name in
                let own = stages.filter { $0.stage.id.pipeline == name }
                let release = latest.first { $0.pipeline == name }
                let worst = own.first { $0.word == .failed } ?? own.first { $0.word != .current } ?? own.first
                return ListPage.Row(
                    key: "pipeline-\(name)", label: name, address: Self.address("pipelines", name),
                    status: worst.map(badge) ?? Badge(.offline, "Empty"),
                    cells: [
                        own.map { "\($0.stage.id.environment): \($0.word.rawValue)" }.joined(separator: ", "),
                        release.map { "\(short($0.release)) \($0.subject)" } ?? "none",
                    ])
            }, emptyText: "No pipeline is declared.", pager: pager(names.next) { "/pipelines?after=\($0)" })
    }

    func searchList(_ text: String, _ found: [(kind: String, name: String)]) -> ListPage {
        ListPage(
            page: frame("Search", here: "/search", live: false, query: text), heading: "Search for “\(text)”",
            columns: ["Name", "Kind"],
            rows: found.map { kind, name in
                ListPage.Row(
                    key: "\(kind)-\(name)", label: name, address: Self.address("\(kind)s", name), status: Badge(.offline, kind), cells: [])
            }, emptyText: "No pipeline, application or cluster has this in its name.")
    }
}
