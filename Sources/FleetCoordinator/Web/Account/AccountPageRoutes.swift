// SPDX-License-Identifier: Apache-2.0
import FleetModel
import HTTPTypes
import Manifests
import PostgresClient

/// The page of one's own account, and the forms that it posts.
struct AccountPageRoutes: Sendable {
    let store: Store
    let time: WallTime
    let pages: Pages
    let gate: Gate
    let identities: Identities
    let about: WebServices.About

    func add(to table: inout RouteTable) {
        table.get("/account", .signedIn, "One's own account", answer: .text("text/html")) { call in
            try await page(call, notices: Self.notices(try call.query.text("done")))
        }
        table.post("/account/sessions/{session}/end", .signedIn, "The form that ends a session", bodyMax: 8 << 10, answer: .nothing) {
            call in
            let principal = try call.principal()
            try await identities.signIns.end(call.parameter("session"), of: principal.name, origin: principal.origin, by: call.author)
            return .seeOther("/account?done=ended")
        }
        table.post("/account/sessions/end-others", .signedIn, "The form that ends other sessions", bodyMax: 8 << 10, answer: .nothing) {
            call in
            let principal = try call.principal()
            var own: String?
            if case .session(let id) = principal.means { own = id }
            _ = try await identities.signIns.endAll(of: principal.name, origin: principal.origin, except: own, by: call.author)
            return .seeOther("/account?done=ended")
        }
        table.post("/account/tokens", .signedIn, "The form that makes a token", bodyMax: 16 << 10, answer: .text("text/html"), makeToken)
        table.post("/account/tokens/{token}/revoke", .signedIn, "The form that revokes a token", bodyMax: 8 << 10, answer: .nothing) {
            call in
            let principal = try call.principal()
            try await identities.tokens.revoke(call.parameter("token"), of: principal.name, origin: principal.origin, by: call.author)
            return .seeOther("/account?done=revoked")
        }
        table.post("/account/password", .signedIn, "The form that changes one's password", bodyMax: 8 << 10, answer: .nothing) { call in
            let form = try Form(call.body)
            guard let current = try form.secret("current", max: 4_096), let new = try form.secret("password", max: 4_096),
                try form.secret("again", max: 4_096) == new
            else { return try await page(call, problem: "The new password was not typed alike twice.") }
            do {
                try await identities.changeOwnPassword(call, current: current, new: new)
            } catch {
                guard let failure = error as? APIFailure else { throw error }
                var reply = try await page(call, problem: "The password was not changed: \(failure.message)")
                reply.status = failure.status
                for field in failure.headers { reply.headers[field.name] = field.value }
                return reply
            }
            return .seeOther("/account?done=password")
        }
    }

    @Sendable private func makeToken(_ call: Call) async throws -> Reply {
        let form = try Form(call.body)
        let role = try form.text("role").map { text in
            guard let role = AccessPolicy.Role(rawValue: text) else { throw APIFailure.invalid("there is no role '\(text.prefix(40))'") }
            return role
        }
        guard let days = try form.text("days").flatMap({ Int64($0) }), (1...365).contains(days) else {
            throw APIFailure.invalid("a token lasts 1 to 365 days")
        }
        func names(_ field: String) throws -> [String]? {
            try form.text(field)?.split { $0 == "," || $0.isWhitespace }.map(String.init)
        }
        let made: TokenActions.Made
        do {
            made = try await identities.tokens.make(
                TokenRequest(
                    name: try form.text("name") ?? "", lifetime: .seconds(days * 86_400), role: role, pipelines: try names("pipelines"),
                    environments: try names("environments")), for: try call.principal(), by: call.author)
        } catch {
            guard let failure = error as? APIFailure else { throw error }
            var reply = try await page(call, problem: "No token was made: \(failure.message)")
            reply.status = failure.status
            return reply
        }
        return try await page(call, made: made)
    }

    private func page(
        _ call: Call, made: TokenActions.Made? = nil, problem: String? = nil, notices: [PageFrame.Notice] = []
    ) async throws -> Reply {
        let principal = try call.principal()
        let now = time.now
        let (sessions, tokens) = try await store.database.read { session in
            (
                try SessionRows.of(session, account: principal.name, origin: principal.origin, at: now),
                try TokenRows.of(session, account: principal.name, origin: principal.origin)
            )
        }
        let presenting = Presenting(
            now: now, about: about, user: principal.name, csrf: gate.csrfToken(for: call), grants: call.grants, lastEvent: 0)
        return .html(
            pages.account(
                presenting.accountPage(
                    principal, sessions: sessions, tokens: tokens, made: made, roles: AccessPolicy.Role.allCases.map(\.rawValue),
                    notices: notices + (problem.map { [PageFrame.Notice(kind: "failed", text: $0)] } ?? []))))
    }

    private static func notices(_ done: String?) -> [PageFrame.Notice] {
        let text: String? =
            switch done {
            case "ended": "The session has ended."
            case "revoked": "The token is revoked."
            case "password": "The password is changed; your other sessions have ended."
            default: nil
            }
        return text.map { [PageFrame.Notice(kind: "current", text: $0)] } ?? []
    }
}
