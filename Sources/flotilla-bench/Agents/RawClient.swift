// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import KubernetesAPI
import Manifests

/// Sends ready-made requests, so many at once, and looks at nothing but the answers' status: the least that any agent has to do.
enum RawClient {
    /// Sends every apply to a cluster that has nothing yet.
    /// - Returns: seconds from the first request to the last answer.
    static func apply(_ applies: [(path: String, body: [UInt8])], to connection: ClusterConnection, concurrency: Int) async throws -> Double
    {
        let http = HTTPClient(
            configuration: HTTPClient.Configuration(
                connectionsPerHostMax: concurrency, userAgent: "flotilla-bench", trust: connection.trust, receiveBufferBytes: 16_384))
        var headers: [(name: String, value: String)] = [
            ("Accept", "application/json"), ("Content-Type", "application/apply-patch+yaml"),
        ]
        if case .token(let token) = connection.credential { headers.append(("Authorization", "Bearer \(token)")) }
        let namespace: Value = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(AgentWorkload.namespace)],
        ]
        try await send(
            HTTPRequest(
                method: "PATCH", url: "\(connection.server)/api/v1/namespaces/\(AgentWorkload.namespace)?fieldManager=bench",
                headers: headers, body: JSON.write(namespace)), http)
        // The time of the connections is the client's own, as it is an agent's: all but the first are made within it.
        let begin = Clock.monotonic
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = applies[...]
            func addNext() {
                guard let (path, body) = rest.popFirst() else { return }
                let request = HTTPRequest(
                    method: "PATCH", url: "\(connection.server)\(path)?fieldManager=flotilla", headers: headers, body: body)
                group.addTask { try await send(request, http) }
            }
            for _ in 0..<concurrency { addNext() }
            for try await _ in group { addNext() }
        }
        let seconds = Clock.monotonic - begin
        await http.shutdown()
        return seconds
    }

    @Sendable private static func send(_ request: HTTPRequest, _ http: HTTPClient) async throws {
        let response = try await http.send(request)
        guard (200..<300).contains(response.status) else {
            throw BenchError("\(request.endpoint): \(response.status) \(response.text.prefix(300))")
        }
    }
}
