// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import flotilla

@Suite("Seed files") struct SeedFilesTests {
    @Test("however many clusters, staging has one and production two at least", arguments: [3, 4, 6, 10, 100])
    func generated(_ count: Int) {
        let names = ClusterName.generate(count)
        #expect(Set(names.map(\.name)).count == count)
        #expect(names.filter { !$0.isProduction }.count >= 1)
        #expect(names.filter(\.isProduction).count >= 2)
        #expect(names.filter(\.isCanary).count == 1)
    }

    @Test("a generated cluster is a document")
    func declaration() throws {
        let document = try YAML.document(Array(ClusterName.generate(3)[1].declaration.utf8))
        #expect(document.at("metadata", "name") == "prod-eu-1")
        #expect(document.at("metadata", "labels", "ring") == "canary")
    }

    @Test(
        "contexts become names of clusters", arguments: [("kind-a", "kind-a"), ("arn:aws:eks/Prod_1", "arn-aws-eks-prod-1"), ("-x-", "x")])
    func contexts(_ context: String, _ name: String) { #expect(ClusterName.name(of: context) == name) }

    @Test("only the clusters are replaced")
    func replacing() {
        let files = SeedFiles.replacingClusters(
            in: ["fleet/clusters/old.yaml": [1], "fleet/pipelines/p.yaml": [2]], by: ClusterName.generate(3))
        #expect(files["fleet/clusters/old.yaml"] == nil)
        #expect(files["fleet/pipelines/p.yaml"] == [2])
        #expect(files.count == 4)
    }
}
