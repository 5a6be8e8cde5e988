// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Explain a field") struct RenderExplainTests {
    @Test("what was read, what changed it, in columns")
    func kustomization() async throws {
        let result = try await run(
            try PackageFolder.program("flotilla"),
            ["render", "fleet/applications/storefront", "--cluster", "prod-eu-1", "--explain", "Deployment/storefront:/spec/replicas"])
        #expect(result.code == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.first == "Deployment/shop/storefront:/spec/replicas = 3")
        #expect(lines.contains { $0.hasPrefix("  read ") && $0.contains("fleet/applications/storefront/base/deployment.yaml:") })
        #expect(lines.contains { $0.hasPrefix("  ReplicaCountTransformer  environments/production/storefront/kustomization.yaml:7:3") })
        #expect(!result.output.contains("\u{1B}["))
    }

    @Test("variables lead to the declaration that gives them their value")
    func variables() async throws {
        try await RenderSandbox.with { box in
            try box.addGreeter()
            try box.edit("environments/production/environment.yaml", "spec:\n", "spec:\n  variables:\n    level: warn\n")
            let file = "fleet/applications/greeter/manifests/config.yaml"
            func lines(_ field: String, _ more: String...) async throws -> [[String]] {
                let result = try await run(
                    try PackageFolder.program("flotilla"),
                    ["render", "fleet/applications/greeter", "--cluster", "prod-eu-1", "--explain", "ConfigMap/greeter:\(field)"] + more,
                    folder: box.folder)
                #expect(result.code == 0, "\(result.errors)")
                return result.output.split(separator: "\n").dropFirst().map { $0.split(separator: " ").map(String.init) }
            }
            #expect(
                try await lines("/data/host") == [
                    ["read", "\(file):6:9", "\"eu-1.shop.example\""],
                    ["${domain}", "fleet/clusters/prod-eu-1.yaml:12:5", "(cluster.variables.domain)", "\"eu-1.shop.example\""],
                ])
            #expect(
                try await lines("/data/region").last == [
                    "${cluster.labels.region}", "fleet/clusters/prod-eu-1.yaml:8:5", "(cluster.labels.region)", "\"eu-west\"",
                ])
            #expect(
                try await lines("/data/level").last?.prefix(3) == [
                    "${level}", "environments/production/environment.yaml:7:5", "(environment.variables.level)",
                ])
            #expect(try await lines("/data/level", "--variable", "level=x").last == ["${level}", "--variable", "level", "\"x\""])
            #expect(
                try await lines("/metadata/namespace") == [
                    ["namespace", "fleet/applications/greeter/application.yaml:10:3", "\"greetings\""]
                ])
        }
    }

    @Test("the same for programs")
    func json() async throws {
        try await RenderSandbox.with { box in
            let result = try await box.flotilla(
                "fleet/applications/api", "--cluster", "prod-eu-1", "--explain", "apps/Deployment/shop/api:/spec/replicas", "-o", "json",
                "--revision", "HEAD")
            #expect(result.code == 0, "\(result.errors)")
            let document = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
            #expect(document["value"] as? Int == 3)
            #expect(document["field"] as? String == "/spec/replicas")
            #expect((document["object"] as? [String: String])?["namespace"] == "shop")
            let steps = try #require(document["steps"] as? [[String: Any]])
            #expect(steps.first?["step"] as? String == "read")
            #expect(steps.last?["step"] as? String == "ReplicaCountTransformer")
            #expect(steps.last?["file"] as? String == "environments/production/api/kustomization.yaml")
            #expect(steps.last?["line"] as? Int == 9)
        }
    }

    @Test(
        "what is wrong is said",
        arguments: [
            (["--explain", "storefront"], Int32(2), "'storefront' names no field"),
            (["-o", "json"], 2, "--output goes with --explain"),
            (["--explain", "Deployment/storefrnt:/spec"], 1, "error[no-object]"),
            (["--explain", "Deployment/storefront:/spec/replica"], 1, "error[no-field]"),
        ])
    func refusals(_ arguments: [String], _ code: Int32, _ message: String) async throws {
        let result = try await run(
            try PackageFolder.program("flotilla"), ["render", "environments/production/storefront"] + arguments)
        #expect(result.code == code)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains(message), "\(result.errors)")
    }
}
