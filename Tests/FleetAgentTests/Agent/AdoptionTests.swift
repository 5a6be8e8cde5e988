// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(2))) struct AdoptionTests {
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    @Test("What kubectl, Helm, Argo CD and Flux manage is taken over without conflicts, and what they had on top goes")
    func adopt() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]])
            let last = "kubectl.kubernetes.io/last-applied-configuration"
            for (index, manager) in ["kubectl-client-side-apply", "helm", "argocd-controller", "kustomize-controller"].enumerated() {
                var object = configMap("m\(index)", ["k": "theirs", "old": "1"])
                object["metadata"]?["annotations"] = [last: "{}", "theirs.dev/id": "7"]
                #expect(cluster.create("/api/v1/namespaces/shop/configmaps", object, manager: manager) == 201)
                cluster.edit(Self.config("m\(index)"), ["data": ["hand": "1"]])
            }
            try await cluster.withAgent { () async throws -> Void in
                let bundle = (0..<4).map { configMap("m\($0)", ["k": "ours"]) }
                coordinator.want("web", 1, bundle)
                await coordinator.wait("web", 1, .held)
                coordinator.want("web", 2, bundle) { $0.adopt = true }
                await coordinator.wait("web", 2, .synced, .current)
                for index in 0..<4 {
                    let live = cluster.get(Self.config("m\(index)"))
                    #expect(live["data"] == ["k": "ours", "hand": "1"])
                    #expect(live.at("metadata", "annotations") == nil)
                    let managers = live.at("metadata", "managedFields")?.list?.compactMap { $0["manager"]?.string } ?? []
                    #expect(Set(managers) == ["flotilla", "hand"])
                }
                // From now on it is like anything else.
                cluster.edit(Self.config("m0"), ["data": ["k": "x"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(cluster.get(Self.config("m0")).at("data", "k") == "ours")
            }
        }
    }

    @Test(
        "An object that one answer moves between applications is relabelled, whichever of them syncs first",
        arguments: [["api", "web"], ["web", "api"]])
    func transfer(names: [String]) async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let (from, to) = (names[0], names[1])
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want(from, 1, [configMap("moves", ["k": "1"]), configMap("stays", ["k": "1"])])
                coordinator.want(to, 1, [configMap("other", ["k": "1"])])
                await coordinator.wait(from, 1, .synced, .current)
                await coordinator.wait(to, 1, .synced, .current)
                let uid = cluster.get(Self.config("moves")).at("metadata", "uid")
                let writes = try cluster.agentWrites().count
                coordinator.together { () -> Void in
                    coordinator.want(from, 2, [configMap("stays", ["k": "1"])])
                    coordinator.want(to, 2, [configMap("other", ["k": "1"]), configMap("moves", ["k": "1"])])
                }
                await coordinator.wait(from, 2, .synced, .current)
                await coordinator.wait(to, 2, .synced, .current)
                let live = cluster.get(Self.config("moves"))
                #expect(live.at("metadata", "uid") == uid)
                #expect(live.at("metadata", "labels", Ownership.applicationLabel)?.string == to)
                #expect(try !cluster.agentWrites()[writes...].contains { $0.hasPrefix("DELETE") })
                #expect(!coordinator.heard.events.contains { $0.kind == .applyFailed })
                // A whole application may move too.
                coordinator.together { () -> Void in
                    coordinator.want(to, 3, [], intent: .prune)
                    coordinator.want(from, 3, ["stays", "moves", "other"].map { configMap($0, ["k": "1"]) })
                }
                await coordinator.wait(from, 3, .synced, .current)
                await coordinator.wait(to, 3, .removed)
                #expect(cluster.get(Self.config("moves")).at("metadata", "uid") == uid)
                #expect(try !cluster.agentWrites()[writes...].contains { $0.hasPrefix("DELETE") && $0.contains("configmaps") })
            }
        }
    }

    @Test("An object that moves while the agent is away is relabelled too")
    func transferAway() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("api", 1, [configMap("moves", ["k": "1"]), configMap("stays", ["k": "1"])])
                coordinator.want("web", 1, [configMap("other", ["k": "1"])])
                await coordinator.wait("api", 1, .synced, .current)
                await coordinator.wait("web", 1, .synced, .current)
            }
            let uid = cluster.get(Self.config("moves")).at("metadata", "uid")
            coordinator.together { () -> Void in
                coordinator.want("api", 2, [configMap("stays", ["k": "1"])])
                coordinator.want("web", 2, [configMap("other", ["k": "1"]), configMap("moves", ["k": "1"])])
            }
            try await cluster.withAgent { () async throws -> Void in
                await coordinator.wait("api", 2, .synced, .current)
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.config("moves")).at("metadata", "uid") == uid)
                #expect(cluster.get(Self.config("moves")).at("metadata", "labels", Ownership.applicationLabel) == "web")
            }
        }
    }

    @Test("Field sets are joined; entries of people, controllers and subresources stay")
    func managedFields() {
        func entry(_ manager: String, operation: String = "Update", _ fields: Value, subresource: String? = nil) -> Value {
            var entry: Value = [
                "manager": .string(manager), "operation": .string(operation), "apiVersion": "v1", "fieldsType": "FieldsV1",
                "fieldsV1": fields,
            ]
            if let subresource { entry["subresource"] = .string(subresource) }
            return entry
        }
        func live(_ entries: [Value]) -> Value { ["metadata": ["managedFields": .list(entries)]] }
        let hand = entry("kubectl-edit", ["f:data": ["f:h": [:]]])
        let status = entry("helm", ["f:status": [:]], subresource: "status")
        #expect(Adoption.managedFields(of: live([hand, status])) == nil)
        let joined = Adoption.managedFields(
            of: live([
                entry("helm", ["f:data": [".": [:], "f:a": [:]]]), hand, entry("flotilla", operation: "Apply", ["f:data": ["f:b": [:]]]),
                status,
                entry("argocd-controller", operation: "Apply", ["f:metadata": ["f:labels": ["f:x": [:]]]]),
            ]))
        #expect(
            joined == [
                entry(
                    "flotilla", operation: "Apply",
                    ["f:data": ["f:b": [:], ".": [:], "f:a": [:]], "f:metadata": ["f:labels": ["f:x": [:]]]]), hand, status,
            ])
    }
}
