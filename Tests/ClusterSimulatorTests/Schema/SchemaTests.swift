// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct SchemaTests {
    @Test func everyBuiltInResourceHasAKindAndMostAShape() {
        #expect(ResourceType.builtIn.count > 60)
        for type in ResourceType.builtIn where ["apps", "batch", "", "networking.k8s.io"].contains(type.group) {
            #expect(type.shape.object != nil, "\(type.qualified)")
        }
    }

    @Test func knowsKeysOfLists() throws {
        let container = try #require(Schema.builtIn["Container"].object)
        let ports = try #require(container["ports"]?.shape.list)
        guard case .keyed(let keys) = ports.relation else {
            Issue.record("ports are keyed")
            return
        }
        #expect(keys.map(\.name) == ["containerPort", "protocol"])
        #expect(keys.map(\.fallback) == [0, "TCP"])
        #expect(ports.patchKey == "containerPort")
        #expect(Schema.builtIn["LabelSelector"].object?.atomic == true)
    }

    @Test func namesUnknownFields() throws {
        var unknown: [String] = []
        let object = try Codec.decode(
            ["spec": ["containers": [["name": "a", "imag": "x"]], "foo": 1]], Schema.builtIn["Pod"], root: "Pod", unknown: &unknown)
        #expect(unknown == ["spec.containers[0].imag", "spec.foo"])
        #expect(object.at("spec", "foo") == nil)
    }

    @Test func complainsOfTypesAsGoDoes() {
        var unknown: [String] = []
        #expect(throws: Codec.Problem.self) {
            try Codec.decode(["spec": ["replicas": "two"]], Schema.builtIn["Deployment"], root: "Deployment", unknown: &unknown)
        }
    }

    @Test(arguments: [
        ("1000m", "1"), ("0.5", "500m"), ("64Mi", "64Mi"), ("1024Mi", "1Gi"), ("1000", "1k"), ("1.5Gi", "1536Mi"), ("0", "0"),
        ("100m", "100m"),
        ("1e3", "1k"), ("64", "64"), ("1500m", "1500m"),
    ])
    func spellsQuantities(_ given: String, _ canonical: String) {
        #expect(Quantity(given)?.canonical == canonical)
    }

    @Test func refusesWhatIsNoQuantity() {
        #expect(Quantity("lots") == nil)
        #expect(Quantity("1 Gi") == nil)
    }
}
