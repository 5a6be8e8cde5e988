// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Pauses healing of an application on one cluster, and ends that.
struct DriftPauseAction {
    let client: CoordinatorClient
    let application: String
    let cluster: String

    private static let patience = Duration.seconds(20)

    private var path: String { "/clusters/\(Percent.encode(cluster))/applications/\(Percent.encode(application))/drift-pause" }

    func pause(_ span: TimeSpan, reason: String) async throws {
        let paused = try await client.put(path, ["seconds": .int(span.seconds), "reason": .string(reason)])
        let until = paused["until"]?.string ?? ""
        guard try await isHeld() else {
            let away = CommandRun.away(try await client.get("/clusters/\(Percent.encode(cluster))"))
            let because = away.map { "\(cluster) \($0)" } ?? "its agent has not confirmed it yet; an old one does not know pauses"
            throw Failure("healing of \(application) will be paused until \(until) once its agent hears of it: \(because)")
        }
        Terminal.print("\(application) on \(cluster): not healed until \(until); drift is still reported")
    }

    func resume(reason: String) async throws {
        _ = try await client.delete(path, reason.isEmpty ? Map() : ["reason": .string(reason)])
        Terminal.print("\(application) on \(cluster): healed again")
    }

    /// Waits until the agent says that it holds the pause.
    private func isHeld() async throws -> Bool {
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if try await client.get(path)["heldAt"]?.string != nil { return true }
            if CommandRun.away(try await client.get("/clusters/\(Percent.encode(cluster))")) != nil { return false }
            try await Task.sleep(for: .milliseconds(200))
        }
        return false
    }
}
