// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct AbsorptionTests {
    private func generated(_ entry: String) throws -> [Resource] {
        try ConfigMapGenerator(
            try Samples.node(entry), options: nil, files: SampleFiles(), source: Resource.Source(path: "o/kustomization.yaml", document: 0)
        ).generate()
    }

    private func absorb(_ entry: String, into map: inout ResourceMap) throws {
        try Absorption.absorb(try generated(entry), into: &map, for: try Samples.node(entry))
    }

    private let present = """
        {apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {a: 1, b: old}, annotations: {config.kubernetes.io/origin: "path: c.yaml\\n"}}, data: {x: 1.50, y: old}, immutable: true}
        """

    @Test func mergingKeepsWhatIsNotSaid() throws {
        var map = try Samples.resources(present)
        map.items[0].needsHash = true
        try absorb("{name: c, behavior: merge, literals: [y=new], options: {labels: {b: new}}}", into: &map)
        #expect(map.items.count == 1)
        #expect(map.items[0].value["data"] == ["x": "1.50", "y": "new"])
        #expect(map.items[0].value["metadata"]?["labels"] == ["a": "1", "b": "new"])
        #expect(map.items[0].annotation("config.kubernetes.io/origin") == "path: c.yaml\n")
        #expect(map.items[0].value["immutable"] == nil)
        #expect(map.items[0].needsHash)
    }

    @Test func replacingKeepsOnlyNameLabelsAndAnnotations() throws {
        var map = try Samples.resources(present)
        try absorb("{name: c, behavior: replace, literals: [z=1]}", into: &map)
        #expect(map.items[0].value["data"] == ["z": "1"])
        #expect(map.items[0].value["metadata"]?["labels"] == ["a": "1", "b": "old"])
        #expect(!map.items[0].needsHash, "what was there wanted none")
    }

    @Test func aFormerNameIsFound() throws {
        var map = try Samples.resources("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}")
        map.items[0].rememberIdentity()
        map.items[0].name = "p-c"
        map.identitiesChanged()
        try absorb("{name: c, behavior: merge, literals: [y=new]}", into: &map)
        #expect(map.items.map(\.name) == ["p-c"])
        #expect(map.indices(everNamed: "c") == [0])
        #expect(map.items[0].value["data"] == ["y": "new"])
    }

    @Test(arguments: [
        ("{name: c, literals: [z=1]}", "exists"), ("{name: c, behavior: create}", "exists"), ("{name: d, behavior: merge}", "no-match"),
        ("{name: d, behavior: replace}", "no-match"), ("{name: c, namespace: other, behavior: merge}", "no-match"),
    ])
    func whatDoesNotFitIsRefused(entry: String, code: String) throws {
        var map = try Samples.resources(present)
        let failure = try #require(throws: KustomizeFailure.self) { try absorb(entry, into: &map) }
        #expect(failure.problems.first?.code == code)
    }

    @Test func newOnesComeLast() throws {
        var map = try Samples.resources(present)
        try absorb("{name: d, namespace: other, behavior: any}", into: &map)
        try absorb("{name: c, namespace: default, behavior: merge, literals: [y=new]}", into: &map)
        #expect(map.items.map(\.name) == ["c", "d"])
        #expect(map.items[0].namespace == "")
    }
}
