// SPDX-License-Identifier: Apache-2.0
import HTTPTestServer
import HTTPTransport
import KubernetesAPI
import Manifests
import Testing

@Suite("Lists") struct ListTests {
    @Test("goes from page to page and hands over one object at a time") func pages() async throws {
        let server = try HTTPTestServer { request, connection in
            let isFirst = !request.query.contains("continue")
            connection.begin(200, headers: [("Content-Type", "application/json")])
            connection.chunk(#"{"kind": "ConfigMapList", "metadata": {"resourceVersion": "9""#)
            connection.chunk(isFirst ? #", "continue": "next/=="}, "items": [{"metadata": {"na"# : #"}, "items": [{"metadata": {"na"#)
            connection.chunk(isFirst ? #"me": "a"}}, {"metadata": {"name": "b"}}]}"# : #"me": "c"}, "kind": "Other"}]}"#)
            connection.chunk("\n")
            connection.end()
        }
        var options = KubernetesClient.Options()
        options.listPageSize = 2
        var found: [Value] = []
        let selection = Selection(namespace: "shop", labelSelector: "a=b,c in (d)", metadataOnly: true)
        let version = try await server.client(options: options).list(.configMaps, selection) { found.append($0) }
        #expect(version == "9")
        #expect(found.map { $0.at("metadata", "name")?.string } == ["a", "b", "c"])
        #expect(found.map { $0["kind"]?.string } == ["ConfigMap", "ConfigMap", "Other"])
        #expect(found.allSatisfy { $0["apiVersion"] == "v1" })
        let base = "/api/v1/namespaces/shop/configmaps?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=2"
        #expect(server.requests.map(\.target) == [base, base + "&continue=next%2F%3D%3D"])
        #expect(server.requests.first?.headers["accept"]?.contains("as=PartialObjectMetadataList") == true)
    }

    @Test("an expired continue token says so") func expired() async throws {
        let server = try HTTPTestServer { request, connection in
            if request.query.contains("continue") {
                connection.respond(
                    410, json: #"{"kind": "Status", "metadata": {"continue": "x"}, "message": "m", "reason": "Expired", "code": 410}"#)
            } else {
                connection.respond(200, json: #"{"metadata": {"resourceVersion": "1", "continue": "t"}, "items": []}"#)
            }
        }
        let error = await #expect(throws: KubernetesError.self) { try await server.client().list(.configMaps) { _ in } }
        #expect(error?.isExpired == true)
        #expect(error?.continueToken == "x")
    }

    @Test(
        "what is no list, cut off, or has an object too large, is an error",
        arguments: [
            "[]", "{}", #"{"items": [{}]}"#, #"{"metadata": {"resourceVersion": "1"}, "items": [{"a": }]}"#,
            #"{"metadata": {"resourceVersion": "1"}, "items": [{"a": "0123456789012345678901234567890123456789"}]}"#,
            #"{"metadata": {"resourceVersion": "1"}, "items": ["#,
        ])
    func malformed(_ json: String) async throws {
        let server = try HTTPTestServer { _, connection in connection.respond(200, json: json) }
        var options = KubernetesClient.Options()
        options.objectBytesMax = 40
        let error = await #expect(throws: KubernetesError.self) { try await server.client(options: options).list(.configMaps) { _ in } }
        #expect(error?.code == 0)
        #expect(error?.transport?.kind == .protocolError)
    }
}
