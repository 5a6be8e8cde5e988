// SPDX-License-Identifier: Apache-2.0
import HTTPTestServer
import KubernetesAPI
import Testing

@Suite("Discovery") struct DiscoveryTests {
    @Test("takes three requests where the server aggregates") func aggregated() async throws {
        let server = try HTTPTestServer { request, connection in
            switch request.path {
            case "/version": connection.respond(200, json: #"{"gitVersion": "v1.36.2"}"#)
            case "/api":
                connection.respond(
                    200,
                    json: #"""
                        {"kind": "APIGroupDiscoveryList", "items": [{"metadata": {}, "versions": [{"version": "v1", "resources": [
                        {"resource": "configmaps", "responseKind": {"group": "", "version": "", "kind": "ConfigMap"}, "scope": "Namespaced",
                        "verbs": ["get", "list"]}]}]}]}
                        """#)
            default:
                connection.respond(
                    200,
                    json: #"""
                        {"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "apps"}, "versions": [{"version": "v1",
                        "resources": [{"resource": "deployments", "responseKind": {"group": "", "version": "", "kind": "Deployment"},
                        "scope": "Namespaced", "verbs": ["get"], "subresources": [{"subresource": "status"}]}], "freshness": "Current"}]},
                        {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]}]}
                        """#)
            }
        }
        let discovery = try await server.client().discover()
        #expect(server.requests.count == 3)
        #expect(server.requests.last?.headers["accept"]?.contains("as=APIGroupDiscoveryList") == true)
        #expect(discovery.serverVersion == "v1.36.2")
        #expect(discovery.types.map(\.kind) == ["ConfigMap", "Deployment"])
        #expect(discovery.unavailable == ["metrics.k8s.io/v1beta1"])
        let deployments = try #require(discovery["apps", "Deployment"])
        #expect(deployments.path(namespace: "shop", name: "web") == "/apis/apps/v1/namespaces/shop/deployments/web")
        #expect(discovery.type(apiVersion: "v1", kind: "ConfigMap")?.verbs == ["get", "list"])
    }

    @Test("asks for each group version where the server does not, the preferred one first") func legacy() async throws {
        let server = try HTTPTestServer { request, connection in
            func resources(_ kind: String, _ plural: String) -> String {
                #"""
                {"kind": "APIResourceList", "resources": [{"name": "\#(plural)", "namespaced": true, "kind": "\#(kind)", "verbs": ["list"]},
                {"name": "\#(plural)/status", "namespaced": true, "kind": "\#(kind)", "verbs": ["get"]}]}
                """#
            }
            switch request.path {
            case "/version": connection.respond(200, json: "{}")
            case "/api": connection.respond(200, json: #"{"kind": "APIVersions", "versions": ["v1"]}"#)
            case "/api/v1": connection.respond(200, json: resources("Pod", "pods"))
            case "/apis":
                connection.respond(
                    200,
                    json: #"""
                        {"kind": "APIGroupList", "groups": [{"name": "x.dev", "versions": [{"groupVersion": "x.dev/v2"},
                        {"groupVersion": "x.dev/v1"}], "preferredVersion": {"groupVersion": "x.dev/v1"}},
                        {"name": "gone.dev", "versions": [{"groupVersion": "gone.dev/v1"}]}]}
                        """#)
            case "/apis/gone.dev/v1": connection.respond(503, text: "service unavailable")
            default: connection.respond(200, json: resources("Widget", "widgets"))
            }
        }
        let discovery = try await server.client().discover()
        #expect(discovery.types.map(\.apiVersion) == ["v1", "x.dev/v1", "x.dev/v2"])
        #expect(discovery["x.dev", "Widget"]?.version == "v1")
        #expect(discovery.type(group: "x.dev", version: "v2", kind: "Widget") != nil)
        #expect(discovery.type(group: "x.dev", version: "v3", kind: "Widget") == nil)
        #expect(discovery.unavailable == ["gone.dev/v1"])
    }

    @Test("fails when the server does not say what it serves") func failure() async throws {
        let server = try HTTPTestServer { _, connection in connection.respond(401, json: #"{"kind": "Status", "message": "Unauthorized"}"#)
        }
        let error = await #expect(throws: KubernetesError.self) { try await server.client().discover() }
        #expect(error?.isUnauthorized == true)
    }
}
