// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct FaultTests {
    private let cluster = TestCluster(trusts: false)

    private func send(
        _ method: String, _ path: String, _ body: Value? = nil, token: String = "secret", type: String = "application/json"
    ) -> APIResponse {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        return cluster.cluster.handle(
            APIRequest(
                method: method, path: parts[0], query: parts.count == 2 ? URLText.query(parts[1]) : [],
                headers: [("content-type", type), ("authorization", "Bearer \(token)")], body: body.map { JSON.write($0) } ?? []))
    }

    private func apply(_ name: String, _ value: String) -> APIResponse {
        send(
            "PATCH", "\(TestCluster.maps)/\(name)?fieldManager=fleet", TestCluster.map(name, ["k": .string(value)]),
            type: "application/apply-patch+yaml")
    }

    private func set(_ change: Value) -> Value {
        (try? JSON.read(send("POST", "/simulator/faults", change).bytes)) ?? .null
    }

    @Test func throttlesWithTheTimeToWait() {
        #expect(set(["throttleRate": 1, "retryAfterSeconds": 7])["retryAfterSeconds"] == 7)
        let answer = apply("a", "1")
        #expect(answer.status == 429)
        #expect(answer.headers.contains { $0.name == "Retry-After" && $0.value == "7" })
        _ = set(["throttleRate": 0])
        #expect(apply("a", "1").status == 201)
    }

    @Test func refusesTokensUntilToldOtherwise() {
        var faults = Faults()
        faults.refusesTokens = true
        cluster.cluster.setFaults(faults)
        #expect(send("GET", TestCluster.maps).status == 401)
        cluster.cluster.setFaults(Faults())
        #expect(send("GET", TestCluster.maps).status == 200)
    }

    @Test func letsTheAdministratorsTokenBeRenewed() {
        let renewed = cluster.cluster.renewToken()
        #expect(send("GET", TestCluster.maps).status == 401)
        #expect(send("GET", TestCluster.maps, token: renewed).status == 200)
    }

    @Test func letsTokensOfAccountsExpire() throws {
        func issue() throws -> String {
            let path = "/api/v1/namespaces/default/serviceaccounts/default/token"
            let answer = try JSON.read(send("POST", path, ["spec": ["expirationSeconds": 600]]).bytes)
            return try #require(answer.at("status", "token")?.string)
        }
        let token = try issue()
        let review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        #expect(send("POST", review, [:], token: token).status == 201)
        _ = set(["action": "expireTokens"])
        #expect(send("POST", review, [:], token: token).status == 401)
        let second = try issue()
        #expect(send("POST", review, [:], token: second).status == 201)
        cluster.pass(.seconds(601), step: .seconds(601))
        #expect(send("POST", review, [:], token: second).status == 401)
    }

    @Test func answersWritesWithConflicts() {
        #expect(apply("a", "1").status == 201)
        _ = set(["conflictRate": 1])
        #expect(apply("a", "2").status == 409)
        #expect(apply("b", "1").status == 201)
        _ = set(["conflictRate": 0])
        #expect(apply("a", "2").status == 200)
    }

    @Test func failsAndSlowsWritesThroughAWebhook() throws {
        var faults = Faults()
        faults.webhook = WebhookFault(name: "w.example.com", isFailing: true, resources: ["configmaps"])
        cluster.cluster.setFaults(faults)
        let failed = apply("a", "1")
        #expect(failed.status == 500)
        #expect(String(decoding: failed.bytes, as: UTF8.self).contains("failed calling webhook \\\"w.example.com\\\""))
        #expect(send("GET", TestCluster.maps).status == 200)
        let request = APIRequest(method: "PATCH", path: "\(TestCluster.maps)/a")
        faults.webhook = WebhookFault(delay: .seconds(3))
        cluster.cluster.setFaults(faults)
        #expect(cluster.cluster.delay(of: request) == .seconds(3))
        #expect(apply("a", "1").status == 201)
        faults.webhook = WebhookFault(delay: .seconds(30), timeout: .seconds(10))
        cluster.cluster.setFaults(faults)
        #expect(cluster.cluster.delay(of: request) == .seconds(10))
        #expect(String(decoding: apply("a", "2").bytes, as: UTF8.self).contains("context deadline exceeded"))
        _ = set(["webhook": .null])
        #expect(apply("a", "2").status == 200)
    }

    @Test func failsWritesWhoseWebhookHasNothingBehindIt() {
        let webhook: Value = [
            "metadata": ["name": "guard"],
            "webhooks": [
                [
                    "name": "guard.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                    "clientConfig": ["service": ["name": "guard", "namespace": "default"]],
                    "rules": [["apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]]],
                ]
            ],
        ]
        #expect(send("POST", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", webhook).status == 201)
        let answer = apply("a", "1")
        #expect(answer.status == 500)
        #expect(String(decoding: answer.bytes, as: UTF8.self).contains("service \\\"guard\\\" not found"))
        let service: Value = ["metadata": ["name": "guard"], "spec": ["selector": ["app": "guard"], "ports": [["port": 443]]]]
        #expect(send("POST", "/api/v1/namespaces/default/services", service).status == 201)
        #expect(String(decoding: apply("a", "1").bytes, as: UTF8.self).contains("no endpoints available for service \\\"guard\\\""))
        #expect(send("POST", TestCluster.deployments, TestCluster.deployment("guard", image: "guard:1", replicas: 1)).status == 201)
        cluster.pass(.seconds(2))
        #expect(apply("a", "1").status == 201)
    }

    @Test func keepsNamespacesTerminating() throws {
        #expect(send("POST", "/api/v1/namespaces", ["metadata": ["name": "old"]]).status == 201)
        _ = set(["stuckNamespaces": ["old"]])
        #expect(send("DELETE", "/api/v1/namespaces/old").status == 200)
        cluster.pass(.seconds(5))
        let stuck = try JSON.read(send("GET", "/api/v1/namespaces/old").bytes)
        #expect(stuck.at("status", "phase") == "Terminating")
        #expect(Workload.condition(stuck, "NamespaceDeletionDiscoveryFailure")?["status"] == "True")
        _ = set(["stuckNamespaces": []])
        cluster.pass(.seconds(2))
        #expect(send("GET", "/api/v1/namespaces/old").status == 404)
    }

    @Test func letsWatchesFallSilent() async throws {
        guard case .stream(let stream) = send("GET", "\(TestCluster.maps)?watch=true&timeoutSeconds=5&labelSelector=!x").body else {
            Issue.record("no stream")
            return
        }
        #expect(apply("a", "1").status == 201)
        var faults = Faults()
        faults.stallsWatches = true
        cluster.cluster.setFaults(faults)
        #expect(apply("b", "1").status == 201)
        cluster.pass(.seconds(10))
        // Past its time it is still open; only dropping it ends it.
        cluster.cluster.setFaults(Faults())
        #expect(apply("c", "1").status == 201)
        cluster.cluster.act(.dropWatches)
        var names: [String] = []
        for await line in stream { names.append((try? JSON.read(line))?["object"]?.name ?? "") }
        #expect(names.contains("a"))
        #expect(!names.contains("b") && !names.contains("c"))
    }
}
