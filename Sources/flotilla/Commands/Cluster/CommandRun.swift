// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Asks a cluster's agent for something, and waits for how that ends.
struct CommandRun {
    let client: CoordinatorClient
    let cluster: String
    /// How long the agent may take to fetch it.
    var expires = TimeSpan(seconds: 600)
    var reason = ""

    private static let pause = Duration.milliseconds(200)
    private static let pauseMax = Duration.seconds(2)

    /// - Returns: the command's document once it has ended, whichever way.
    func run(_ kind: String, _ parameters: Map) async throws -> Value {
        let path = "/clusters/\(Percent.encode(cluster))"
        let away = Self.away(try await client.get(path))
        var body: Map = ["kind": .string(kind), "parameters": .map(parameters), "expiresSeconds": .int(expires.seconds)]
        if !reason.isEmpty { body["reason"] = .string(reason) }
        var command = try await client.post("\(path)/commands", body)
        let id = command["id"]?.string ?? ""
        if let away {
            Terminal.note("\(cluster) \(away); the command expires at \(command["expiresAt"]?.string ?? "")")
        } else if Terminal.isInteractive {
            Terminal.note("asked \(cluster): \(command["title"]?.string ?? kind) (\(id))")
        }
        var pause = Self.pause
        var told = false
        while ["queued", "delivered"].contains(command["state"]?.string ?? "") {
            try await Task.sleep(for: pause)
            pause = min(pause * 3 / 2, Self.pauseMax)
            command = try await client.get("\(path)/commands/\(id)")
            if command["state"] == "delivered", !told, Terminal.isInteractive {
                Terminal.note("\(cluster) has taken it")
                told = true
            }
        }
        if command["state"] == "expired", let away = Self.away(try await client.get(path)) {
            throw Failure("\(command["message"]?.string ?? "expired"): \(cluster) \(away)")
        }
        // What came of it, where the last document was without it.
        return try await client.get("\(path)/commands/\(id)")
    }

    /// Why nobody may answer; `nil` where the agent is there.
    static func away(_ cluster: Value) -> String? {
        guard cluster["online"]?.bool != true else { return nil }
        return cluster["lastContact"]?.string.map { "has been offline since \($0)" } ?? "has never been heard of"
    }

    /// Ends in an error where the command was not done.
    static func check(_ command: Value) throws {
        guard command["state"] != "done" else { return }
        throw Failure(Table.visible(command["message"]?.string ?? "\(command["state"]?.string ?? "failed")"))
    }
}
