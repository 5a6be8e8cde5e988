// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Threads

/// The fleet repository of the crash tests, and a person's clone of it.
///
/// Two staging clusters, three production clusters in two waves, two applications of plain manifests. Every release changes the image and
/// the settings of `web`; every second one adds an object and drops the one that was added before.
actor SmallFleet {
    nonisolated let remote: String
    private let work: StockGit
    private let thread: ThreadExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
    private(set) var release = 0
    /// The images of releases that never become healthy.
    private(set) var broken: Set<Int> = []

    static let pipeline = "shop"
    static let staging = ["staging-1", "staging-2"]
    static let production = ["prod-1", "prod-2", "prod-3"]
    static let canarySoak = Duration.milliseconds(500)

    static let shape = FleetShape(
        pipeline: pipeline,
        stages: [
            FleetShape.Stage(environment: "staging", waves: [FleetShape.Wave(name: "all", clusters: staging, maxUnavailable: 1)]),
            FleetShape.Stage(
                environment: "production", after: ["staging"],
                waves: [
                    FleetShape.Wave(name: "canary", clusters: [production[0]], maxUnavailable: 1, soak: canarySoak),
                    FleetShape.Wave(name: "rest", clusters: Array(production.dropFirst()), maxUnavailable: 1),
                ]),
        ],
        applications: ["base": "environments/${environment.name}/base", "web": "environments/${environment.name}/web"])

    /// Makes `remote.git` and a clone of it in `folder`, with the first release.
    init(folder: String) async throws {
        remote = "\(folder)/remote.git"
        let clone = "\(folder)/work"
        thread = ThreadExecutor(name: "fleet-git")
        work = StockGit(repository: clone)
        try await thread.run { [remote] in
            try FileManager.default.createDirectory(atPath: clone, withIntermediateDirectories: true)
            try StockGit(repository: folder)("init", "-q", "--bare", "-b", "main", remote)
            try StockGit(repository: clone)("init", "-q", "-b", "main")
            try StockGit(repository: clone)("remote", "add", "origin", remote)
        }
        try push(Self.declarations)
    }

    func stop() { thread.stop() }

    /// Commits and pushes the next release; gives its number.
    @discardableResult
    func pushRelease(broken isBroken: Bool = false) throws -> Int {
        try push([:], broken: isBroken)
        return release
    }

    /// The image of a release's `web`.
    static func image(_ release: Int, broken: Bool = false) -> String { "registry.example/web:r\(release)\(broken ? "-broken" : "")" }

    func image() -> String { Self.image(release, broken: broken.contains(release)) }

    /// Whether the journal says that production has verified the newest release.
    func isVerifiedInProduction() throws -> Bool {
        let git = StockGit(repository: remote)
        let branch = "flotilla-journal/\(Self.pipeline)"
        guard let head = try git.commit("refs/heads/main"), try git.commit("refs/heads/\(branch)") != nil else { return false }
        let state = try JSON.read(try git("cat-file", "blob", "\(branch):state.json"))
        let verified = state.at("stages", "production", "verified")?.list ?? []
        return verified.contains { $0["release"]?.string == head }
    }

    private func push(_ declarations: [String: String], broken isBroken: Bool = false) throws {
        release += 1
        if isBroken { broken.insert(release) }
        var files = declarations
        for environment in ["staging", "production"] {
            for (name, text) in manifests() { files["environments/\(environment)/\(name)"] = text }
        }
        for (path, text) in files {
            let url = URL(fileURLWithPath: "\(work.repository)/\(path)")
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        try work("add", "-A")
        try work("commit", "-q", "-m", "Release \(release)\(isBroken ? ", which does not start" : "")")
        try work("push", "-q", "origin", "main")
    }

    private func manifests() -> [String: String] {
        [
            "base/namespace.yaml": """
            apiVersion: v1
            kind: Namespace
            metadata:
              name: shop

            """,
            "web/settings.yaml": """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: settings
              namespace: shop
            data:
              release: "\(release)"

            """,
            // One name for two releases: the file changes its contents, the object of the name before is dropped.
            "web/extra.yaml": """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: extra-\(release / 2)
              namespace: shop
            data:
              since: "\(release / 2)"

            """,
            "web/service.yaml": """
            apiVersion: v1
            kind: Service
            metadata:
              name: web
              namespace: shop
            spec:
              selector:
                app: web
              ports:
              - port: 80
                targetPort: 8080

            """,
            "web/web.yaml": """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web
              namespace: shop
            spec:
              replicas: 2
              selector:
                matchLabels:
                  app: web
              template:
                metadata:
                  labels:
                    app: web
                spec:
                  containers:
                  - name: web
                    image: \(image())
                    ports:
                    - containerPort: 8080

            """,
        ]
    }

    private static var declarations: [String: String] {
        var files: [String: String] = [
            "fleet/pipelines/shop.yaml": document(
                "Pipeline", "shop",
                """
                  source:
                    branch: main
                  applications:
                    names: [base, web]
                  stages:
                  - environment: staging
                    promotion: automatic
                    verify:
                    - soak: 300ms
                  - environment: production
                    after: [staging]
                    promotion: automatic
                    verify:
                    - soak: 300ms
                """),
            "environments/staging/environment.yaml": document(
                "Environment", "staging",
                """
                  clusterSelector:
                    matchLabels:
                      tier: staging
                  rollout:
                    waves:
                    - name: all
                      maxUnavailable: 1
                    failureThreshold: 1
                    onFailure: hold
                    offline:
                      after: 1h
                      policy: wait
                """),
            "environments/production/environment.yaml": document(
                "Environment", "production",
                """
                  clusterSelector:
                    matchLabels:
                      tier: production
                  rollout:
                    waves:
                    - name: canary
                      clusterSelector:
                        matchLabels:
                          ring: canary
                      soak: 500ms
                    - name: rest
                      maxUnavailable: 1
                    failureThreshold: 1
                    onFailure: hold
                    offline:
                      after: 1h
                      policy: wait
                """),
            "fleet/applications/base/application.yaml": application("base", namespace: nil, dependsOn: []),
            "fleet/applications/web/application.yaml": application("web", namespace: "shop", dependsOn: ["base"]),
        ]
        for cluster in staging + production {
            let tier = staging.contains(cluster) ? "staging" : "production"
            files["fleet/clusters/\(cluster).yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Cluster
                metadata:
                  name: \(cluster)
                  labels:
                    tier: \(tier)
                    ring: \(cluster == production[0] ? "canary" : "main")
                spec: {}

                """
        }
        return files
    }

    private static func application(_ name: String, namespace: String?, dependsOn: [String]) -> String {
        document(
            "Application", name,
            """
              source:
                path: environments/${environment.name}/\(name)
            \(namespace.map { "  namespace: \($0)\n" } ?? "")  dependsOn: [\(dependsOn.joined(separator: ", "))]
              sync:
                drift: heal
                timeout: 30s
                retry:
                  limit: 20
                  backoff: 200ms
                  maxBackoff: 1s
              health:
                timeout: 15s
            """)
    }

    private static func document(_ kind: String, _ name: String, _ spec: String) -> String {
        "apiVersion: flotilla.dev/v1alpha1\nkind: \(kind)\nmetadata:\n  name: \(name)\nspec:\n\(spec)\n"
    }
}
