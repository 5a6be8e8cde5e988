// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite("Commands", .serialized, .timeLimit(.minutes(2))) struct CommandTests {
    private static let web = "/apis/apps/v1/namespaces/shop/deployments/web"
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }
    private static let soon = AgentClock.system.now() + .seconds(3_600)

    @Test("Sync now sends everything again, without running hooks again, and says how it ended")
    func syncNow() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                let hook = job("migrate", image: "x/migrate:1", ["flotilla.dev/hook": "PreSync"])
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), hook])
                await coordinator.wait("web", 1, .synced)
                let before = try cluster.agentWrites().count
                let result = await coordinator.done(.syncNow(application: "web"))
                #expect(result?.outcome == .done && result?.output["objectsSent"] == 2, "\(String(describing: result))")
                let writes = try cluster.agentWrites()[before...]
                #expect(writes.filter { $0.hasPrefix("PATCH \(Self.config(""))") }.count == 2)
                #expect(!writes.contains { $0.contains("/jobs") && !$0.contains("/jobs/migrate/") && $0.hasPrefix("POST") })
                let other = await coordinator.done(.syncNow(application: "elsewhere"))
                #expect(other?.outcome == .failed && other?.message.contains("is not on this cluster") == true)
            }
        }
    }

    @Test("Sync now does not wait for a retry's turn, and tells a failure that stays")
    func syncNowFails() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced)
                cluster.edit(Self.config("b"), ["data": [:]])
                cluster.create(
                    "/api/v1/namespaces/shop/configmaps",
                    ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "b"], "data": ["k": "theirs"]])
                coordinator.want("web", 2, [configMap("a", ["k": "1"]), configMap("b", ["k": "ours"])]) {
                    $0.retryBackoffMilliseconds = 3_600_000
                }
                await coordinator.wait("web", 2, .held)
                let failed = await coordinator.done(.syncNow(application: "web"))
                #expect(failed?.outcome == .failed && failed?.message.contains("hand") == true, "\(String(describing: failed))")
                cluster.delete(Self.config("b"))
                let done = await coordinator.done(.syncNow(application: "web"))
                #expect(done?.outcome == .done)
                #expect(cluster.get(Self.config("b")).at("data", "k") == "ours")
            }
        }
    }

    @Test("A dry run names what would be made, changed and dropped, and changes nothing")
    func dryRun() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:1"), configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let same = await coordinator.done(.dryRun(Command.DryRun(application: "web")))
                #expect(same?.message == "3 unchanged", "\(String(describing: same))")
                let version = cluster.get(Self.web).at("metadata", "resourceVersion")

                let objects = [deployment("web", image: "x/web:2"), configMap("a", ["k": "1"]), configMap("c", ["k": "1"])]
                coordinator.offer(objects)
                let bundle = Bundle(entries: objects.map { Bundle.Entry(object: Canonical.digest($0)) })
                let task = SyncTask(
                    application: "web", namespace: "shop", generation: Generation(epoch: 1, counter: 99), bundle: bundle,
                    record: RecordReference(commit: "", release: "newer", promotion: "", root: bundle.digest, path: []))
                let result = await coordinator.done(.dryRun(Command.DryRun(application: "web", task: task)))
                #expect(result?.outcome == .done && result?.message == "1 create, 1 change, 1 unchanged, 1 no longer wanted")
                let tried = result?.output["objects"]?.list ?? []
                #expect(
                    tried.first { $0["object"] == "apps/Deployment shop/web" }?["changes"]?.list == [
                        ["path": "/spec/template/spec/containers/0/image", "before": "x/web:1", "after": "x/web:2"]
                    ])
                #expect(tried.first { $0["action"] == "create" }?["object"] == "ConfigMap shop/c")
                #expect(result?.output["prune"]?.list?.first?["object"] == "ConfigMap shop/b")
                #expect(cluster.get(Self.web).at("metadata", "resourceVersion") == version)
                #expect(cluster.get(Self.config("c")).isNull && !cluster.get(Self.config("b")).isNull)
            }
        }
    }

    @Test("A dry run tells conflicts and what the server refuses, and hides secrets")
    func dryRunErrors() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                let secret: Value = [
                    "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "stringData": ["password": "correct-horse"],
                ]
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced)
                cluster.create(
                    "/api/v1/namespaces/shop/secrets",
                    ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "data": ["password": "b2xkLXNlY3JldA=="]])
                cluster.edit(Self.config("a"), ["data": ["k": "theirs"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                let invalid: Value = [
                    "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "Not_A_Name"], "data": ["k": "1"],
                ]
                let objects = [secret, invalid, configMap("a", ["k": "1"])]
                coordinator.offer(objects)
                let bundle = Bundle(entries: objects.map { Bundle.Entry(object: Canonical.digest($0)) })
                var task = SyncTask(
                    application: "web", namespace: "shop", generation: Generation(epoch: 1, counter: 99), bundle: bundle,
                    record: RecordReference(commit: "", release: "newer", promotion: "", root: bundle.digest, path: []))
                task.options.force = true
                let result = await coordinator.done(.dryRun(Command.DryRun(application: "web", task: task)))
                #expect(result?.outcome == .failed)
                let tried = result?.output["objects"]?.list ?? []
                #expect(tried.first { $0["action"] == "error" }?["object"] == "ConfigMap shop/Not_A_Name")
                let change = tried.first { $0["object"] == "Secret shop/s" }
                #expect(change?["action"] == "change", "\(String(describing: result))")
                let text = JSON.text(result?.json ?? .null)
                for plain in ["correct-horse", "Y29ycmVjdC1ob3JzZQ==", "old-secret", "b2xkLXNlY3JldA=="] { #expect(!text.contains(plain)) }
                #expect(text.contains("<hidden "))
            }
        }
    }

    @Test("A job runs once, where that is permitted, and leaves its log and no inventory")
    func runJob() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent(commands: CommandPermissions(jobNamespaces: ["shop"])) {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced)
                var manifest = job("smoke", image: "x/smoke:1", [:])
                manifest["metadata"]?["labels"] = .map([Ownership.applicationLabel: "web"])
                let done = await coordinator.done(.runJob(Command.JobRun(manifest: manifest, namespace: "shop", application: "web")))
                #expect(done?.outcome == .done, "\(String(describing: done))")
                let name = done?.output["job"]?.string ?? ""
                #expect(name.hasPrefix("smoke-") && done?.output["text"]?.string?.contains("x/smoke:1") == true)
                let live = cluster.get("/apis/batch/v1/namespaces/shop/jobs/\(name)")
                #expect(live.at("metadata", "labels", JobCommand.label)?.string == done.map { "\($0.id)" })
                #expect(live.at("metadata", "labels", Ownership.applicationLabel) == nil)
                #expect(live.at("spec", "ttlSecondsAfterFinished") == 600 && live.at("metadata", "ownerReferences") == nil)
                let failed = await coordinator.done(
                    .runJob(Command.JobRun(manifest: job("bad", image: "x/fail:1", [:]), namespace: "shop")))
                #expect(failed?.outcome == .failed && failed?.message.contains("failed") == true)
                let elsewhere = await coordinator.done(.runJob(Command.JobRun(manifest: manifest, namespace: "kube-system")))
                #expect(elsewhere?.outcome == .failed && elsewhere?.message.contains("--allow-jobs kube-system") == true)
                #expect(coordinator.heard.applications["web"]?.objectsTotal == 1)
            }
        }
    }

    @Test("Logs come from a pod that is named, or from one of a workload")
    func logs() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:1")])
                await coordinator.wait("web", 1, .synced, .current)
                let byWorkload = await coordinator.done(.logs(Command.LogQuery(namespace: "shop", target: "deployment/web")))
                #expect(byWorkload?.outcome == .done && byWorkload?.output["text"]?.string?.contains("x/web:1") == true)
                let pod = byWorkload?.output["pod"]?.string ?? ""
                let byName = await coordinator.done(.logs(Command.LogQuery(namespace: "shop", target: pod, container: "main")))
                #expect(byName?.output["text"]?.string?.contains("x/web:1") == true)
                let wrong = await coordinator.done(.logs(Command.LogQuery(namespace: "shop", target: pod, container: "side")))
                #expect(wrong?.message.contains("has no container 'side'; there are: main") == true)
                let none = await coordinator.done(.logs(Command.LogQuery(namespace: "shop", target: "sts/none")))
                #expect(none?.message == "there is no StatefulSet 'none' in namespace shop")
            }
            try await cluster.withAgent(commands: CommandPermissions(allowsReading: false)) {
                let refused = await coordinator.done(.logs(Command.LogQuery(namespace: "shop", target: "x")))
                #expect(refused?.outcome == .failed && refused?.message.contains("--forbid-reading") == true)
            }
        }
    }

    @Test("Objects are listed and read, without the values of Secrets")
    func objects() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:1"), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                cluster.create(
                    "/api/v1/namespaces/shop/secrets",
                    ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "data": ["password": "b2xkLXNlY3JldA=="]])
                let list = await coordinator.done(.listObject(Command.ObjectQuery(kind: "deploy", namespace: "shop")))
                #expect(list?.output["total"] == 1 && list?.output["items"]?.list?.first?["name"] == "web")
                #expect(list?.output["items"]?.list?.first?["health"] == "Current")
                let one = await coordinator.done(.listObject(Command.ObjectQuery(kind: "Deployment.apps", namespace: "shop", name: "web")))
                #expect(one?.output.at("object", "spec", "replicas") == 2 && one?.output.at("object", "metadata", "managedFields") == nil)
                let secret = await coordinator.done(.listObject(Command.ObjectQuery(kind: "secret", namespace: "shop", name: "s")))
                let text = JSON.text(secret?.json ?? .null)
                #expect(secret?.outcome == .done && !text.contains("b2xkLXNlY3JldA==") && !text.contains("old-secret"))
                let unknown = await coordinator.done(.listObject(Command.ObjectQuery(kind: "unicorns", namespace: "shop")))
                #expect(unknown?.message == "the cluster serves no kind 'unicorns'")
                let nowhere = await coordinator.done(.listObject(Command.ObjectQuery(kind: "cm", namespace: "", name: "a")))
                #expect(nowhere?.message.contains("lives in a namespace") == true)
            }
        }
    }

    @Test("What comes too late is answered and not run, what nobody knows is answered too")
    func late() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                let id = coordinator.ask(.listObject(Command.ObjectQuery(kind: "pods", namespace: "shop")), expires: Timestamp(seconds: 1))
                await coordinator.wait { $0.result(id) != nil }
                #expect(coordinator.heard.result(id)?.outcome == .expired && coordinator.heard.result(id)?.startedAt == nil)
                let unknown = await coordinator.done(.unknown("rebootEverything"))
                #expect(unknown?.outcome == .failed && unknown?.message.contains("upgrade it") == true)
            }
        }
    }

    @Test("Whether a command has expired, and when it was carried out, is told by what the machine's clock shows")
    func timeOfDay() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let kind = Command.Kind.listObject(Command.ObjectQuery(kind: "pods", namespace: "shop"))
            var steadyAhead = AgentClock.system
            steadyAhead.now = { AgentClock.system.now() + .seconds(7_200) }
            try await cluster.withAgent(clock: steadyAhead) {
                let id = coordinator.ask(kind, expires: Self.soon)
                await coordinator.wait { $0.result(id) != nil }
                let result = try #require(coordinator.heard.result(id))
                #expect(result.outcome == .done && result.finishedAt < Self.soon)
                #expect(try #require(result.startedAt) < Self.soon)
            }
            try await cluster.withAgent(ahead: .seconds(7_200)) {
                let id = coordinator.ask(kind, expires: Self.soon)
                await coordinator.wait { $0.result(id) != nil }
                let result = try #require(coordinator.heard.result(id))
                #expect(result.outcome == .expired && result.finishedAt > Self.soon)
            }
        }
    }

    @Test("What had begun when the agent ended is answered as interrupted, and never run again")
    func crash() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let state = try await StateFolder(path: "\(cluster.folder.path)/agent")
            let folder = CommandFolder(state: state)
            _ = try await folder.load(at: AgentClock.system.now())
            var ledger = CommandLedger()
            _ = ledger.begin(Generation(epoch: 1, counter: 1), at: Timestamp(seconds: 5))
            try await folder.save(ledger)
            state.stop()
            let first = coordinator.ask(.listObject(Command.ObjectQuery(kind: "pods", namespace: "shop")))
            try await cluster.withAgent {
                await coordinator.wait { $0.result(first) != nil }
                let result = coordinator.heard.result(first)
                #expect(result?.outcome == .failed && result?.message.hasPrefix("interrupted: the agent restarted") == true)
                // The next one is begun as if nothing had been.
                #expect(await coordinator.done(.listObject(Command.ObjectQuery(kind: "pods", namespace: "shop")))?.outcome == .done)
            }
        }
    }

    @Test("An answer that could not be sent is sent by the next agent, and the command is not run again")
    func answersSurvive() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            coordinator.refuseAnswers(true)
            let id = Generation(epoch: 1, counter: 1)
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced)
                coordinator.ask(.syncNow(application: "web"))
                let file = "\(cluster.folder.path)/agent/commands/\(id).result.json"
                try await cluster.until { Folder.exists(file) }
            }
            let before = try cluster.agentWrites().count
            coordinator.refuseAnswers(false)
            try await cluster.withAgent {
                await coordinator.wait { $0.result(id) != nil }
                #expect(coordinator.heard.result(id)?.outcome == .done)
                await coordinator.wait { $0.lastCommand == id }
                let after = try cluster.agentWrites().count
                #expect(after == before)
            }
        }
    }

    @Test("Healing is paused: drift is told and stays, over restarts, and is healed when the pause ends")
    func pause() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let pause = DriftPause(application: "web", until: Self.soon, reason: "night", requestedBy: "ada")
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:1"), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                await coordinator.pause([pause])
                cluster.edit(Self.web, ["spec": ["replicas": 7]])
                await coordinator.wait { $0.events.contains { $0.kind == .drift && $0.paths == ["/spec/replicas"] } }
                let drift = coordinator.heard.events.first { $0.kind == .drift }
                #expect(drift?.message.contains("not healed: healing is paused until") == true)
                #expect(drift?.message.hasSuffix("by ada: night") == true)
                #expect(cluster.get(Self.web).at("spec", "replicas") == 7)
                // What healing would do can be asked for meanwhile.
                let trial = await coordinator.done(.dryRun(Command.DryRun(application: "web")))
                #expect(trial?.message == "1 change, 1 unchanged", "\(String(describing: trial))")
                #expect(
                    trial?.output["objects"]?.list?.first { $0["action"] == "change" }?["changes"]?.list
                        == [["path": "/spec/replicas", "before": 7, "after": 2]])
                #expect(cluster.get(Self.web).at("spec", "replicas") == 7)
            }
            // Nobody to ask, and still known.
            try await cluster.withAgent(isAlone: true) {
                cluster.edit(Self.config("a"), ["data": ["k": "2"]])
            }
            #expect(cluster.get(Self.web).at("spec", "replicas") == 7)
            try await cluster.withAgent {
                await coordinator.wait { $0.pauses == [pause] }
                await coordinator.pause([])
                await coordinator.wait { $0.events.contains { $0.kind == .healed && $0.object == "apps/Deployment shop/web" } }
                #expect(cluster.get(Self.web).at("spec", "replicas") == 2)
            }
        }
    }

    @Test("A pause ends by itself, without the coordinator")
    func pauseEnds() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced)
                await coordinator.pause([DriftPause(application: "web", until: Self.soon, reason: "night", requestedBy: "ada")])
                cluster.edit(Self.config("a"), ["data": ["k": "2"]])
                await coordinator.wait { $0.events.contains { $0.kind == .drift } }
            }
            // Not by the clock that only measures.
            var steadyAhead = AgentClock.system
            steadyAhead.now = { AgentClock.system.now() + .seconds(7_200) }
            try await cluster.withAgent(clock: steadyAhead) {
                await coordinator.wait { $0.events.filter { $0.kind == .drift }.count == 2 }
                #expect(cluster.get(Self.config("a")).at("data", "k") == "2")
            }
            try await cluster.withAgent(ahead: .seconds(7_200), isAlone: true) {
                try await cluster.has { cluster.get(Self.config("a")).at("data", "k") == "1" }
            }
        }
    }
}
