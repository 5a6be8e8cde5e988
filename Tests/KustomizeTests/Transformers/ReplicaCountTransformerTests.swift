// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct ReplicaCountTransformerTests {
    private func transformer(_ entry: String) throws -> ReplicaCountTransformer {
        try ReplicaCountTransformer(try Samples.node(entry), fields: TransformerConfiguration.standard.replicas)
    }

    @Test func theCountIsSetWhereTheNameIsOrWas() throws {
        var map = try Samples.resources(
            """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}
            --- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: {replicas: "3"}}
            --- {apiVersion: apps/v1, kind: Deployment, metadata: {name: other}}
            --- {apiVersion: v1, kind: ConfigMap, metadata: {name: web}}
            """)
        map = try map.after(PrefixTransformer(prefix: "p-", fields: [FieldSpec(path: "metadata/name")], at: try Samples.node("{}")))
        let values = try map.after(try transformer("{name: web, count: 5}")).values
        #expect(values.map { $0.at("spec", "replicas") } == [5, 5, nil, nil])
    }

    @Test func aNameThatNothingHasIsRefused() throws {
        let map = try Samples.resources("{apiVersion: v1, kind: ConfigMap, metadata: {name: web}}")
        let failure = try #require(throws: KustomizeFailure.self) { _ = try map.after(try transformer("{name: web, count: 5}")) }
        #expect(failure.problems.first?.code == "no-match")
    }

    @Test(arguments: ["{name: web, count: many}", "{name: web, number: 1}", "{name: web, count: 1.5}"])
    func wrongEntriesAreRefused(entry: String) throws {
        #expect(throws: KustomizeFailure.self) { _ = try transformer(entry) }
    }
}
