// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct ApplyTests {
    @Test func createsThenChangesNothing() {
        let cluster = TestCluster()
        let first = cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "1"]))
        #expect(first.status == 201)
        cluster.pass(.seconds(2))
        let second = cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "1"]))
        #expect(second.status == 200)
        #expect(second.body == first.body)
    }

    @Test func removesWhatIsNoLongerApplied() {
        let cluster = TestCluster()
        cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "1", "j": "2"]))
        let result = cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "1"]))
        #expect(result.body["data"] == ["k": "1"])
    }

    @Test func namesTheOtherManagerInAConflict() {
        let cluster = TestCluster()
        cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "1"]))
        let refused = cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "2"]), manager: "other")
        #expect(refused.status == 409)
        #expect(refused.body["message"] == "Apply failed with 1 conflict: conflict with \"fleet\": .data.k")
        let forced = cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "2"]), manager: "other", force: true)
        #expect(forced.status == 200)
        #expect(forced.body["data"] == ["k": "2"])
        #expect(forced.body.at("metadata", "managedFields")?.list?.count == 1)
    }

    @Test func anEditTakesAFieldAndAForcedApplyTakesItBack() {
        let cluster = TestCluster()
        cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "1"]))
        cluster.send("PATCH", "\(TestCluster.maps)/a", ["data": ["k": "edited"]], type: "application/merge-patch+json")
        #expect(cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "1"])).status == 409)
        let healed = cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["k": "1"]), force: true)
        #expect(healed.body["data"] == ["k": "1"])
    }

    @Test func quantitiesAreEqualHoweverTheyAreWritten() {
        let cluster = TestCluster()
        var object = TestCluster.deployment("web", image: "nginx:1")
        object.set(
            [["name": "main", "image": "nginx:1", "resources": ["limits": ["cpu": "1000m"]]]], "spec", "template", "spec", "containers")
        let first = cluster.apply("\(TestCluster.deployments)/web", object)
        let second = cluster.apply("\(TestCluster.deployments)/web", object)
        #expect(first.status == 201)
        #expect(second.body.generation == 1)
    }

    @Test func aSecretsTextBecomesData() {
        let cluster = TestCluster()
        let secret: Value = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "stringData": ["a": "b"]]
        let result = cluster.apply("/api/v1/namespaces/default/secrets/s", secret)
        #expect(result.body["data"] == ["a": "Yg=="])
        #expect(result.body["stringData"] == nil)
        let again = cluster.apply("/api/v1/namespaces/default/secrets/s", secret)
        #expect(again.body.resourceVersion == result.body.resourceVersion)
    }
}
