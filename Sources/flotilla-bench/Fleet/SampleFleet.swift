// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A generated fleet repository: one pipeline with one stage, whose only wave takes all clusters at once.
struct SampleFleet: Sendable {
    static let pipeline = "bench"
    static let environment = "bench"
    static let namespace = "shop"

    var clusters: Int
    var applications: Int
    /// Of each application.
    var contents: Contents
    /// The first so many applications take a ConfigMap from one base that they share; with a kustomization only.
    var sharing = 0

    enum Contents: Sendable {
        /// A kustomization of a Deployment, a Service and a ConfigMap.
        case kustomization
        /// Plain manifests: so many ConfigMaps, Services and Deployments.
        case plain(configMaps: Int, services: Int, deployments: Int)
    }

    var clusterNames: [String] { (0..<clusters).map(Self.cluster) }
    var applicationNames: [String] { (0..<applications).map(Self.application) }

    static func cluster(_ index: Int) -> String { "cluster-\(index)" }
    static func application(_ index: Int) -> String { "app-\(index)" }

    /// The file that a commit changes: a ConfigMap, so that no Pod has to start anew.
    static func changingFile(_ application: Int) -> String { "fleet/applications/\(Self.application(application))/deploy/configmap.yaml" }

    /// The file of the base that applications share.
    static let sharedFile = "bases/shared/configmap.yaml"

    /// The contents of `sharedFile` after a number of commits.
    static func shared(revision: Int) -> [UInt8] {
        Array("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shared\ndata:\n  revision: \"\(revision)\"\n".utf8)
    }

    /// The contents of `changingFile` after a number of commits.
    func changed(_ application: Int, revision: Int) -> [UInt8] {
        let configMaps = if case .plain(let count, _, _) = contents { count } else { 1 }
        let text = (0..<configMaps).map { index in
            SampleManifests.configMap(number(application, index), namespace: nil) + "  revision: \"\(index == 0 ? revision : 0)\"\n"
        }
        return Array(text.joined(separator: "---\n").utf8)
    }

    /// Names are made from numbers: no two objects of the fleet share one.
    func number(_ application: Int, _ index: Int) -> Int { application * 1_000 + index }

    var files: [String: [UInt8]] {
        var files: [String: String] = [
            "environments/\(Self.environment)/environment.yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Environment
            metadata:
              name: \(Self.environment)
            spec:
              clusterSelector:
                matchLabels:
                  tier: bench
              rollout:
                waves:
                - name: all
                  maxUnavailable: 100%

            """,
            "fleet/pipelines/\(Self.pipeline).yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Pipeline
            metadata:
              name: \(Self.pipeline)
            spec:
              source:
                branch: main
              applications:
                matchLabels:
                  part-of: bench
              stages:
              - environment: \(Self.environment)
                promotion: automatic

            """,
        ]
        for name in clusterNames {
            files["fleet/clusters/\(name).yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Cluster
                metadata:
                  name: \(name)
                  labels:
                    tier: bench
                spec: {}

                """
        }
        var all = files.mapValues { Array($0.utf8) }
        for index in 0..<applications { add(application: index, to: &all) }
        if sharing > 0 {
            all[Self.sharedFile] = Self.shared(revision: 0)
            all["bases/shared/kustomization.yaml"] = Array("resources:\n- configmap.yaml\n".utf8)
        }
        return all
    }

    private func add(application index: Int, to files: inout [String: [UInt8]]) {
        let name = Self.application(index)
        let folder = "fleet/applications/\(name)"
        files["\(folder)/application.yaml"] = Array(
            """
            apiVersion: flotilla.dev/v1alpha1
            kind: Application
            metadata:
              name: \(name)
              labels:
                part-of: bench
            spec:
              source:
                path: \(folder)/deploy
              namespace: \(Self.namespace)
              sync:
                createNamespace: true

            """.utf8)
        files[Self.changingFile(index)] = changed(index, revision: 0)
        switch contents {
        case .kustomization:
            let number = number(index, 0)
            files["\(folder)/deploy/kustomization.yaml"] = Array(
                """
                resources:
                - configmap.yaml
                - deployment.yaml
                - service.yaml\(index < sharing ? "\n- ../../../../bases/shared" : "")
                images:
                - name: registry.example/shop/web
                  newTag: 1.5.0

                """.utf8)
            files["\(folder)/deploy/deployment.yaml"] = Array(SampleManifests.deployment(number, namespace: nil).utf8)
            files["\(folder)/deploy/service.yaml"] = Array(SampleManifests.service(number, namespace: nil).utf8)
        case .plain(_, let services, let deployments):
            let others =
                (0..<services).map { SampleManifests.service(number(index, $0), namespace: nil) }
                + (0..<deployments).map { SampleManifests.deployment(number(index, $0), namespace: nil) }
            guard !others.isEmpty else { return }
            files["\(folder)/deploy/others.yaml"] = Array(others.joined(separator: "---\n").utf8)
        }
    }
}
