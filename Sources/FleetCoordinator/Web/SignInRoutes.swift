// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests

/// The sign-in page: an account and its password, identity providers, the administrator's token, or a printed link; and signing out.
struct SignInRoutes: Sendable {
    let time: WallTime
    let pages: Pages
    let credentials: Credentials
    let signIns: SignIns
    let gate: Gate
    let version: String
    /// Buttons that lead to identity providers; the address gets the page to go on to as `next`.
    var providers: [Link] = []

    func add(to table: inout RouteTable) {
        table.get("/sign-in", .open, "The sign-in page; with 'link', signs in", answer: .text("text/html"), show)
        table.post("/sign-in", .open, "Signs a browser in", bodyMax: 8 << 10, answer: .nothing, signIn)
        table.post("/sign-out", .signedIn, "Ends the browser's session", bodyMax: 8 << 10, answer: .nothing) { call in
            try await signIns.signOut(try call.principal(), by: call.author)
            var reply = Reply.seeOther("/sign-in")
            reply.headers[.setCookie] = gate.cookie.removal
            return reply
        }
    }

    /// The path and query of a link that is good once, for a quarter of an hour.
    static func link(credentials: Credentials, at now: Timestamp) -> String {
        "/sign-in?link="
            + credentials.sign("\(SignIns.linkPrefix)-\(Random.identifier())", until: now + .milliseconds(Credentials.linkMilliseconds))
    }

    @Sendable private func show(_ call: Call) async throws -> Reply {
        guard let link = try call.query.text("link") else { return page(problem: nil, next: try call.query.text("next")) }
        do {
            return signedIn(try await signIns.link(link, gate.visitor(call)), next: "/")
        } catch {
            return try refused(error, next: nil)
        }
    }

    @Sendable private func signIn(_ call: Call) async throws -> Reply {
        try CrossOrigin.check(call.headers, host: call.host)
        let form = try Form(call.body)
        let next = try form.text("next")
        let visitor = gate.visitor(call)
        do {
            if let token = try form.text("token", max: 1_024) {
                return signedIn(try await signIns.administratorToken(token, visitor), next: next)
            }
            guard let account = try form.text("account", max: 512), let password = try form.secret("password", max: 4_096) else {
                return page(problem: "Type an account and its password.", next: next, status: .unprocessableContent)
            }
            return signedIn(try await signIns.password(account.lowercased(), password, visitor), next: next)
        } catch {
            return try refused(error, next: next)
        }
    }

    /// Not a redirect: a browser that came from another site would not send the new cookie along with it.
    func signedIn(_ opened: SignIns.Opened, next: String?) -> Reply {
        let next = Self.local(next)
        let escaped = next.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
        var reply = Reply.html(
            "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url=\(escaped)\"><title>Flotilla</title>"
                + "<a href=\"\(escaped)\">Signed in</a>")
        reply.headers[.setCookie] = gate.cookie.header(opened.cookie, seconds: SignIns.sessionMilliseconds / 1_000)
        return reply
    }

    private func refused(_ error: any Error, next: String?) throws -> Reply {
        guard let failure = error as? APIFailure else { throw error }
        var reply = page(problem: failure.message, next: next, status: failure.status)
        for field in failure.headers { reply.headers[field.name] = field.value }
        return reply
    }

    /// Only a path of this server may follow a sign-in.
    static func local(_ next: String?) -> String {
        guard let next, next.hasPrefix("/"), !next.hasPrefix("//"), !next.contains("\\"), next.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return "/" }
        return next
    }

    private func page(problem: String?, next: String?, status: HTTPResponse.Status = .ok) -> Reply {
        let next = Self.local(next)
        return .html(
            pages.signIn(
                SignInPage(
                    page: PageFrame(title: "Sign in", isSignedIn: false, version: version), problem: problem, next: next,
                    providers: providers.map { Link(label: $0.label, address: "\($0.address)?next=\(URLText.encode(next))") },
                    hint: "The token is in the file admin-token of the coordinator's data folder.")), status: status)
    }
}
