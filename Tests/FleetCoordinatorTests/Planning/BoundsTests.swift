// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion
import Synchronization
import Testing

@testable import FleetCoordinator

/// What a planner makes of bounds, over a real database and a real Git remote.
@Suite("Bounds in planning", .serialized) struct BoundsTests {
    private static func pipeline(_ bounds: String?) -> String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: Pipeline
        metadata: {name: shop}
        spec:
          source: {branch: main}
          applications: {matchLabels: {team: shop}}
          \(bounds.map { "bounds: \($0)" } ?? "record: {mode: commit}")
          stages: [{environment: production, promotion: automatic}]
        """
    }

    private static func application(_ name: String, _ more: String = "") -> String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: Application
        metadata: {name: \(name), labels: {team: shop}}
        spec: {namespace: shop, source: {path: apps/\(name)}\(more)}
        """
    }

    private static let role = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: mighty}
        rules: []

        """

    private static func config(_ name: String, in namespace: String = "", value: String = "1") -> String {
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: \(name)\(namespace.isEmpty ? "" : ", namespace: \(namespace)")}
        data: {value: "\(value)"}

        """
    }

    private static func files(bounds: String?) -> [String: String] {
        [
            "fleet/clusters/one.yaml": PlanningTests.cluster("one"), "fleet/clusters/two.yaml": PlanningTests.cluster("two"),
            "environments/production/environment.yaml": PlanningTests.files()["environments/production/environment.yaml"] ?? "",
            "fleet/pipelines/shop.yaml": pipeline(bounds), "fleet/applications/web/application.yaml": application("web"),
            "fleet/applications/base/application.yaml": application("base"),
            "apps/web/config.yaml": config("web"), "apps/base/config.yaml": config("base", in: "monitoring"), "apps/base/role.yaml": role,
        ]
    }

    private static let wide = "{namespaces: [shop, monitoring], clusterScoped: [ClusterRole]}"

    /// One round of following; renders and error of the newest plan, and the bounds that its applications have.
    private func plan(_ fleet: TestFleet) async throws -> (renders: Int, error: String, bounds: [Bounds?]) {
        try await fleet.follower.round()
        fleet.time.advance(by: .seconds(1))
        return try await fleet.store.database.read { session in
            guard let row = try session.query("select sequence, renders, error from plans order by sequence desc limit 1").first else {
                return (0, "no plan", [])
            }
            let sequence = try row.int64("sequence")
            let options = try session.query(
                "select options::text as options from planned_applications where pipeline = 'shop' and sequence = $1 order by application",
                [.int(sequence)]
            ).map { try SyncOptions(json: JSON.read(Array($0.text("options").utf8)), at: "options") }
            return (try row.int("renders"), try row.text("error"), options.map(\.bounds))
        }
    }

    @Test("within bounds a release is planned, and agents are told the bounds")
    func within() async throws {
        let fleet = try await TestFleet(files: Self.files(bounds: Self.wide))
        let planned = try await plan(fleet)
        let bounds = Bounds(namespaces: ["shop", "monitoring"], clusterScoped: ["ClusterRole"])
        #expect(planned.error.isEmpty && planned.renders == 2 && planned.bounds == [bounds, bounds])
        try await fleet.settle(clusters: ["one"], rounds: 6)
        let poll = PollRequest(
            instance: "agent-one", agentVersion: "test", kubernetesVersion: "", waitSeconds: 0, held: [])
        let tasks = try await fleet.agents.poll(poll, cluster: "one").tasks
        #expect(tasks.count == 2 && tasks.allSatisfy { $0.options.bounds == bounds })
    }

    @Test("what is out of bounds refuses the release, all of it by name, with the file")
    func outside() async throws {
        let fleet = try await TestFleet(files: Self.files(bounds: "{namespaces: [shop]}"))
        let planned = try await plan(fleet)
        let lines = planned.error.split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "application 'base' for cluster 'one' and 1 more in 'production': apps/base/config.yaml: error[out-of-bounds]: "
                    + "ConfigMap monitoring/base: namespace 'monitoring' is out of bounds: it is not among the pipeline's "
                    + "spec.bounds.namespaces (shop) (add it there, or put the object elsewhere)",
                "application 'base' for cluster 'one' and 1 more in 'production': apps/base/role.yaml: error[out-of-bounds]: "
                    + "rbac.authorization.k8s.io/ClusterRole mighty: kind ClusterRole lives outside namespaces, and without "
                    + "sync.serviceAccount an application gets only what the pipeline's spec.bounds.clusterScoped lists (list 'ClusterRole' "
                    + "there, or take the object out of the application)",
            ])
        let events = try await fleet.store.database.read { session in
            try session.query("select message from events where kind = 'releaseRefused'").map { try $0.text("message") }
        }
        #expect(events == [planned.error])
    }

    @Test("new bounds are judged at once, and nothing is rendered for them")
    func newBounds() async throws {
        let fleet = try await TestFleet(files: Self.files(bounds: nil))
        #expect(try await plan(fleet).renders == 2)
        try await fleet.push(["fleet/pipelines/shop.yaml": Self.pipeline("{namespaces: [shop]}")], message: "Narrow\n")
        let narrow = try await plan(fleet)
        #expect(narrow.error.contains("ClusterRole mighty") && narrow.renders == 0)
        let rendered = fleet.counters[.renders]
        try await fleet.push(["fleet/pipelines/shop.yaml": Self.pipeline(Self.wide)], message: "Widen\n")
        let wide = try await plan(fleet)
        #expect(wide.error.isEmpty && wide.renders == 0 && fleet.counters[.renders] == rendered && rendered == 2)
        #expect(wide.bounds.compactMap(\.self).count == 2)
        try await fleet.push(["fleet/pipelines/shop.yaml": Self.pipeline("{namespaces: [shop], clusterScoped: []}")], message: "Narrow\n")
        #expect(try await plan(fleet).error.contains("spec.bounds.clusterScoped does not list it"))
        // A release that keeps to them is planned again.
        try await fleet.push(
            ["apps/base/role.yaml": nil, "apps/base/config.yaml": Self.config("base")], message: "Comply\n")
        let complied = try await plan(fleet)
        #expect(complied.error.isEmpty && complied.renders == 1)
    }

    @Test("what a release says of namespace and account is judged before it is rendered, with its place")
    func declared() async throws {
        var files = Self.files(bounds: "{namespaces: [shop, monitoring], clusterScoped: [ClusterRole], serviceAccounts: [deployer]}")
        files["fleet/applications/web/application.yaml"] = Self.application("web", ", sync: {serviceAccount: admin}")
        let fleet = try await TestFleet(files: files)
        let planned = try await plan(fleet)
        #expect(planned.error.hasPrefix("fleet/applications/web/application.yaml:4:74: error[out-of-bounds]: service account 'admin'"))
        #expect(fleet.counters[.renders] == 0)
    }

    @Test("objects in lists, hooks without a name, and what comes with its definition are bounded like all others")
    func disguises() async throws {
        var files = Self.files(bounds: "{namespaces: [shop], clusterScoped: [CustomResourceDefinition]}")
        files["apps/base/role.yaml"] = nil
        files["apps/base/config.yaml"] = """
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: List
              items:
              - apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: nested}
                rules: []
            - apiVersion: v1
              kind: ConfigMap
              metadata: {name: nested, namespace: kube-system}
            """
        files["apps/web/hook.yaml"] = """
            apiVersion: batch/v1
            kind: Job
            metadata: {generateName: migrate-, namespace: elsewhere, annotations: {flotilla.dev/hook: PreSync}}
            spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: x}]}}}
            """
        files["apps/web/widgets.yaml"] = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: widgets.example.dev}
            spec: {group: example.dev, scope: Cluster, names: {kind: Widget, plural: widgets}}
            ---
            apiVersion: example.dev/v1
            kind: Widget
            metadata: {name: w, namespace: shop}
            ---
            apiVersion: rbac.example/v1
            kind: ClusterRole
            metadata: {name: unknown}
            """
        files["apps/web/config.yaml"] = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
        let fleet = try await TestFleet(files: files)
        let error = try await plan(fleet).error
        for name in [
            "apps/base/config.yaml: error[out-of-bounds]: rbac.authorization.k8s.io/ClusterRole nested", "ConfigMap kube-system/nested",
            "apps/web/hook.yaml: error[out-of-bounds]: batch/Job elsewhere/migrate-", "example.dev/Widget w: kind Widget.example.dev",
            "apps/web/config.yaml: error[out-of-bounds]: Namespace shop",
        ] {
            #expect(error.contains(name), "\(name)\n\(error)")
        }
        // Of a kind that nobody knows yet the agent finds out where it lives.
        #expect(error.split(separator: "\n").count == 5 && !error.contains("unknown"))
    }

    @Test("a readable Secret is bounded without being shown")
    func secrets() async throws {
        var files = Self.files(bounds: "{namespaces: [shop], clusterScoped: [ClusterRole]}")
        files["fleet/applications/base/application.yaml"] = Self.application("base", ", allowClearSecrets: true")
        files["apps/base/config.yaml"] =
            "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: kube-system}\nstringData: {key: hunter2-hunter2}\n"
        let fleet = try await TestFleet(files: files)
        let error = try await plan(fleet).error
        #expect(error.contains("apps/base/config.yaml: error[out-of-bounds]: Secret kube-system/key"), "\(error)")
        #expect(!error.contains("hunter2"))
    }

    @Test("a person's head on an environment branch is judged by the bounds that its stage is pinned to")
    func humanHead() async throws {
        let fleet = try await TestFleet(files: Self.files(bounds: Self.wide))
        try await fleet.settle(clusters: ["one", "two"], rounds: 12)
        let stage = StageID(pipeline: "shop", environment: "production")
        let before = try await fleet.stage("shop/production")?.running?.commit
        #expect(before != nil)
        try await fleet.push(
            ["apps/web/other.yaml": Self.config("other", in: "kube-system")], message: "By hand\n", branch: Branches.environment(stage))
        try await fleet.settle(clusters: ["one", "two"], rounds: 4)
        #expect(try await fleet.stage("shop/production")?.running?.commit == before)
        let refused = try await fleet.store.database.read { session in
            try session.query("select message from events where kind = 'headRefused'").map { try $0.text("message") }
        }
        #expect(refused.count == 1 && refused.first?.contains("ConfigMap kube-system/other") == true)
    }

    @Test("new bounds come to the agents as any change does: by a promotion with its record")
    func pinned() async throws {
        let fleet = try await TestFleet(files: Self.files(bounds: Self.wide))
        try await fleet.settle(clusters: ["one", "two"], rounds: 12)
        func bounds() -> [Bounds?] { fleet.fakes.held.withLock { ($0["one"]?.tasks["web"]).map { [$0.options.bounds] } ?? [] } }
        #expect(bounds() == [Bounds(namespaces: ["shop", "monitoring"], clusterScoped: ["ClusterRole"])])
        let before = try await fleet.stage("shop/production")?.running
        // Bounds that refuse the release change nothing in any cluster.
        try await fleet.push(["fleet/pipelines/shop.yaml": Self.pipeline("{namespaces: []}")], message: "Narrow\n")
        try await fleet.settle(clusters: ["one", "two"], rounds: 4)
        #expect(try await fleet.stage("shop/production")?.running?.commit == before?.commit)
        #expect(bounds().first??.namespaces == ["shop", "monitoring"])
        try await fleet.push(
            ["fleet/pipelines/shop.yaml": Self.pipeline("{namespaces: [shop, monitoring, more], clusterScoped: [ClusterRole]}")],
            message: "Widen\n")
        try await fleet.settle(clusters: ["one", "two"], rounds: 12)
        let after = try await fleet.stage("shop/production")?.running
        #expect(after?.commit != before?.commit && after?.candidate.rendered == before?.candidate.rendered)
        #expect(bounds().first??.namespaces == ["shop", "monitoring", "more"])
    }
}
