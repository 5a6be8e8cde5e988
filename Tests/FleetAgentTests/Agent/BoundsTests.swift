// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Manifests
import Testing

@testable import FleetAgent

/// What the agent does about bounds, whatever the coordinator has judged: every test sends what a planner would have refused.
@Suite("Bounds in the agent", .serialized, .timeLimit(.minutes(2))) struct BoundsTests {
    private static let shop = Bounds(namespaces: ["shop"], clusterScoped: [], serviceAccounts: [])

    private static func config(_ name: String, in namespace: String = "shop") -> String {
        "/api/v1/namespaces/\(namespace)/configmaps/\(name)"
    }

    private static func role(_ name: String) -> Value {
        [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": .string(name)],
            "rules": [["apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]]],
        ]
    }

    private static func placed(_ object: Value, in namespace: String) -> Value {
        var object = object
        object["metadata"]?["namespace"] = .string(namespace)
        return object
    }

    private static func definition(_ scope: String, kind: String = "Widget") -> Value {
        let plural = "\(kind.lowercased())s"
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).example.dev")],
            "spec": [
                "group": "example.dev", "scope": .string(scope),
                "names": ["kind": .string(kind), "plural": .string(plural), "singular": .string(kind.lowercased())],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                    ]
                ],
            ],
        ]
    }

    private static let widget: Value = ["apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w"], "spec": ["size": 1]]

    /// Sends it, waits for the refusal, and sees that nothing has changed in the cluster.
    private static func refused(
        _ cluster: TestCluster, _ counter: Int64, _ objects: [Value], intent: SyncTask.Intent = .apply,
        _ change: (inout SyncOptions) -> Void
    ) async throws -> String {
        let before = try writes(cluster)
        cluster.coordinator.want("web", counter, objects, intent: intent, change)
        await cluster.coordinator.wait("web", counter, .failed)
        #expect(try writes(cluster) == before)
        return cluster.coordinator.heard.applications["web"]?.message ?? ""
    }

    /// Without the namespace that the agent makes for itself at some time.
    private static func writes(_ cluster: TestCluster) throws -> [String] {
        try cluster.agentWrites().filter { $0 != "POST /api/v1/namespaces" }
    }

    @Test("Within its bounds an application is applied, healed, pruned and removed")
    func within() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                let hook = job("migrate", image: "x/migrate:1", ["flotilla.dev/hook": "PreSync"])
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), hook]) { $0.bounds = Self.shop }
                await coordinator.wait("web", 1, .synced, .current)
                cluster.edit(Self.config("a"), ["data": ["k": "x"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                coordinator.want("web", 2, [configMap("a", ["k": "2"])]) { $0.bounds = Self.shop }
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.config("b")).isNull && cluster.get(Self.config("a")).at("data", "k") == "2")
                coordinator.want("web", 3, [], intent: .prune) { $0.bounds = Self.shop }
                await coordinator.wait("web", 3, .removed)
                #expect(cluster.get(Self.config("a")).isNull)
            }
        }
    }

    @Test("Whatever is out of bounds refuses the whole task, and is named")
    func refusal() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent { () async throws -> Void in
                let objects = [
                    configMap("fine", ["k": "1"]), Self.role("mighty"), Self.placed(configMap("a", ["k": "1"]), in: "kube-system"),
                    Self.placed(configMap("b", ["k": "1"]), in: "kube-system"),
                    Self.placed(job("hook", image: "x/h:1", ["flotilla.dev/hook": "PostSync"]), in: "elsewhere"),
                    ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]],
                ]
                let message = try await Self.refused(cluster, 1, objects) { $0.bounds = Self.shop }
                #expect(message.hasPrefix("out of the pipeline's bounds, nothing was applied: 5 violations: "), "\(message)")
                for name in [
                    "rbac.authorization.k8s.io/ClusterRole mighty", "ConfigMap kube-system/a, ConfigMap kube-system/b",
                    "batch/Job elsewhere/hook", "Namespace shop", "spec.bounds.clusterScoped", "spec.bounds.namespaces",
                ] {
                    #expect(message.contains(name), "\(name): \(message)")
                }
                #expect(cluster.get("/api/v1/namespaces/shop").isNull)
                #expect(cluster.get("/api/v1/namespaces/flotilla-system/secrets/flotilla-web").isNull)
                // New bounds are enough to mend it.
                cluster.coordinator.want("web", 2, Array(objects[..<1])) { $0.bounds = Self.shop }
                await cluster.coordinator.wait("web", 2, .synced, .current)
            }
        }
    }

    @Test("A namespace that is left out or left to a generated name's hook is the application's, and bounded with it")
    func ownNamespace() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent { () async throws -> Void in
                let hook: Value = [
                    "apiVersion": "batch/v1", "kind": "Job",
                    "metadata": ["generateName": "migrate-", "annotations": ["flotilla.dev/hook": "PreSync"]],
                    "spec": ["template": ["spec": ["restartPolicy": "Never", "containers": [["name": "main", "image": "x/m:1"]]]]],
                ]
                let message = try await Self.refused(cluster, 1, [configMap("a", ["k": "1"]), hook]) {
                    $0.bounds = Bounds(namespaces: ["other"])
                    $0.createNamespace = false
                }
                #expect(message.contains("ConfigMap shop/a") && message.contains("batch/Job shop/migrate-"), "\(message)")
                let making = try await Self.refused(cluster, 2, [Self.placed(configMap("a", ["k": "1"]), in: "other")]) {
                    $0.bounds = Bounds(namespaces: ["other"])
                }
                #expect(making.contains("sync.createNamespace would make namespace 'shop'"), "\(making)")
                #expect(cluster.get("/api/v1/namespaces/shop").isNull)
                // Without a list and without an account it is all that there is.
                let own = try await Self.refused(cluster, 3, [Self.placed(configMap("a", ["k": "1"]), in: "other")]) {
                    $0.bounds = Bounds()
                }
                #expect(own.contains("the application's own namespace 'shop', which is all that it gets"), "\(own)")
            }
        }
    }

    @Test("An account is impersonated only where it is in bounds")
    func accounts() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent { () async throws -> Void in
                let message = try await Self.refused(cluster, 1, [configMap("a", ["k": "1"])]) {
                    $0.bounds = Bounds(namespaces: ["shop"], serviceAccounts: ["deployer"])
                    $0.serviceAccount = "admin"
                }
                #expect(message.contains("service account 'admin' is not one of the pipeline's spec.bounds.serviceAccounts (deployer)"))
                let other = try await Self.refused(cluster, 2, [Self.placed(configMap("a", ["k": "1"]), in: "other")]) {
                    $0.bounds = Bounds(namespaces: ["other"], serviceAccounts: ["deployer"])
                    $0.serviceAccount = "deployer"
                }
                #expect(other.contains("service account 'deployer' lives in namespace 'shop'"), "\(other)")
                let requests = try cluster.requests()
                #expect(!requests.contains { $0["impersonated"]?.string?.hasPrefix("system:serviceaccount") == true })
            }
        }
    }

    @Test("A kind is where the cluster says it is, whatever a definition in the bundle claims")
    func customKinds() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                let definition = Self.definition("Cluster")
                let kinds = Bounds(namespaces: ["shop"], clusterScoped: ["CustomResourceDefinition"])
                let message = try await Self.refused(cluster, 1, [definition, Self.widget]) { $0.bounds = kinds }
                #expect(message.contains("example.dev/Widget w: kind Widget.example.dev lives outside namespaces"), "\(message)")
                #expect(!message.contains("violations"))
                // Somebody else's definition counts as well, and no lie about it.
                cluster.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
                let known = try await Self.refused(cluster, 2, [Self.widget]) { $0.bounds = kinds }
                #expect(known.contains("kind Widget.example.dev lives outside namespaces"), "\(known)")
                var lie = Self.definition("Namespaced")
                lie["metadata"]?["annotations"] = ["argocd.argoproj.io/hook": "Skip"]
                let lied = try await Self.refused(cluster, 3, [lie, Self.placed(Self.widget, in: "shop")]) { $0.bounds = kinds }
                #expect(lied.contains("kind Widget.example.dev lives outside namespaces"), "\(lied)")
                coordinator.want("web", 4, [Self.widget, configMap("a", ["k": "1"])]) {
                    $0.bounds = Bounds(namespaces: ["shop"], clusterScoped: ["Widget.example.dev"])
                }
                await coordinator.wait("web", 4, .synced)
                #expect(cluster.get("/apis/example.dev/v1/widgets/w").at("spec", "size") == 1)
            }
        }
    }

    @Test("A definition that comes with its objects bounds them before it is there")
    func ownDefinition() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                let kinds = Bounds(namespaces: ["shop"], clusterScoped: ["CustomResourceDefinition"])
                let message = try await Self.refused(
                    cluster, 1, [Self.definition("Namespaced"), Self.placed(Self.widget, in: "other")]
                ) { $0.bounds = kinds }
                #expect(message.contains("example.dev/Widget other/w"), "\(message)")
                coordinator.want("web", 2, [Self.definition("Namespaced"), Self.widget]) { $0.bounds = kinds }
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get("/apis/example.dev/v1/namespaces/shop/widgets/w").at("spec", "size") == 1)
            }
        }
    }

    @Test("What a release drops out of bounds is not deleted, and nothing else of the release is applied")
    func pruning() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                let objects = [configMap("a", ["k": "1"]), Self.role("mighty")]
                coordinator.want("web", 1, objects)
                await coordinator.wait("web", 1, .synced)
                let message = try await Self.refused(cluster, 2, [configMap("a", ["k": "2"])]) { $0.bounds = Self.shop }
                #expect(message.contains("ClusterRole mighty: would be deleted, but kind ClusterRole lives outside"), "\(message)")
                #expect(cluster.get(Self.config("a")).at("data", "k") == "1")
                // Nor does the application go as a whole, by halves.
                let removal = try await Self.refused(cluster, 3, [], intent: .prune) { $0.bounds = Self.shop }
                #expect(removal.contains("nothing was deleted") && removal.contains("ClusterRole mighty"), "\(removal)")
                #expect(!cluster.get(Self.config("a")).isNull)
                // What is annotated to stay is left alone, as without bounds.
                cluster.edit(
                    "/apis/rbac.authorization.k8s.io/v1/clusterroles/mighty",
                    ["metadata": ["annotations": ["flotilla.dev/prune": "disabled"]]])
                coordinator.want("web", 4, [configMap("a", ["k": "2"])]) { $0.bounds = Self.shop }
                await coordinator.wait("web", 4, .synced, .current)
                #expect(!cluster.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/mighty").isNull)
            }
        }
    }

    @Test("A hook that runs when its application goes does not run out of bounds, nor does anything go without it")
    func removalHooks() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "elsewhere"]])
            try await cluster.withAgent { () async throws -> Void in
                let hook = Self.placed(job("clean", image: "x/clean:1", ["helm.sh/hook": "pre-delete"]), in: "elsewhere")
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), hook])
                await coordinator.wait("web", 1, .synced, .current)
                let message = try await Self.refused(cluster, 2, [], intent: .prune) { $0.bounds = Self.shop }
                #expect(message.contains("nothing was deleted: batch/Job elsewhere/clean"), "\(message)")
                #expect(!cluster.get(Self.config("a")).isNull)
                #expect(cluster.get("/apis/batch/v1/namespaces/elsewhere/jobs/clean").isNull)
                coordinator.want("web", 3, [], intent: .prune) { $0.bounds = Bounds(namespaces: ["shop", "elsewhere"]) }
                await coordinator.wait("web", 3, .removed)
                #expect(cluster.get(Self.config("a")).isNull)
            }
        }
    }

    @Test("More violations than a report has room for are counted")
    func manyViolations() throws {
        let check = BoundsCheck(Self.shop, namespace: "shop", serviceAccount: nil)
        let violations = (0..<500).compactMap { index in
            check.violation(
                of: ObjectIdentity(group: "", kind: "ConfigMap", namespace: "n\(index % 3)", name: "config-\(index)"), scope: .namespaced)
        }
        let message = try #require(BoundsRefusal.failure(violations, doing: "nothing was applied")).message
        #expect(message.utf8.count <= Report.textMax && message.contains("500 violations: ConfigMap n0/config-0, ConfigMap n0/config-3"))
        #expect(message.hasSuffix("; and 333 more") && message.contains(" more: namespace 'n0' is out of bounds"), "\(message)")
    }

    @Test("An object passes to an application only within that one's bounds")
    func transfer() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("other", 1, [configMap("a", ["k": "1"]), Self.role("mighty")])
                await coordinator.wait("other", 1, .synced)
                let message = try await Self.refused(cluster, 1, [configMap("a", ["k": "1"]), Self.role("mighty")]) {
                    $0.bounds = Self.shop
                }
                #expect(message.contains("ClusterRole mighty"), "\(message)")
                #expect(cluster.get(Self.config("a")).at("metadata", "labels", Ownership.applicationLabel) == "other")
            }
        }
    }

    @Test("Under new bounds nothing out of them is healed")
    func healing() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                let objects = [configMap("a", ["k": "1"]), Self.role("mighty")]
                coordinator.want("web", 1, objects)
                await coordinator.wait("web", 1, .synced)
                _ = try await Self.refused(cluster, 2, objects) { $0.bounds = Self.shop }
                cluster.edit("/apis/rbac.authorization.k8s.io/v1/clusterroles/mighty", ["rules": []])
                await coordinator.wait {
                    $0.events.contains { $0.kind == .healFailed && $0.message.contains("out of the pipeline's bounds") }
                }
                #expect(cluster.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/mighty").at("rules")?.list?.isEmpty != false)
                // What is within them is kept as it was.
                cluster.edit(Self.config("a"), ["data": ["k": "x"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed && $0.object == "ConfigMap shop/a" } }
            }
        }
    }

    @Test("A dry run and a job are bounded like the application that they are for")
    func commands() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent(commands: CommandPermissions(jobNamespaces: ["*"])) { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"])]) { $0.bounds = Self.shop }
                await coordinator.wait("web", 1, .synced, .current)
                let objects = [configMap("a", ["k": "1"]), Self.role("mighty")]
                var options = SyncOptions()
                options.bounds = Self.shop
                let bundle = Bundle(entries: objects.map { Bundle.Entry(object: Canonical.digest($0)) })
                let tree = MerkleTree([MerkleLeaf(cluster: FakeCoordinator.cluster, application: "web", bundle: bundle.digest)])
                let task = SyncTask(
                    application: "web", namespace: "shop", generation: Generation(epoch: 1, counter: 9), bundle: bundle,
                    record: RecordReference(commit: "c", release: "r", promotion: "p", root: tree.root, path: []), options: options)
                coordinator.offer(objects)
                let tried = await coordinator.done(.dryRun(.init(application: "web", task: task)))
                #expect(tried?.outcome == .failed)
                #expect(
                    tried?.message.contains("nothing was tried: rbac.authorization.k8s.io/ClusterRole mighty") == true,
                    "\(tried?.message ?? "")")
                let manifest = job("report", image: "x/report:1", [:])
                let run = Command.JobRun(manifest: manifest, namespace: "kube-system", application: "web", timeoutSeconds: 60)
                let ran = await coordinator.done(.runJob(run))
                #expect(ran?.outcome == .failed)
                #expect(ran?.message.contains("namespace 'kube-system' is out of bounds") == true, "\(ran?.message ?? "")")
                #expect(cluster.send("GET", "/apis/batch/v1/namespaces/kube-system/jobs").1["items"] == [])
            }
        }
    }
}
