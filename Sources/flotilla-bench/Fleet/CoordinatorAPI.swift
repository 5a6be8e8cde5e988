// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

/// The coordinator's public HTTP interface, as the administrator.
struct CoordinatorAPI: Sendable {
    let url: String
    let http: HTTPClient
    private let token: String

    init(url: String, token: String) {
        self.url = url
        self.token = token
        http = HTTPClient(configuration: HTTPClient.Configuration(connectionsPerHostMax: 0, userAgent: "flotilla-bench"))
    }

    func get(_ path: String) async throws -> Value {
        let response = try await http.send(HTTPRequest(url: url + path, headers: [("Authorization", "Bearer \(token)")]))
        guard response.status == 200 else { throw BenchError("GET \(path): \(response.status) \(response.text.prefix(300))") }
        return try JSON.read(response.body)
    }

    @discardableResult
    func post(_ path: String, _ body: Value = [:]) async throws -> Value {
        let response = try await http.send(
            HTTPRequest(
                method: "POST", url: url + path, headers: [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")],
                body: JSON.write(body)))
        guard (200..<300).contains(response.status) else {
            throw BenchError("POST \(path): \(response.status) \(response.text.prefix(300))")
        }
        return try JSON.read(response.body)
    }

    /// What a cluster's agent is enrolled with.
    struct Enrolment: Sendable {
        var token: String
        /// Where the coordinator listens to agents.
        var url: String
        /// The authorities by which it is known there, in PEM.
        var authorities: String
    }

    func enroll(_ cluster: String) async throws -> Enrolment {
        let answer = try await post("/api/v1/clusters/\(cluster)/enrollments")
        guard let token = answer["token"]?.string, let url = answer["agentUrl"]?.string, let authorities = answer["authorities"]?.string
        else { throw BenchError("cluster \(cluster) got no token") }
        return Enrolment(token: token, url: url, authorities: authorities)
    }

    /// What a Git host does after a push.
    func callWebhook() async throws { try await post("/webhooks/git") }

    /// The pipeline's plan of a release; `nil` while there is none.
    func release(_ commit: String) async throws -> Value? {
        let page = try await get("/api/v1/releases?pipeline=\(SampleFleet.pipeline)&limit=5")
        guard let release = page["items"]?.list?.first(where: { $0["release"]?.string == commit }) else { return nil }
        if let error = release["error"]?.string, !error.isEmpty { throw BenchError("release \(commit) was refused: \(error)") }
        return release
    }

    /// Waits until the stage runs a release and has verified it.
    func verified(_ commit: String, atMost seconds: Double = 300) async throws {
        let path = "/api/v1/stages/\(SampleFleet.pipeline)/\(SampleFleet.environment)"
        _ = try await eventually("stage verifies \(commit)", atMost: seconds, every: .milliseconds(20)) { () -> Bool? in
            let stage = try await get(path)
            if let hold = stage["hold"], !hold.isNull { throw BenchError("the stage is held: \(JSON.text(hold))") }
            let running = stage["running"]
            return running?["release"]?.string == commit && running?["verdict"]?.string == "verified" ? true : nil
        }
    }
}
