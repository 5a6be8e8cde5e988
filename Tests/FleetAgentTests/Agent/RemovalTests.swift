// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(2))) struct RemovalTests {
    private static let jobs = "/apis/batch/v1/namespaces/shop/jobs"
    private static let parent = "/api/v1/namespaces/flotilla-system/secrets/flotilla-web"
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    @Test("Hooks of a removal run once, before the objects go and after they have gone; a lost state folder changes nothing")
    func hooks() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want(
                    "web", 1,
                    [
                        configMap("a", ["k": "1"]), deployment("d", image: "x/d:1"),
                        job("backup", image: "x/backup:1", ["argocd.argoproj.io/hook": "PreDelete"]),
                        job("farewell", image: "x/farewell:1", ["helm.sh/hook": "post-delete"]),
                    ])
                await coordinator.wait("web", 1, .synced, .current)
                #expect(try !cluster.agentWrites().contains("POST \(Self.jobs)"))
                #expect(coordinator.heard.applications["web"]?.objectsTotal == 2)
            }
            try await cluster.withAgent(state: "other") { () async throws -> Void in
                await coordinator.wait { $0.sequences.count > 1 }
                let before = try cluster.agentWrites().count
                coordinator.want("web", 2, [], intent: .prune, release: "without")
                await coordinator.wait("web", 2, .removed)
                let writes = try Array(cluster.agentWrites()[before...])
                let made = writes.indices.filter { writes[$0] == "POST \(Self.jobs)" }
                let first = try #require(writes.firstIndex { $0.hasPrefix("DELETE") && !$0.contains("/jobs/") })
                let last = try #require(
                    writes.lastIndex { $0.hasPrefix("DELETE") && $0.contains("/namespaces/shop/") && !$0.contains("/jobs/") })
                #expect(made.count == 2 && made[0] < first && made[1] > last)
                #expect(cluster.get(Self.config("a")).isNull && cluster.get(Self.parent).isNull)
                #expect(cluster.get("\(Self.jobs)/backup").isNull && cluster.get("\(Self.jobs)/farewell").isNull)
                let told = coordinator.heard.events.map(\.message)
                #expect(told.contains("PreDelete hook succeeded") && told.contains("PostDelete hook succeeded"))
            }
        }
    }

    @Test("A PreDelete hook that fails holds the removal: nothing is deleted until a later record asks again")
    func failure() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            @Sendable func bundle(_ image: String) -> [Value] {
                [configMap("a", ["k": "1"]), job("backup", image: image, ["flotilla.dev/hook": "PreDelete"])]
            }
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, bundle("x/backup:fail"), release: "r1")
                await coordinator.wait("web", 1, .synced, .current)
                coordinator.want("web", 2, [], intent: .prune, release: "r2")
                await coordinator.wait("web", 2, .held)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(
                    message.contains("batch/Job shop/backup: PreDelete hook failed")
                        && message.contains("nothing of the application is deleted"))
                #expect(!cluster.get(Self.config("a")).isNull)
            }
            try await cluster.withAgent { () async throws -> Void in
                // It comes back, mended, and goes.
                coordinator.want("web", 3, bundle("x/backup:2"), release: "r3")
                await coordinator.wait("web", 3, .synced, .current)
                coordinator.want("web", 4, [], intent: .prune, release: "r4")
                await coordinator.wait("web", 4, .removed)
                #expect(cluster.get(Self.config("a")).isNull)
            }
        }
    }

    @Test("A hook may leave its name to be generated: one for each release, however often that is planned")
    func generatedNames() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            var migrate = job("x", image: "x/migrate:1", ["flotilla.dev/hook": "PreSync"])
            migrate["metadata"]?["name"] = nil
            migrate["metadata"]?["generateName"] = "migrate-"
            let hook = migrate
            @Sendable func names() -> [String] {
                (cluster.get(Self.jobs)["items"]?.list ?? []).compactMap { $0.at("metadata", "name")?.string }
            }
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [hook, configMap("a", ["k": "1"])], release: "r1")
                await coordinator.wait("web", 1, .synced, .current)
                let first = names()
                #expect(first.count == 1 && first[0].hasPrefix("migrate-") && first[0].count == 16)
                coordinator.want("web", 2, [hook, configMap("a", ["k": "2"])], release: "r1", origin: "fleet")
                await coordinator.wait("web", 2, .synced, .current)
                #expect(names() == first)
                coordinator.want("web", 3, [hook, configMap("a", ["k": "3"])], release: "r2")
                await coordinator.wait("web", 3, .synced, .current)
                #expect(names().count == 1 && names() != first)
                #expect(try cluster.agentWrites().filter { $0 == "POST \(Self.jobs)" }.count == 2)
                var kept = hook
                kept["metadata"]?["annotations"] = nil
                coordinator.want("web", 4, [kept])
                await coordinator.wait("web", 4, .failed)
                #expect(coordinator.heard.applications["web"]?.message.contains("only a hook may have a generateName") == true)
            }
        }
    }

    @Test("What a live application of another agent has is refused with both names, and taken when that has gone")
    func strangers() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let theirs = Ownership.applySetID(application: "store", namespace: "team-b")
            for name in ["shop", "team-b"] {
                cluster.create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
            }
            cluster.create(
                "/api/v1/namespaces/team-b/secrets",
                [
                    "apiVersion": "v1", "kind": "Secret",
                    "metadata": ["name": "flotilla-store", "labels": [Ownership.applySetIDLabel: .string(theirs)]],
                ])
            for name in ["a", "b"] {
                var object = configMap(name, ["k": "theirs"])
                object["metadata"] = [
                    "name": .string(name), "namespace": "shop",
                    "labels": [
                        Ownership.applicationLabel: "store",
                        // The other one's ApplySet is nowhere: nobody is left to ask.
                        Ownership.partOfLabel: .string(
                            name == "a" ? theirs : Ownership.applySetID(application: "store", namespace: "gone")),
                    ],
                ]
                #expect(cluster.apply(Self.config(name), object, manager: "flotilla") == 201)
            }
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "ours"]), configMap("b", ["k": "ours"])])
                await coordinator.wait("web", 1, .failed)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.contains("application store of another agent (ApplySet team-b/flotilla-store)"))
                #expect(message.contains("application web wants it too"))
                #expect(cluster.get(Self.config("a")).at("data", "k") == "theirs")
                cluster.delete(Self.config("a"))
                await coordinator.wait("web", 1, .synced, .current)
                #expect(["a", "b"].allSatisfy { cluster.get(Self.config($0)).at("data", "k") == "ours" })
                #expect(cluster.get(Self.config("b")).at("metadata", "labels", Ownership.applicationLabel) == "web")
            }
        }
    }
}
