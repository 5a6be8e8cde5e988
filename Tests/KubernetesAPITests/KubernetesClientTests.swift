// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTestServer
import HTTPTransport
import KubernetesAPI
import Manifests
import Testing

@Suite("KubernetesClient") struct KubernetesClientTests {
    private let deployments = ResourceType(
        group: "apps", version: "v1", kind: "Deployment", plural: "deployments", namespaced: true, verbs: ResourceType.everyVerb)
    private let manifest: Value = [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "shop"], "spec": ["replicas": 2],
    ]

    @Test("apply sends the manifest, says how, and returns object and warnings") func apply() async throws {
        let server = try HTTPTestServer { request, connection in
            connection.respond(
                201, headers: [("Warning", #"299 - "use \"v2\" instead", 299 - "and more""#)],
                json: String(decoding: request.body, as: UTF8.self))
        }
        let written = try await server.client().apply(
            manifest, as: deployments, options: WriteOptions(force: true, dryRun: true, fieldValidation: .strict))
        #expect(written.object == manifest)
        #expect(written.created)
        #expect(written.warnings == ["use \"v2\" instead", "and more"])
        let request = try #require(server.requests.first)
        #expect(request.method == "PATCH")
        #expect(
            request.target
                == "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=flotilla&dryRun=All&fieldValidation=Strict&force=true")
        #expect(request.headers["content-type"] == "application/apply-patch+yaml")
        #expect(request.headers["accept"] == "application/json")
    }

    @Test("create, replace and patch use their methods, paths and media types") func writes() async throws {
        let server = try HTTPTestServer { _, connection in connection.respond(200, json: "{}") }
        let client = server.client()
        #expect(try await client.create(manifest, as: deployments).created == false)
        _ = try await client.replace(manifest, as: deployments, subresource: "status")
        _ = try await client.patch(deployments, namespace: "shop", name: "web", .merge(["a": .null]))
        _ = try await client.patch(deployments, namespace: "shop", name: "web", subresource: "scale", .json([]))
        _ = try await client.patch(.namespaces, namespace: "ignored", name: "a b/c", .strategic([:]))
        let base = "/apis/apps/v1/namespaces/shop/deployments"
        #expect(
            server.requests.map { "\($0.method) \($0.path) \($0.headers["content-type"] ?? "")" } == [
                "POST \(base) application/json", "PUT \(base)/web/status application/json",
                "PATCH \(base)/web application/merge-patch+json", "PATCH \(base)/web/scale application/json-patch+json",
                "PATCH /api/v1/namespaces/a%20b%2Fc application/strategic-merge-patch+json",
            ])
    }

    @Test("delete carries its preconditions, and tells removed from terminating") func delete() async throws {
        let server = try HTTPTestServer { request, connection in
            let isNamespace = request.path.hasPrefix("/api/v1/namespaces/")
            connection.respond(
                200,
                json: isNamespace
                    ? #"{"kind": "Namespace", "metadata": {"deletionTimestamp": "T"}}"# : #"{"kind": "Status", "status": "Success"}"#)
        }
        let client = server.client()
        let options = DeleteOptions(uid: "u", resourceVersion: "7", propagation: .foreground, gracePeriodSeconds: 0, dryRun: true)
        #expect(try await client.delete(deployments, namespace: "shop", name: "web", options: options) == .removed)
        #expect(
            try JSON.read(try #require(server.requests.first).body) == [
                "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": "u", "resourceVersion": "7"],
                "propagationPolicy": "Foreground", "gracePeriodSeconds": 0, "dryRun": ["All"],
            ])
        guard case .terminating(let object) = try await client.delete(.namespaces, name: "shop") else {
            Issue.record("not terminating")
            return
        }
        #expect(object["kind"] == "Namespace")
    }

    @Test("an impersonating client names the other identity, and nothing else changes") func impersonation() async throws {
        let server = try HTTPTestServer { _, connection in connection.respond(200, json: "{}") }
        let client = server.client(credential: .token("sesame"))
        _ = try await client.impersonating(Impersonation(serviceAccount: "deployer", namespace: "shop")).get(.namespaces, name: "a")
        _ = try await client.get(.namespaces, name: "a", metadataOnly: true)
        #expect(server.requests.map { $0.headers["impersonate-user"] } == ["system:serviceaccount:shop:deployer", nil])
        #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer sesame", "Bearer sesame"])
        #expect(server.requests.last?.headers["accept"]?.hasPrefix("application/json;as=PartialObjectMetadata;") == true)
    }

    @Test("a token file is read again when it changes, and its last token is used while it is gone") func tokenFile() async throws {
        let folder = NSTemporaryDirectory() + "flotilla-token-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try HTTPTestServer { _, connection in connection.respond(200, json: "{}") }
        let client = server.client(credential: .tokenFile("\(folder)/token"))
        await #expect(throws: KubernetesError.self) { try await client.get(.namespaces, name: "a") }
        for token in ["first", "second"] {
            try Data("\(token)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/token"), options: .atomic)
            _ = try await client.get(.namespaces, name: "a")
        }
        try FileManager.default.removeItem(atPath: "\(folder)/token")
        _ = try await client.get(.namespaces, name: "a")
        #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer first", "Bearer second", "Bearer second"])
    }

    @Test("a server that cannot be reached is an error without an answer") func unreachable() async throws {
        let server = try HTTPTestServer { _, connection in connection.drop() }
        let error = await #expect(throws: KubernetesError.self) { try await server.client().get(.namespaces, name: "a") }
        #expect(error?.code == 0)
        #expect(error?.isRetryable == true)
        #expect(error?.description.hasPrefix("GET /api/v1/namespaces/a: GET \(server.url)/api/v1/namespaces/a: ") == true)
    }

    @Test("an answer that is no JSON, or larger than allowed, is an error") func malformed() async throws {
        let server = try HTTPTestServer { request, connection in
            connection.respond(200, json: request.path.hasSuffix("large") ? String(repeating: " ", count: 200) : "{")
        }
        var options = KubernetesClient.Options()
        options.objectBytesMax = 100
        let client = server.client(options: options)
        let broken = await #expect(throws: KubernetesError.self) { try await client.get(.namespaces, name: "a") }
        #expect(broken?.transport?.kind == .protocolError)
        let large = await #expect(throws: KubernetesError.self) { try await client.get(.namespaces, name: "large") }
        #expect(large?.transport?.kind == .tooLarge)
    }
}

extension HTTPTestServer {
    func client(credential: ClusterConnection.Credential = .none, options: KubernetesClient.Options = .init()) -> KubernetesClient {
        KubernetesClient(connection: ClusterConnection(server: url, credential: credential), options: options)
    }
}
