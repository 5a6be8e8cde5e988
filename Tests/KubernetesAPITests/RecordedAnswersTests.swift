// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTestServer
import KubernetesAPI
import Manifests
import Testing

/// What a real API server answered, read by this client. `FLOTILLA_CONFORMANCE` names the folder of the recordings.
@Suite("Recorded answers", .enabled(if: Recordings.folder != nil, "needs FLOTILLA_CONFORMANCE")) struct RecordedAnswersTests {
    @Test("aggregated discovery finds every kind that the server serves") func discovery() async throws {
        var answers: [String: String] = [:]
        for step in try Recordings.steps("01-discovery") where step.at("response", "status") == 200 {
            let accept = step.at("request", "headers", "Accept")?.string ?? ""
            guard let path = step.at("request", "path")?.string, let body = step.at("response", "body") else { continue }
            if accept.isEmpty && path != "/version" { continue }
            answers[path] = answers[path] ?? JSON.text(body)
        }
        let server = try HTTPTestServer { [answers] request, connection in
            connection.respond(answers[request.path] == nil ? 404 : 200, json: answers[request.path] ?? "{}")
        }
        let discovery = try await server.client().discover()
        #expect(discovery.serverVersion == "v1.36.2")
        #expect(discovery.unavailable.isEmpty)
        let kinds = try #require(try Recordings.read("list-kinds").list)
        for kind in kinds {
            let type = discovery.type(
                group: kind["group"]?.string ?? "", version: kind["version"]?.string ?? "", kind: kind["kind"]?.string ?? "")
            // A few kinds are reached only through other resources' names; those that can be listed must be found exactly.
            guard kind["verbs"]?.list?.contains("list") == true else { continue }
            #expect(type?.plural == kind["plural"]?.string)
            #expect(type?.namespaced == kind["namespaced"]?.bool)
            #expect(type?.verbs == Set(kind["verbs"]?.list?.compactMap(\.string) ?? []))
        }
        #expect(kinds.count > 50)
    }

    @Test("every refusal is read with its code, reason and message") func refusals() async throws {
        var count = 0
        for file in try Recordings.files() {
            for step in try Recordings.steps(file) {
                guard let status = step.at("response", "status")?.int, status >= 400, let body = step.at("response", "body") else {
                    continue
                }
                let bytes = body.string.map { Array($0.utf8) } ?? JSON.write(body)
                let retry = step.at("response", "headers", "Retry-After")?[0]?.string
                let server = try HTTPTestServer { _, connection in
                    connection.respond(Int(status), headers: retry.map { [("Retry-After", $0)] } ?? [], bytes)
                }
                let error = await #expect(throws: KubernetesError.self) { try await server.client().get(.namespaces, name: "a") }
                #expect(error?.code == Int(status))
                #expect(error?.reason == body["reason"]?.string ?? "")
                #expect(body.string?.hasPrefix(error?.message ?? "-") ?? (body["message"]?.string == error?.message))
                #expect(error?.causes.count == body.at("details", "causes")?.list?.count ?? 0)
                #expect((error?.retryAfter == nil) == (retry == nil))
                count += 1
            }
        }
        #expect(count > 100)
    }

    struct Expected: Sendable, CustomTestStringConvertible {
        var file: String
        var note: String
        var status: HealthStatus
        var reason: String

        init(_ file: String, _ note: String, _ status: HealthStatus, _ reason: String = "") {
            self.file = file
            self.note = note
            self.status = status
            self.reason = reason
        }

        var testDescription: String { "\(file): \(note)" }
    }

    @Test(
        "workloads are as healthy as the note on the recording says",
        arguments: [
            Expected("12-deployment-rollout", "rolled out", .current),
            Expected("12-deployment-rollout", "new image: generation 2", .inProgress, "LatestGenerationNotObserved"),
            Expected("12-deployment-rollout", "Progressing False", .failed, "ProgressDeadlineExceeded"),
            Expected("12-deployment-rollout", "recovered", .current),
            Expected("12-deployment-rollout", "paused: condition", .inProgress, "DeploymentPaused"),
            Expected("12-deployment-rollout", "scaled to 0", .current),
            Expected("13-deployment-unready", "deadline exceeded", .failed, "ProgressDeadlineExceeded"),
            Expected("13-deployment-unready", "rolled out after", .current),
            Expected("13-deployment-unready", "ReplicaFailure", .inProgress, "LessReplicas"),
            Expected("14-workloads", "ready", .current), Expected("14-workloads", "updated", .current),
            Expected("14-workloads", "complete (", .current), Expected("14-workloads", "failed: Backoff", .failed, "BackoffLimitExceeded"),
            Expected("14-workloads", "failed: Deadline", .failed, "DeadlineExceeded"),
            Expected("14-workloads", "Pending: no storage", .inProgress, "NotBound"),
            Expected("14-workloads", "Unschedulable", .inProgress, "PodNotScheduled"), Expected("14-workloads", "counted", .current),
        ])
    func health(_ expected: Expected) throws {
        var count = 0
        for step in try Recordings.steps(expected.file) where step["note"]?.string?.hasPrefix(expected.note) == true {
            guard let object = step.at("response", "body"), object["kind"]?.string?.hasSuffix("List") == false else { continue }
            let health = Health.of(object)
            #expect(health.status == expected.status, "\(health)")
            #expect(health.reason == expected.reason)
            count += 1
        }
        #expect(count > 0)
    }

    @Test("each state of a watched workload has a health, and a new one is never healthy") func watchedStates() throws {
        for file in ["12-deployment-rollout", "13-deployment-unready", "14-workloads"] {
            for step in try Recordings.steps(file) {
                for event in step.at("response", "stream")?.list ?? [] {
                    let health = Health.of(try #require(event["object"]))
                    #expect(health.status != .unknown && health.status != .notFound)
                    #expect(!health.message.isEmpty)
                    // A new object is never taken for a healthy one.
                    if event["type"] == "ADDED", event.at("object", "status") == [:] { #expect(health.status == .inProgress) }
                }
            }
        }
    }
}

enum Recordings {
    /// The folder of the API server's recordings, if there is one.
    static var folder: String? {
        guard let root = ProcessInfo.processInfo.environment["FLOTILLA_CONFORMANCE"] else { return nil }
        return ["\(root)/kubernetes-api", root].first { FileManager.default.fileExists(atPath: "\($0)/list-kinds.json") }
    }

    static func read(_ name: String) throws -> Value {
        try JSON.read(Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder ?? "")/\(name).json"))))
    }

    static func steps(_ name: String) throws -> [Value] { try read(name)["steps"]?.list ?? [] }

    static func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder ?? "").filter { $0.hasSuffix(".json") && $0.first?.isNumber == true }
            .map { String($0.dropLast(5)) }.sorted()
    }
}
