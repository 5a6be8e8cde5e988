// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetModel

@Suite("Where declarations stand") struct DeclarationPlacesTests {
    private static let cluster = """
        apiVersion: flotilla.dev/v1alpha1
        kind: Cluster
        metadata:
          name: prod-eu-1
          labels:
            region: eu-west
        spec:
          variables:
            domain: eu-1.example
        """
    private static let environment = """
        # two documents
        ---
        apiVersion: flotilla.dev/v1alpha1
        kind: Environment
        metadata: {name: production}
        spec:
          clusterSelector: {matchLabels: {region: eu-west}}
          variables:
            level: info
        """

    private var files: [ReadFile] {
        [("fleet/clusters/a.yaml", Self.cluster), ("environments/production/environment.yaml", Self.environment)]
            .compactMap { FleetParser.read(SourceFile(path: $0.0, bytes: Array($0.1.utf8))) }
    }

    @Test("each variable leads to the line that gives it its value")
    func origins() throws {
        let fleet = try #require(FleetParser.parse(files).fleet)
        let environment = try #require(fleet.environment("production"))
        let variables = Variables(environment: environment, cluster: try #require(fleet.cluster("prod-eu-1")))
        let places = DeclarationPlaces(files)
        let lines = [
            "cluster.name": "fleet/clusters/a.yaml:4:3", "cluster.labels.region": "fleet/clusters/a.yaml:6:5",
            "cluster.variables.domain": "fleet/clusters/a.yaml:9:5",
            "environment.name": "environments/production/environment.yaml:5:12",
            "environment.variables.level": "environments/production/environment.yaml:9:5",
        ]
        #expect(variables.flattened.keys.sorted() == lines.keys.sorted())
        for (name, line) in lines {
            let (subject, path) = try #require(DeclarationPlaces.origin(of: name, in: variables))
            let mark = try #require(places.mark(of: subject, at: path))
            #expect("\(places.file(of: subject) ?? ""):\(mark.line):\(mark.column)" == line)
        }
        #expect(DeclarationPlaces.origin(of: "domain", in: variables) == nil)
        #expect(places.file(of: Subject(.cluster, "other")) == nil)
        #expect(places.mark(of: Subject(.cluster, "prod-eu-1"), at: ["spec", "variables", "gone"]) == SourceMark(line: 9, column: 5))
    }
}
