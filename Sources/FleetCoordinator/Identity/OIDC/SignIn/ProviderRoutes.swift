// SPDX-License-Identifier: Apache-2.0
import FleetModel
import HTTPTypes
import Manifests

/// Signing in with identity providers: the browser's way there and back, and the two calls of programs without a browser.
struct ProviderRoutes: Sendable {
    let flows: ProviderSignIns
    let signInPage: SignInRoutes
    let gate: Gate
    /// How people reach the coordinator; `nil` takes what the request names.
    let publicURL: String?

    func add(to table: inout RouteTable) {
        table.get(
            "/sign-in/{provider}", .open, "Sends a browser to an identity provider to sign in",
            query: [.optional("next", .string, "the page to go on to")], answer: .nothing, begin)
        table.get(
            "/sign-in/{provider}/callback", .open, "Where an identity provider sends a browser back to", answer: .text("text/html"), finish)
        table.get(
            "/api/v1/session/providers", .open, "The identity providers that accounts may sign in with", answer: .list(of: "Provider")
        ) { _ in
            let items = flows.identities.providers.all.map { provider in
                Value.map(["name": .string(provider.settings.name), "displayName": .string(provider.settings.displayName)])
            }
            return .json(.map(["items": .list(items), "next": .null]))
        }
        table.post(
            "/api/v1/session/devices", .open, "Begins to sign in a program whose user confirms a code in a browser elsewhere",
            members: [
                .required("provider", .string, "the identity provider's name"), .required("name", .string, "the token's name"),
                .required("expiresSeconds", .integer, "how long the token lasts: 60 to 31536000"),
                .optional(
                    "role", .string, "narrows the token to a role: " + AccessPolicy.Role.allCases.map(\.rawValue).joined(separator: ", ")),
                .optional("pipelines", .object, "a list of names: the token acts in these only"),
                .optional("environments", .object, "a list of names: the token acts in these only"),
            ], bodyMax: 8 << 10, answer: .object("DeviceSignIn"), beginDevice)
        table.post(
            "/api/v1/session/devices/poll", .open, "Asks whether the code was confirmed; answers with an API token once it was",
            members: [.required("handle", .string, "the 'handle' of the sign-in that was begun")], bodyMax: 32 << 10,
            answer: .object("DeviceState"), askDevice)
    }

    // MARK: - Browsers

    private var cookie: FlowCookie { FlowCookie(isSecure: gate.cookie.isSecure) }

    @Sendable private func begin(_ call: Call) async throws -> Reply {
        let provider = try flows.provider(call.parameter("provider"))
        let next = SignInRoutes.local(try call.query.text("next"))
        let begun = try await flows.begin(provider, redirect: try redirect(call, provider), next: next, from: call.address)
        var reply = Reply.seeOther(begun.address)
        reply.headers[.setCookie] = cookie.header(begun.cookie)
        // The provider need not know which page was asked for.
        if let name = HTTPField.Name("Referrer-Policy") { reply.headers[name] = "no-referrer" }
        return reply
    }

    @Sendable private func finish(_ call: Call) async throws -> Reply {
        let provider = try flows.provider(call.parameter("provider"))
        do {
            let (opened, next) = try await flows.finish(
                provider, call.query.values, cookie: cookie.value(in: call.headers), gate.visitor(call))
            var reply = signInPage.signedIn(opened, next: next)
            reply.headers.append(HTTPField(name: .setCookie, value: cookie.removal))
            return reply
        } catch {
            guard var failure = error as? APIFailure else { throw error }
            failure.headers[.setCookie] = cookie.removal
            throw failure
        }
    }

    /// Registered at the provider, which compares it.
    private func redirect(_ call: Call, _ provider: OpenIDProvider) throws(APIFailure) -> String {
        let path = "/sign-in/\(provider.settings.name)/callback"
        if let publicURL { return String(publicURL.reversed().drop { $0 == "/" }.reversed()) + path }
        let scheme = gate.cookie.isSecure ? "https" : "http"
        guard let host = call.host, let address = WebAddress("\(scheme)://\(host)"), address.path.isEmpty, !address.hasQuery else {
            throw .invalid("the request does not name the coordinator's host", hint: "start the coordinator with --public-url")
        }
        return "\(scheme)://\(host)\(path)"
    }

    // MARK: - Devices

    @Sendable private func beginDevice(_ call: Call) async throws -> Reply {
        try CrossOrigin.check(call.headers, host: call.host)
        let body = try call.json()
        let provider = try flows.provider(body.string("provider", bytesMax: 64))
        let wanted = Map(
            ["name", "expiresSeconds", "role", "pipelines", "environments"].compactMap { key in body.value(key).map { (key, $0) } })
        let device = try await flows.beginDevice(provider, wanted, from: call.address)
        return .json(
            .map([
                "handle": .string(device.handle), "userCode": .string(device.code.userCode),
                "verificationURL": .string(device.code.verification.text),
                "completeVerificationURL": Value(device.code.completeVerification?.text), "expiresAt": Value(device.expiresAt),
                "intervalSeconds": .int(device.code.interval.components.seconds),
            ]))
    }

    @Sendable private func askDevice(_ call: Call) async throws -> Reply {
        try CrossOrigin.check(call.headers, host: call.host)
        let handle = try call.json().string("handle", bytesMax: FlowSeal.textMax)
        switch try await flows.askDevice(handle, from: call.address) {
        case .pending: return .json(.map(["state": "pending"]))
        case .slowDown: return .json(.map(["state": "slowDown"]))
        case .granted(let account, let made):
            guard case .map(var answer) = made.token.json else { return Reply(.internalServerError) }
            answer["state"] = "granted"
            answer["token"] = .string(made.text)
            answer["displayName"] = .string(account.displayName)
            answer["groups"] = .texts(account.groups)
            return .json(.map(answer))
        }
    }
}

/// The cookie that carries a browser's sign-in to the provider and back.
struct FlowCookie: Sendable {
    let isSecure: Bool
    let name: String

    init(isSecure: Bool) {
        self.isSecure = isSecure
        name = isSecure ? "__Host-flotilla_flow" : "flotilla_flow"
    }

    /// Lax: it has to come along when the provider's page sends the browser back.
    func header(_ value: String, seconds: Int64 = ProviderSignIns.flowMilliseconds / 1_000) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }

    var removal: String { header("", seconds: 0) }

    func value(in headers: HTTPFields) -> String? { SessionCookie.value(named: name, in: headers) }
}
