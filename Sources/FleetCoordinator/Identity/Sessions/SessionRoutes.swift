// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient

/// Signing in and out as programs do, who one is, and one's own sessions and password: `/api/v1/session`, `/whoami`, `/sessions`.
struct SessionRoutes: Sendable {
    let store: Store
    let time: WallTime
    let identities: Identities
    let gate: Gate

    func add(to table: inout RouteTable) {
        table.post(
            "/api/v1/session", .open, "Signs in with a local account's password: the answer sets the session's cookie",
            members: [.required("account", .string, "the account's name"), .required("password", .string, "its password")],
            bodyMax: 8 << 10,
            answer: .object("SignedIn"), signIn)
        table.delete(
            "/api/v1/session", .signedIn, "Signs out: ends the caller's session, or revokes the token that it uses", answer: .nothing
        ) {
            call in
            try await identities.signIns.signOut(try call.principal(), by: call.author)
            var reply = Reply.json(.map(["signedOut": true]))
            reply.headers[.setCookie] = gate.cookie.removal
            return reply
        }
        table.get("/api/v1/whoami", .signedIn, "Who calls, and by what", answer: .object("Identity")) { call in
            .json(try call.principal().json)
        }
        table.get("/api/v1/sessions", .signedIn, "The caller's sessions in browsers, the newest first", answer: .list(of: "Session")) {
            call in
            let principal = try call.principal()
            let now = time.now
            let sessions = try await store.database.read {
                try SessionRows.of($0, account: principal.name, origin: principal.origin, at: now)
            }
            return .json(Page(items: sessions, next: nil).json { Self.json($0, principal) })
        }
        table.delete("/api/v1/sessions/{session}", .signedIn, "Ends one of the caller's sessions", answer: .nothing) { call in
            let principal = try call.principal()
            try await identities.signIns.end(
                call.parameter("session"), of: principal.name, origin: principal.origin, by: call.author)
            return .json(.map(["ended": 1]))
        }
        table.delete("/api/v1/sessions", .signedIn, "Ends the caller's other sessions", answer: .nothing) { call in
            let principal = try call.principal()
            var own: String?
            if case .session(let id) = principal.means { own = id }
            let count = try await identities.signIns.endAll(of: principal.name, origin: principal.origin, except: own, by: call.author)
            return .json(.map(["ended": .int(Int64(count))]))
        }
        table.post(
            "/api/v1/session/password", .signedIn, "Changes the password of the caller's local account; its other sessions end",
            members: [.required("current", .string, "the password as it is"), .required("password", .string, "the new one")],
            bodyMax: 8 << 10, answer: .nothing
        ) { call in
            let body = try call.json()
            try await identities.changeOwnPassword(call, current: body.string("current"), new: body.string("password"))
            return .json(.map(["changed": true]))
        }
    }

    @Sendable private func signIn(_ call: Call) async throws -> Reply {
        try CrossOrigin.check(call.headers, host: call.host)
        let body = try call.json()
        let opened = try await identities.signIns.password(
            body.string("account", bytesMax: 512), body.string("password", bytesMax: 4_096), gate.visitor(call))
        guard case .map(var answer) = opened.principal.json else { return Reply(.internalServerError) }
        answer["csrf"] = .string(gate.csrfToken(for: opened.principal))
        var reply = Reply.json(.map(answer))
        reply.headers[.setCookie] = gate.cookie.header(opened.cookie, seconds: SignIns.sessionMilliseconds / 1_000)
        return reply
    }

    private static func json(_ session: SessionReading, _ principal: Principal) -> Value {
        guard case .map(var map) = session.json else { return .null }
        map["current"] = .bool(principal.means == .session(session.id))
        return .map(map)
    }
}

extension Identities {
    /// A person's own password, for which the present one is asked, and tried as rarely as at the sign-in.
    func changeOwnPassword(_ call: Call, current: String, new: String) async throws {
        let principal = try call.principal()
        guard principal.origin == .local, case .session(let session) = principal.means else {
            throw APIFailure.conflict(
                "not-a-password", "only a local account that signed in with its password can change it",
                hint: "an administrator sets one with 'flotilla account set-password'")
        }
        _ = try await signIns.checked(principal.name, current, SignIns.Visitor(address: call.address))
        _ = try await accountActions.setPassword(principal.name, new, except: session, reason: "by its owner", by: call.author)
    }
}

extension Principal {
    var json: Value {
        var map: Map = [
            "account": .string(name), "displayName": .string(displayName), "email": Value(email), "groups": .texts(groups),
            "origin": .string(origin.rawValue), "means": .string(spokenMeans), "expiresAt": Value(expiresAt),
        ]
        map["permissions"] = permissions.map { .texts($0.map(\.rawValue).sorted()) } ?? .null
        map["pipelines"] = (narrowing?.pipelines).map { .texts($0) } ?? .null
        map["environments"] = (narrowing?.environments).map { .texts($0) } ?? .null
        return .map(map)
    }
}
