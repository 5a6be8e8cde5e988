// SPDX-License-Identifier: Apache-2.0
import HTTPTestServer
import HTTPTransport
import KubernetesAPI
import Manifests
import Testing

@Suite("Watches") struct WatchTests {
    private func events(_ chunks: [String], drop: Bool = false) async throws -> (
        events: [WatchEvent], error: KubernetesError?, target: String
    ) {
        let server = try HTTPTestServer { _, connection in
            connection.begin(200, headers: [("Content-Type", "application/json")])
            for chunk in chunks { connection.chunk(chunk) }
            if drop { connection.drop() } else { connection.end() }
        }
        var options = KubernetesClient.Options()
        options.objectBytesMax = 200
        let watch = try await server.client(options: options)
            .watch(.configMaps, Selection(labelSelector: "x"), from: "5", timeout: .seconds(60))
        var events: [WatchEvent] = []
        var failure: KubernetesError?
        do {
            for try await event in watch { events.append(event) }
        } catch {
            failure = error
        }
        return (events, failure, server.requests.first?.target ?? "")
    }

    @Test("events come in order, however the bytes are cut, and unknown types are passed over") func order() async throws {
        let (events, error, target) = try await events([
            #"{"type": "ADDED", "object": {"a": 1}}"# + "\n" + #"{"type": "MODI"#, #"FIED", "object": {"a": 2}}"#, "\n",
            #"{"type": "NEW", "object": {}}"# + "\n" + #"{"type": "DELETED", "object": {"a": 3}}"# + "\n",
            #"{"type": "BOOKMARK", "object": {"kind": "ConfigMap", "metadata": {"resourceVersion": "12"}}}"# + "\n",
        ])
        #expect(events == [.added(["a": 1]), .modified(["a": 2]), .deleted(["a": 3]), .bookmark(resourceVersion: "12")])
        #expect(error == nil)
        #expect(
            target
                == "/api/v1/configmaps?labelSelector=x&watch=true&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=60")
    }

    @Test("an expired version is told in the first event, or by the answer itself") func expired() async throws {
        let status = #"{"kind": "Status", "message": "too old resource version: 5 (9)", "reason": "Expired", "code": 410}"#
        let (_, inBand, _) = try await events([#"{"type": "ERROR", "object": \#(status)}"# + "\n"])
        #expect(inBand?.isExpired == true)
        let server = try HTTPTestServer { _, connection in connection.respond(410, json: status) }
        let atOnce = await #expect(throws: KubernetesError.self) { _ = try await server.client().watch(.configMaps, from: "5") }
        #expect(atOnce?.isExpired == true)
    }

    @Test("a connection that breaks, within an event or between two, can be tried again", arguments: ["", #"{"type": "ADD"#])
    func broken(_ rest: String) async throws {
        let (events, error, _) = try await events([#"{"type": "ADDED", "object": {}}"# + "\n" + rest], drop: true)
        #expect(events == [.added([:])])
        #expect(error?.isRetryable == true)
        let (_, cut, _) = try await self.events([#"{"type": "ADD"#])
        #expect(cut?.isRetryable == true)
    }

    @Test("an event that is too large, or no event, is an error", arguments: [String(repeating: " ", count: 201), "no JSON\n", "{}\n"])
    func malformed(_ text: String) async throws {
        let (_, error, _) = try await events([text])
        #expect(error?.transport?.kind == .protocolError)
    }
}
