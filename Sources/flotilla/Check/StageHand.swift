// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A person who looks at a pipeline's stages and decides, through the API.
struct StageHand: Sendable {
    let client: CoordinatorClient
    /// Acts as somebody who may decide what waits at gates.
    let approver: CoordinatorClient
    let pipeline: String

    func stage(_ environment: String) async throws -> Value { try await client.get(path(environment)) }

    @discardableResult
    func act(_ action: String, on environment: String, _ body: Map = Map()) async throws -> Value {
        try await client.post("\(path(environment))/\(action)", body)
    }

    /// What became of a release in a stage: `verified`, `rolling`, …; `nil` while nothing did.
    func state(of release: String, in environment: String) async throws -> String? {
        let releases = try await client.get("/releases", query: [("pipeline", pipeline), ("limit", "50")])["items"]?.list ?? []
        return releases.first { $0["release"]?.string == release }?.at("stages")?[environment]?.string
    }

    /// Waits until a release is verified in a stage, or has nothing to change there.
    func verified(_ release: String, in environment: String, within limit: Duration) async throws {
        try await Waiting(
            for: "\(release.prefix(7)) is verified in \(environment)", within: limit, every: .milliseconds(200),
            explanation: { await explanation(environment) }
        ).until {
            let state = try await state(of: release, in: environment)
            if state == "failed" || state == "refused" {
                throw Failure("\(release.prefix(7)) is \(state ?? "") in \(environment): \(await explanation(environment))")
            }
            return ["verified", "notExercised"].contains(state) ? () : nil
        }
    }

    /// Waits until a release waits for approval in a stage, and approves it. Nothing to approve where it has nothing to change.
    /// - Returns: whether there was something to approve.
    @discardableResult
    func approve(_ release: String, in environment: String, within limit: Duration) async throws -> Bool {
        let needed = try await Waiting(
            for: "\(release.prefix(7)) waits for approval in \(environment)", within: limit, explanation: { await explanation(environment) }
        ).until { () -> Bool? in
            let stage = try await stage(environment)
            if stage.at("promotion", "release")?.string == release {
                if StageText(stage: stage).needsApproval { return true }
                // A stage without approvals, or one that has it already.
                if stage.at("promotion", "phase")?.string != "waiting" { return false }
            }
            return ["verified", "notExercised"].contains(try await state(of: release, in: environment)) ? false : nil
        }
        if needed {
            _ = try await approver.post("\(path(environment))/approve", ["release": .string(release), "reason": "seen on the tour"])
        }
        return needed
    }

    /// How a stage stands, in a line.
    func explanation(_ environment: String) async -> String {
        guard let stage = try? await stage(environment) else { return "" }
        return StageText(stage: stage).line
    }

    private func path(_ environment: String) -> String { "/stages/\(Percent.encode(pipeline))/\(Percent.encode(environment))" }
}
