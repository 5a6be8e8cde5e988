// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient

/// Signing in with the administrator's token or a printed link, and signing out.
struct SignInRoutes: Sendable {
    let store: Store
    let time: WallTime
    let pages: Pages
    let credentials: Credentials
    let usesTLS: Bool
    let version: String

    private static let linkPrefix = "link"

    func add(to table: inout RouteTable) {
        table.get("/sign-in", .open, "The sign-in page; with 'link', signs in", answer: .text("text/html"), show)
        table.post("/sign-in", .open, "Signs a browser in", bodyMax: 8 << 10, answer: .nothing, signIn)
        table.post("/sign-out", .signedIn, "Ends the browser's session", bodyMax: 8 << 10, answer: .nothing) { _ in
            var reply = Reply.seeOther("/sign-in")
            reply.headers[.setCookie] = cookie("", seconds: 0)
            return reply
        }
    }

    /// The path and query of a link that is good once, for a quarter of an hour.
    static func link(credentials: Credentials, at now: Timestamp) -> String {
        var generator = SystemRandomNumberGenerator()
        let name = String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
        return "/sign-in?link=" + credentials.sign("\(linkPrefix)-\(name)", until: now + .milliseconds(Credentials.linkMilliseconds))
    }

    @Sendable private func show(_ call: Call) async throws -> Reply {
        guard let link = try call.query.text("link") else { return page(problem: nil, next: try call.query.text("next")) }
        guard try await take(link) else {
            return page(problem: "This link has been used, or its quarter of an hour is over.", next: nil, status: .forbidden)
        }
        // Not a redirect: a browser that came from another site would not send the new cookie along with it.
        var reply = Reply.html(
            "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url=/\"><title>Flotilla</title>"
                + "<a href=\"/\">Signed in</a>")
        reply.headers[.setCookie] = session()
        return reply
    }

    @Sendable private func signIn(_ call: Call) async throws -> Reply {
        let form = try Form(call.body)
        let next = try form.text("next")
        guard let token = try form.text("token", max: 1_024), credentials.isAdministrator(token) else {
            return page(problem: "This is not the administrator's token.", next: next, status: .forbidden)
        }
        var reply = Reply.seeOther(Self.local(next))
        reply.headers[.setCookie] = session()
        return reply
    }

    /// Uses a link up: of several tries, in several coordinators, one succeeds.
    private func take(_ link: String) async throws -> Bool {
        let now = time.now
        guard let kind = link.split(separator: ".").first, kind.hasPrefix(Self.linkPrefix),
            credentials.accepts(link, kind: String(kind), at: now)
        else { return false }
        let until = now + .milliseconds(Credentials.linkMilliseconds)
        return try await store.database.transaction { session in
            try SignInRows.take(session, link: Digest.sha256(link), until: until, at: now)
        }
    }

    private func session() -> String {
        let milliseconds = Credentials.sessionMilliseconds
        return cookie(credentials.sign("session", until: time.now + .milliseconds(milliseconds)), seconds: milliseconds / 1_000)
    }

    private func cookie(_ value: String, seconds: Int64) -> String {
        "\(Gate.sessionCookie)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (usesTLS ? "; Secure" : "")
    }

    /// Only a path of this server may follow a sign-in.
    static func local(_ next: String?) -> String {
        guard let next, next.hasPrefix("/"), !next.hasPrefix("//"), !next.contains("\\"), next.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return "/" }
        return next
    }

    private func page(problem: String?, next: String?, status: HTTPResponse.Status = .ok) -> Reply {
        .html(
            pages.signIn(
                SignInPage(
                    page: PageFrame(title: "Sign in", isSignedIn: false, version: version), problem: problem, next: Self.local(next),
                    hint: "The token is in the file admin-token of the coordinator's data folder.")), status: status)
    }
}
