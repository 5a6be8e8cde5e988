// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import FleetAgent
import HTTPTransport
import Manifests

/// Speaks an agent's part of the protocol for one cluster, without a cluster.
struct FakeAgent: Sendable {
    let cluster: String
    private let http: HTTPClient
    private let url: String
    private var sequence: Int64 = 0
    private(set) var tasks: [String: SyncTask] = [:]

    init(_ cluster: String, of api: CoordinatorAPI) async throws {
        self.cluster = cluster
        let enrolment = try await api.enroll(cluster)
        url = enrolment.url
        let key = SigningKey()
        var configuration = api.http.configuration
        configuration.trust = TrustSettings(certificateAuthority: Array(enrolment.authorities.utf8))
        let stranger = HTTPClient(configuration: configuration, sharingThreadOf: api.http)
        let request = EnrolmentRequest(
            token: enrolment.token, certificateRequest: try key.certificateRequest(for: cluster), instance: "bench-\(cluster)")
        let answer = try await Self.send("enroll", request.json, of: cluster, to: url, by: stranger)
        guard case .issued(let issued) = try CertificateAnswer(json: answer) else { throw BenchError("\(cluster) got no certificate") }
        configuration.trust = TrustSettings(
            certificateAuthority: Array(issued.authorities.utf8), clientCertificate: Array(issued.certificate.utf8),
            clientKey: Array(key.pem.utf8))
        http = HTTPClient(configuration: configuration, sharingThreadOf: api.http)
    }

    private func send(_ what: String, _ body: Value, patience: Duration = .seconds(60)) async throws -> Value {
        try await Self.send(what, body, of: cluster, to: url, by: http, patience: patience)
    }

    private static func send(
        _ what: String, _ body: Value, of cluster: String, to url: String, by http: HTTPClient, patience: Duration = .seconds(60)
    ) async throws -> Value {
        let response = try await http.send(
            HTTPRequest(
                method: "POST", url: "\(url)/agent/v1/\(what)",
                headers: [("Content-Type", "application/json"), (ProtocolVersion.header, "\(ProtocolVersion.current)")],
                body: JSON.write(body), deadline: patience, responseBytesMax: 256 << 20))
        guard response.status == 200 else {
            throw BenchError("\(what) of \(cluster): \(response.status) \(response.text.prefix(300))")
        }
        return try JSON.read(response.body)
    }

    /// - Returns: how many tasks the answer had; they are held from now on.
    mutating func poll(waitSeconds: Int) async throws -> [SyncTask] {
        let answer = try await send("poll", request(waitSeconds: waitSeconds).json, patience: .seconds(waitSeconds + 60))
        let response = try PollResponse(json: answer)
        for task in response.tasks { tasks[task.application] = task }
        return response.tasks
    }

    private func request(waitSeconds: Int) -> PollRequest {
        PollRequest(
            instance: "bench-\(cluster)", agentVersion: "bench", kubernetesVersion: "v1.36.2", waitSeconds: waitSeconds,
            held: tasks.values.map { .init(application: $0.application, generation: $0.generation, bundle: $0.bundle.digest) })
    }

    /// Says that all is as desired, of the first `count` of its applications.
    mutating func report(_ count: Int = .max) async throws {
        sequence += 1
        let now = wallTime
        let reports = tasks.values.prefix(count).map { task in
            ApplicationReport(
                application: task.application, generation: task.generation, bundle: task.bundle.digest, phase: .synced, health: .current,
                objectsTotal: task.bundle.entries.count, objectsCurrent: task.bundle.entries.count, since: now)
        }
        let report = Report(instance: "bench-\(cluster)", sequence: sequence, applications: Array(reports), events: [])
        let answer = try ReportResponse(json: try await send("report", report.json))
        guard answer.acknowledged == sequence else { throw BenchError("report \(sequence) of \(cluster) was not acknowledged") }
    }

    /// Polls until it holds so many applications, and reports them.
    mutating func settle(applications: Int) async throws {
        while tasks.count < applications { _ = try await poll(waitSeconds: 20) }
        try await report()
    }
}
