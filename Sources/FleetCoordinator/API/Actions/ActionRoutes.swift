// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Promotion

/// What changes something: `POST /api/v1`.
struct ActionRoutes: Sendable {
    let store: Store
    let actions: StageActions

    func add(to table: inout RouteTable) {
        let stage = "/api/v1/stages/{pipeline}/{environment}"
        let which: [Route.Input] = [
            .optional("release", .string, "the beginning of the release that is meant"),
            .optional("rendered", .string, "the rendered set that is meant"),
        ]
        table.post(
            "\(stage)/approve", .needs(.approve, .stage), "Approves what waits at the stage's gates",
            members: which + [.optional("reason", .string, "why")], answer: .object("Stage")
        ) { call in
            let (id, body, reason) = try Self.read(call)
            try await actions.approve(
                id, release: body.optionalString("release"), rendered: body.optionalString("rendered"), reason: reason,
                by: call.author)
            return try await answer(id)
        }
        table.post(
            "\(stage)/reject", .needs(.approve, .stage), "Refuses what waits at the stage's gates, and whatever renders the same",
            members: which + [.required("reason", .string, "why")], answer: .object("Stage")
        ) { call in
            let (id, body, reason) = try Self.read(call, needsReason: true)
            try await actions.reject(
                id, release: body.optionalString("release"), rendered: body.optionalString("rendered"), reason: reason,
                by: call.author)
            return try await answer(id)
        }
        table.post(
            "\(stage)/pause", .needs(.operate, .stage), "Stops automatic promotion and rollouts of the stage before the next cluster",
            members: [.required("reason", .string, "why")], answer: .object("Stage")
        ) { call in
            let (id, _, reason) = try Self.read(call, needsReason: true)
            try await actions.pause(id, reason: reason, by: call.author)
            return try await answer(id)
        }
        table.post(
            "\(stage)/resume", .needs(.operate, .stage), "Ends a pause and lifts a hold", members: [.optional("reason", .string, "why")],
            answer: .object("Stage")
        ) { call in
            let (id, _, reason) = try Self.read(call)
            try await actions.resume(id, reason: reason, by: call.author)
            return try await answer(id)
        }
        table.post(
            "\(stage)/promote", .needs(.operate, .stage), "Offers the stage a release",
            members: [
                .required("release", .string, "the beginning of the release's commit, or 'latest'"),
                .optional("reason", .string, "why; needed with 'override'"),
                .optional("override", .boolean, "also where a stage before has not verified it, or it was rejected here"),
            ], answer: .object("Stage")
        ) { call in
            let (id, body, reason) = try Self.read(call)
            let override = try body.bool("override", default: false)
            if override { try call.require(.administer, .stages([Spot.Stage(id)]), "stage \(id)") }
            guard !override || !reason.isEmpty else { throw APIFailure.invalid("an override needs a 'reason'") }
            try await actions.promote(
                id, release: body.string("release"), override: override, reason: reason, by: call.author)
            return try await answer(id)
        }
        table.post(
            "\(stage)/rollback", .needs(.operate, .stage), "Goes back to a head that was verified here",
            members: [
                .optional("to", .string, "the beginning of the record's or release's commit; by default the newest verified one"),
                .required("reason", .string, "why"),
            ], answer: .object("Stage")
        ) { call in
            let (id, body, reason) = try Self.read(call, needsReason: true)
            try await actions.rollback(id, to: body.optionalString("to"), reason: reason, by: call.author)
            return try await answer(id)
        }
    }

    private func answer(_ id: StageID) async throws -> Reply {
        guard let stage = try await store.database.read({ try ReadStages.one($0, id) }) else {
            throw APIFailure.notFound("there is no stage '\(id)'")
        }
        return .json(stage.json)
    }

    private static func read(_ call: Call, needsReason: Bool = false) throws -> (StageID, Fields, reason: String) {
        let body = try call.json()
        let reason = try body.optionalString("reason") ?? ""
        guard reason.utf8.count <= StageActions.reasonMax else {
            throw APIFailure.invalid("'reason' is longer than \(StageActions.reasonMax) bytes")
        }
        guard !needsReason || reason.contains(where: { !$0.isWhitespace }) else {
            throw APIFailure.invalid("a 'reason' is needed: it goes into the record")
        }
        return (try call.stage(), body, reason)
    }
}
