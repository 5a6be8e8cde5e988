// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct RequestTests {
    @Test func readsReviewsInProtocolBuffers() throws {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        let attributes = field(1, Array("default".utf8)) + field(2, Array("create".utf8)) + field(5, Array("pods".utf8))
        let review = field(2, field(1, attributes))
        let body: [UInt8] = [0x6b, 0x38, 0x73, 0x00] + field(1, []) + field(2, review)
        let answer = TestCluster().cluster.handle(
            APIRequest(
                method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                headers: [("Content-Type", "application/vnd.kubernetes.protobuf")], body: body))
        #expect(answer.status == 201)
        let value = try JSON.read(answer.bytes)
        #expect(value.at("spec", "resourceAttributes", "resource") == "pods")
        #expect(value.at("status", "allowed") == true)
    }

    @Test func namespacesTakeTheirContentsAlong() {
        let cluster = TestCluster()
        cluster.send("POST", "/api/v1/namespaces", ["metadata": ["name": "shop"]])
        cluster.send(
            "POST", "/api/v1/namespaces/shop/configmaps",
            ["metadata": ["name": "held", "finalizers": ["example.com/hold"]], "data": ["a": "b"]])
        #expect(cluster.get("/api/v1/namespaces/shop/serviceaccounts/default").name == "default")
        cluster.send("DELETE", "/api/v1/namespaces/shop")
        let refused = cluster.send("POST", "/api/v1/namespaces/shop/configmaps", ["metadata": ["name": "late"]])
        #expect(refused.status == 403)
        cluster.pass(.seconds(1))
        let waiting = cluster.get("/api/v1/namespaces/shop")
        #expect(Workload.condition(waiting, "NamespaceFinalizersRemaining")?["status"] == "True")
        cluster.send(
            "PATCH", "/api/v1/namespaces/shop/configmaps/held", ["metadata": ["finalizers": .null]], type: "application/merge-patch+json")
        cluster.pass(.seconds(1))
        #expect(cluster.send("GET", "/api/v1/namespaces/shop").status == 404)
    }

    @Test func pagesThroughAListAsItWas() throws {
        let cluster = TestCluster()
        for name in ["a", "b", "c"] { cluster.send("POST", "/api/v1/namespaces", ["metadata": ["name": .string("n\(name)")]]) }
        let first = cluster.get("/api/v1/namespaces?limit=2")
        let token = try #require(first.at("metadata", "continue")?.string)
        cluster.send("POST", "/api/v1/namespaces", ["metadata": ["name": "zzz"]])
        var names: [String] = first.at("items")?.list?.map(\.name) ?? []
        var next: String? = token
        while let position = next {
            let page = cluster.get("/api/v1/namespaces?limit=2&continue=\(position.replacing("+", with: "%2B"))")
            names += page.at("items")?.list?.map(\.name) ?? []
            next = page.at("metadata", "continue")?.string
        }
        #expect(names == ["default", "kube-node-lease", "kube-public", "kube-system", "na", "nb", "nc"])
    }

    @Test func watchesSeeChangesAndSelections() async throws {
        let cluster = TestCluster()
        let response = cluster.cluster.handle(
            APIRequest(
                method: "GET", path: TestCluster.maps, query: [("watch", "true"), ("labelSelector", "w"), ("timeoutSeconds", "5")]))
        guard case .stream(let stream) = response.body else {
            Issue.record("a watch streams")
            return
        }
        cluster.send("POST", TestCluster.maps, ["metadata": ["name": "a", "labels": ["w": "1"]]])
        cluster.send("PATCH", "\(TestCluster.maps)/a", ["data": ["k": "1"]], type: "application/merge-patch+json")
        cluster.send("PATCH", "\(TestCluster.maps)/a", ["data": ["k": "1"]], type: "application/merge-patch+json")
        cluster.send("PATCH", "\(TestCluster.maps)/a", ["metadata": ["labels": ["w": .null]]], type: "application/merge-patch+json")
        cluster.pass(.seconds(6), step: .seconds(1))
        var kinds: [String] = []
        for await line in stream { kinds.append(try JSON.read(line)["type"]?.string ?? "") }
        #expect(kinds == ["ADDED", "MODIFIED", "DELETED"])
    }

    @Test func anExpiredWatchIsGone() async throws {
        let cluster = TestCluster()
        cluster.cluster.act(.expireHistory)
        let response = cluster.cluster.handle(
            APIRequest(method: "GET", path: TestCluster.maps, query: [("watch", "true"), ("resourceVersion", "1")]))
        guard case .stream(let stream) = response.body else { return }
        var lines: [Value] = []
        for await line in stream { lines.append(try JSON.read(line)) }
        #expect(lines.first?.at("object", "code") == 410)
    }

    @Test func wantsAToken() {
        var behaviour = SimulatorBehaviour()
        behaviour.trustsAnonymous = false
        let cluster = SimulatedCluster(
            specification: ClusterSpecification(name: "x", token: "secret"), behaviour: behaviour, seed: 1, clock: { Timestamp(seconds: 1) }
        )
        func status(_ token: String?) -> Int {
            cluster.handle(
                APIRequest(method: "GET", path: "/api/v1/pods", headers: token.map { [("Authorization", "Bearer \($0)")] } ?? [])
            ).status
        }
        #expect(status(nil) == 403)
        #expect(status("wrong") == 401)
        #expect(status("secret") == 200)
    }

    @Test func rolesLimitImpersonatedUsers() {
        let cluster = TestCluster()
        let group = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
        cluster.send(
            "POST", "\(group)/roles",
            ["metadata": ["name": "reader"], "rules": [["apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]]]])
        cluster.send(
            "POST", "\(group)/rolebindings",
            [
                "metadata": ["name": "reader"], "roleRef": ["kind": "Role", "name": "reader"],
                "subjects": [["kind": "User", "name": "ann"]],
            ])
        let headers = [(name: "Impersonate-User", value: "ann")]
        #expect(cluster.send("GET", TestCluster.maps, headers: headers).status == 200)
        let refused = cluster.send("POST", TestCluster.maps, TestCluster.map("x", [:]), headers: headers)
        #expect(refused.status == 403)
        #expect(
            refused.body["message"]
                == "configmaps is forbidden: User \"ann\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"default\""
        )
    }

    @Test func faultsAnswerAndEnd() {
        let cluster = TestCluster()
        let changed = cluster.send("POST", "/simulator/faults", ["errorRate": 1])
        #expect(changed.status == 200)
        #expect(cluster.send("GET", "/api/v1/pods").status == 500)
        cluster.send("POST", "/simulator/faults", ["errorRate": 0])
        #expect(cluster.send("GET", "/api/v1/pods").status == 200)
    }
}
