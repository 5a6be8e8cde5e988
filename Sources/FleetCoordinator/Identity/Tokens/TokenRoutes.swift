// SPDX-License-Identifier: Apache-2.0
import FleetModel
import HTTPTypes
import Manifests
import PostgresClient

/// One's own API tokens: `/api/v1/tokens`.
struct TokenRoutes: Sendable {
    let store: Store
    let tokens: TokenActions

    func add(to table: inout RouteTable) {
        table.get("/api/v1/tokens", .signedIn, "The caller's API tokens by name", answer: .list(of: "Token")) { call in
            let principal = try call.principal()
            let all = try await store.database.read { try TokenRows.of($0, account: principal.name, origin: principal.origin) }
            return .json(Page(items: all, next: nil).json(\.json))
        }
        table.post(
            "/api/v1/tokens", .signedIn, "Makes an API token for the caller; the answer shows it, once",
            members: [
                .required("name", .string, "the caller's name for it"),
                .required("expiresSeconds", .integer, "how long it lasts: 60 to 31536000"),
                .optional(
                    "role", .string, "narrows what it may to a role: " + AccessPolicy.Role.allCases.map(\.rawValue).joined(separator: ", ")),
                .optional("pipelines", .object, "a list of names: it acts in these only"),
                .optional("environments", .object, "a list of names: it acts in these only"),
            ], bodyMax: 16 << 10, answer: .object("NewToken")
        ) { call in
            let made = try await tokens.make(Self.request(try call.json()), for: try call.principal(), by: call.author)
            guard case .map(var answer) = made.token.json else { return Reply(.internalServerError) }
            answer["token"] = .string(made.text)
            return .json(.map(answer))
        }
        table.delete("/api/v1/tokens/{token}", .signedIn, "Revokes one of the caller's tokens, by its identifier or name", answer: .nothing)
        {
            call in
            let principal = try call.principal()
            try await tokens.revoke(call.parameter("token"), of: principal.name, origin: principal.origin, by: call.author)
            return .json(.map(["revoked": 1]))
        }
    }

    static func request(_ body: Fields) throws -> TokenRequest {
        let role = try body.optionalString("role").map { text in
            guard let role = AccessPolicy.Role(rawValue: text) else {
                throw APIFailure.invalid(
                    "there is no role '\(text.prefix(40))'", hint: AccessPolicy.Role.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return role
        }
        return TokenRequest(
            name: try body.string("name", bytesMax: 200), lifetime: .seconds(min(try body.int("expiresSeconds"), 1 << 40)), role: role,
            pipelines: body.value("pipelines") == nil ? nil : try body.strings("pipelines", limit: 1_000),
            environments: body.value("environments") == nil ? nil : try body.strings("environments", limit: 1_000))
    }
}
