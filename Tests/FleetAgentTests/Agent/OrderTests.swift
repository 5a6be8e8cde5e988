// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(2))) struct OrderTests {
    private static let jobs = "/apis/batch/v1/namespaces/shop/jobs"
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    private static func parent(_ cluster: TestCluster) -> HookLedger? {
        cluster.get("/api/v1/namespaces/flotilla-system/secrets/flotilla-web").at("metadata", "annotations", HookLedger.annotation)?.string
            .flatMap { HookLedger(text: $0) }
    }

    @Test("A wave waits until the one before is Current, and says for what")
    func waves() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            @Sendable func bundle(_ image: String) -> [Value] {
                [
                    configMap("late", ["k": "1"]).annotated(["argocd.argoproj.io/sync-wave": "2"]), deployment("db", image: image),
                    configMap("needs", ["k": "1"]).annotated(["config.kubernetes.io/depends-on": "apps/namespaces/shop/Deployment/db"]),
                ]
            }
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, bundle("x/db:unready"))
                await coordinator.wait {
                    $0.applications["web"]?.message.hasPrefix("wave 0, step 2 waits for apps/Deployment shop/db") == true
                }
                #expect(cluster.get(Self.config("late")).isNull && cluster.get(Self.config("needs")).isNull)
                coordinator.want("web", 2, bundle("x/db:1"))
                await coordinator.wait("web", 2, .synced, .current)
                let writes = try cluster.agentWrites()
                let needs = try #require(writes.firstIndex(of: "PATCH \(Self.config("needs"))"))
                let late = try #require(writes.firstIndex(of: "PATCH \(Self.config("late"))"))
                #expect(needs < late)
                // What is dropped goes in the opposite order.
                coordinator.want("web", 3, [deployment("db", image: "x/db:1")]) { $0.pruneMaxPercent = 100 }
                await coordinator.wait("web", 3, .synced, .current)
                #expect(
                    try Array(cluster.agentWrites()[writes.count...].prefix(2)) == [
                        "DELETE \(Self.config("late"))", "DELETE \(Self.config("needs"))",
                    ])
            }
        }
    }

    @Test("A wave that does not become Current in time is a failure, and goes on when it does")
    func timeout() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want(
                    "web", 1,
                    [deployment("db", image: "x/db:unready"), configMap("late", ["k": "1"]).annotated(["flotilla.dev/wave": "1"])]
                ) { $0.timeoutMilliseconds = 300 }
                await coordinator.wait("web", 1, .failed)
                #expect(coordinator.heard.applications["web"]?.message.contains("wave 1 waits for apps/Deployment shop/db") == true)
                cluster.edit("/apis/apps/v1/namespaces/shop/deployments/db", ["spec": ["replicas": 0]])
                coordinator.want(
                    "web", 2,
                    [deployment("db", image: "x/db:1"), configMap("late", ["k": "1"]).annotated(["flotilla.dev/wave": "1"])])
                await coordinator.wait("web", 2, .synced, .current)
            }
        }
    }

    @Test("An annotation that cannot be followed is a failure that names it")
    func badAnnotation() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"]).annotated(["flotilla.dev/wave": "first"])])
                await coordinator.wait("web", 1, .failed)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.contains("ConfigMap shop/a") && message.contains("flotilla.dev/wave"))
                #expect(cluster.get(Self.config("a")).isNull)
            }
        }
    }

    @Test("Hooks run around a sync, once per release; not when healing, restarting, recovering or repeating")
    func hooks() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            @Sendable func bundle(_ text: String) -> [Value] {
                [
                    job("migrate", image: "x/migrate:1", ["argocd.argoproj.io/hook": "PreSync"]), configMap("a", ["k": text]),
                    job(
                        "check", image: "x/check:1",
                        ["helm.sh/hook": "post-install,post-upgrade", "helm.sh/hook-delete-policy": "hook-succeeded"]),
                    job("setup", image: "x/setup:1", ["helm.sh/hook": "pre-install"]),
                    job("try", image: "x/try:1", ["helm.sh/hook": "test"]),
                ]
            }
            @Sendable func made() throws -> Int { try cluster.agentWrites().filter { $0 == "POST \(Self.jobs)" }.count }
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, bundle("1"), release: "r1")
                await coordinator.wait("web", 1, .synced, .current)
                #expect(coordinator.heard.applications["web"]?.objectsTotal == 1)
                let writes = try cluster.agentWrites()
                let (first, last) = (writes.firstIndex(of: "POST \(Self.jobs)"), writes.lastIndex(of: "POST \(Self.jobs)"))
                let applied = try #require(writes.firstIndex(of: "PATCH \(Self.config("a"))"))
                #expect(try #require(first) < applied && applied < (try #require(last)))
                #expect(try made() == 3)
                #expect(cluster.get("\(Self.jobs)/migrate").at("metadata", "finalizers") == nil)
                #expect(cluster.get("\(Self.jobs)/migrate").at("metadata", "labels", Ownership.partOfLabel) == nil)
                #expect(cluster.get("\(Self.jobs)/check").isNull && cluster.get("\(Self.jobs)/try").isNull)
                #expect(Self.parent(cluster)?["r1"]?.outcomes.count == 3)
                // The same release for another reason, and an edit that is healed.
                coordinator.want("web", 2, bundle("2"), release: "r1", origin: "fleet")
                await coordinator.wait("web", 2, .synced, .current)
                cluster.edit(Self.config("a"), ["data": ["k": "x"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(try made() == 3)
            }
            // A new state folder: only the cluster knows.
            try await cluster.withAgent(state: "other") { () async throws -> Void in
                await coordinator.wait { $0.events.filter { $0.kind == .agentStarted }.count == 2 }
                coordinator.want("web", 3, bundle("3"), release: "r1")
                await coordinator.wait("web", 3, .synced, .current)
                #expect(try made() == 3)
                let old = cluster.get("\(Self.jobs)/migrate").at("metadata", "uid")
                coordinator.want("web", 4, bundle("3"), release: "r2")
                await coordinator.wait("web", 4, .synced, .current)
                // An upgrade: no pre-install.
                #expect(try made() == 5)
                #expect(cluster.get("\(Self.jobs)/migrate").at("metadata", "uid") != old)
                coordinator.want("web", 5, bundle("4"), release: "r1", origin: "rollback")
                await coordinator.wait("web", 5, .synced, .current)
                #expect(try made() == 5)
                // What is no longer a hook of the bundle goes with the next release; the rest with the application.
                coordinator.want("web", 6, Array(bundle("5").dropFirst()), release: "r3")
                await coordinator.wait("web", 6, .synced, .current)
                #expect(cluster.get("\(Self.jobs)/migrate").isNull)
                coordinator.want("web", 7, [], intent: .prune)
                await coordinator.wait("web", 7, .removed)
                #expect(cluster.get(Self.config("a")).isNull)
            }
        }
    }

    @Test("A failed PreSync hook stops the sync, SyncFail hooks run, and neither runs again")
    func failure() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let bundle = [
                job("migrate", image: "x/migrate:fail", ["flotilla.dev/hook": "PreSync"]), configMap("a", ["k": "1"]),
                job("tell", image: "x/tell:1", ["flotilla.dev/hook": "SyncFail"]),
            ]
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, bundle, release: "r1")
                await coordinator.wait { $0.events.contains { $0.message == "SyncFail hook succeeded" } }
                await coordinator.wait("web", 1, .failed)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(
                    message.contains(
                        "batch/Job shop/migrate: PreSync hook failed: Error: container main, exit code 1 (BackoffLimitExceeded"))
                #expect(cluster.get(Self.config("a")).isNull)
                coordinator.want("web", 2, bundle, release: "r1")
                await coordinator.wait("web", 2, .failed)
                #expect(try cluster.agentWrites().filter { $0 == "POST \(Self.jobs)" }.count == 2)
            }
        }
    }

    @Test("A hook that an agent left running when it ended is waited for, not run again")
    func restartWhileRunning() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            var migrate = job("migrate", image: "x/migrate:1", ["flotilla.dev/hook": "PreSync"])
            migrate["spec"]?["suspend"] = true
            let bundle = [migrate, configMap("a", ["k": "1"])]
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, bundle)
                await coordinator.wait { $0.applications["web"]?.message.contains("PreSync hook batch/Job shop/migrate: runs") == true }
                #expect(cluster.get("\(Self.jobs)/migrate").at("metadata", "finalizers") == [.string(HookView.finalizer)])
            }
            try await cluster.withAgent { () async throws -> Void in
                cluster.edit("\(Self.jobs)/migrate", ["spec": ["suspend": false]])
                await coordinator.wait("web", 1, .synced, .current)
                #expect(try cluster.agentWrites().filter { $0 == "POST \(Self.jobs)" }.count == 1)
                #expect(!cluster.get(Self.config("a")).isNull)
            }
        }
    }

    @Test("A field that cannot change is reported, and the object made again only where it says so")
    func immutable() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let path = "\(Self.jobs)/load"
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [job("load", image: "x/load:1", [:])])
                await coordinator.wait("web", 1, .synced, .current)
                let uid = cluster.get(path).at("metadata", "uid")
                coordinator.want("web", 2, [job("load", image: "x/load:2", [:])])
                await coordinator.wait("web", 2, .failed)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.contains("spec.template") && message.contains("flotilla.dev/replace"))
                #expect(cluster.get(path).at("metadata", "uid") == uid)
                coordinator.want("web", 3, [job("load", image: "x/load:2", ["flotilla.dev/replace": "allowed"])])
                await coordinator.wait("web", 3, .synced, .current)
                #expect(cluster.get(path).at("metadata", "uid") != uid)
                #expect(cluster.get(path).at("spec", "template", "spec", "containers")?[0]?["image"] == "x/load:2")
            }
        }
    }

    @Test("What others keep is left alone, what is made once is not healed, and Prune=false keeps")
    func leftAlone() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want(
                    "web", 1,
                    [
                        configMap("a", ["k": "1"]),
                        configMap("once", ["k": "1"]).annotated(["kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"]),
                        configMap("off", ["k": "1"]).annotated(["kustomize.toolkit.fluxcd.io/reconcile": "disabled"]),
                        configMap("stays", ["k": "1"]).annotated(["argocd.argoproj.io/sync-options": "Prune=false"]),
                    ])
                await coordinator.wait("web", 1, .synced, .current)
                #expect(cluster.get(Self.config("off")).isNull)
                cluster.edit(Self.config("once"), ["data": ["k": "2"]])
                cluster.edit(Self.config("a"), ["data": ["k": "2"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(cluster.get(Self.config("once")).at("data", "k") == "2")
                coordinator.want("web", 2, [configMap("a", ["k": "1"])]) { $0.pruneMaxPercent = 100 }
                await coordinator.wait("web", 2, .synced, .current)
                #expect(!cluster.get(Self.config("stays")).isNull && cluster.get(Self.config("once")).isNull)
            }
        }
    }
}
