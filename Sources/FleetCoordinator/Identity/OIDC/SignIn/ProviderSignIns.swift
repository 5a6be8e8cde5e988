// SPDX-License-Identifier: Apache-2.0
import Crypto
import HTTPTypes
import Manifests
import PostgresClient

/// Signing in with an identity provider: in a browser by the authorization code flow, elsewhere by a device code.
///
/// Nothing is kept here meanwhile: a cookie or the program itself carries what has to come back, sealed.
struct ProviderSignIns: Sendable {
    let store: Store
    let time: WallTime
    let identities: Identities
    let seal: FlowSeal
    private let begins: RequestRate
    private let ends: RequestRate
    private let polls: RequestRate

    /// How long somebody may take at the provider.
    static let flowMilliseconds: Int64 = 10 * 60_000

    init(store: Store, time: WallTime, identities: Identities, seal: FlowSeal) {
        self.store = store
        self.time = time
        self.identities = identities
        self.seal = seal
        begins = RequestRate(each: 30, all: 600, windowMilliseconds: 60_000, time: time)
        ends = RequestRate(each: 30, all: 600, windowMilliseconds: 60_000, time: time)
        polls = RequestRate(each: 1, all: 2_000, windowMilliseconds: 1_000, time: time)
    }

    func provider(_ name: String) throws(APIFailure) -> OpenIDProvider {
        guard let provider = identities.providers[name] else {
            throw .notFound("there is no identity provider of this name")
        }
        return provider
    }

    /// Runs a part of a sign-in; a refusal is audited, and told in words for callers.
    private func refusing<Result>(
        _ provider: OpenIDProvider, _ means: String, from address: String?, _ body: () async throws -> Result
    ) async throws -> Result {
        do { return try await body() } catch {
            let author = Author(name: "anybody", means: "\(means) \(provider.settings.name)", address: address)
            let target = "identity provider \(provider.settings.name)"
            switch error {
            case let refusal as ProviderRefusal:
                await identities.denials.note("session.sign-in", on: target, by: author, reason: refusal.message)
                throw refusal.failure()
            case let shape as ShapeError:
                let refusal = ProviderRefusal(.unavailable, "the identity provider's answer is not as it should be: \(shape)")
                await identities.denials.note("session.sign-in", on: target, by: author, reason: refusal.message)
                throw refusal.failure()
            case let failure as APIFailure where failure.code == "account-name":
                await identities.denials.note("session.sign-in", on: target, by: author, reason: failure.message)
                throw failure
            default: throw error
            }
        }
    }

    private func limit(_ rate: RequestRate, _ address: String?) throws(ProviderRefusal) {
        guard rate.admits(SignIns.subject(ofAddress: address)) else {
            throw ProviderRefusal(.tooMany, "too many sign-ins at once; try again in a minute")
        }
    }

    private static func take(_ what: String, _ store: Store, until: Timestamp, at now: Timestamp) async throws -> Bool {
        let digest = Manifests.Digest.sha256("flotilla.dev/identity-flow/v1\n\(what)")
        return try await store.database.transaction { try SignInRows.take($0, link: digest, until: until, at: now) }
    }

    private static func secret() -> String { Base64URL.encode(Random.bytes(32)) }

    // MARK: - Browsers

    /// A flow that has begun: where the browser goes, and what it brings back.
    struct Begun: Sendable {
        var address: String
        var cookie: String
    }

    /// - Parameter redirect: where the provider sends the browser back to.
    func begin(_ provider: OpenIDProvider, redirect: String, next: String, from address: String?) async throws -> Begun {
        try await refusing(provider, "provider", from: address) {
            try limit(begins, address)
            let (state, nonce, verifier) = (Self.secret(), Self.secret(), Self.secret())
            let challenge = Base64URL.encode(SHA256.hash(data: Array(verifier.utf8)))
            let location = try await provider.authorizationAddress(state: state, nonce: nonce, challenge: challenge, redirect: redirect)
            let flow: Value = .map([
                "state": .string(state), "nonce": .string(nonce), "verifier": .string(verifier), "redirect": .string(redirect),
                "next": .string(next),
            ])
            let cookie = try seal.seal(flow, as: Self.purpose(provider), until: time.now + .milliseconds(Self.flowMilliseconds))
            return Begun(address: location, cookie: cookie)
        }
    }

    private static func purpose(_ provider: OpenIDProvider) -> String {
        "browser \(provider.settings.name) \(provider.settings.issuer.text)"
    }

    /// Ends a flow with what the provider sent the browser back with.
    /// - Returns: the session, and the page to go on to.
    func finish(
        _ provider: OpenIDProvider, _ answer: [String: String], cookie: String?, _ visitor: SignIns.Visitor
    ) async throws -> (SignIns.Opened, next: String?) {
        try await refusing(provider, "provider", from: visitor.address) {
            try limit(ends, visitor.address)
            let again = "begin again at the sign-in page, in this browser; a sign-in takes ten minutes at most"
            guard let cookie, let flow = seal.open(cookie, as: Self.purpose(provider), at: time.now), let state = flow["state"]?.string,
                let nonce = flow["nonce"]?.string, let verifier = flow["verifier"]?.string, let redirect = flow["redirect"]?.string
            else { throw ProviderRefusal(.flow, "this sign-in was not begun in this browser, or took too long", hint: again) }
            guard let returned = answer["state"], ConstantTime.equal(returned, state) else {
                throw ProviderRefusal(.flow, "this is not the answer to the sign-in that this browser began last", hint: again)
            }
            let issuer = answer["iss"]
            let mustName = try await provider.published.namesIssuer
            guard issuer == provider.settings.issuer.text || issuer == nil && !mustName else {
                throw ProviderRefusal(.untrusted, "the answer is from another identity provider than the one that was asked")
            }
            let now = time.now
            guard try await Self.take(state, store, until: now + .milliseconds(Self.flowMilliseconds), at: now) else {
                throw ProviderRefusal(.flow, "this sign-in was finished before", hint: again)
            }
            if let error = answer["error"] { throw OpenIDProvider.refusal(error, provider.settings) }
            guard let code = answer["code"], !code.isEmpty, code.utf8.count <= 4_096 else {
                throw ProviderRefusal(.untrusted, "the identity provider sent neither a code nor an error")
            }
            let tokens = try await provider.exchange(code: code, verifier: verifier, redirect: redirect)
            let account = try await provider.account(tokens, nonce: nonce, notBefore: nil)
            return (try await identities.signIns.provider(account, visitor), flow["next"]?.string)
        }
    }

    // MARK: - Devices

    /// What a program shows, and what it asks again with.
    struct Device: Sendable {
        var handle: String
        var code: OpenIDProvider.DeviceCode
        var expiresAt: Timestamp
    }

    enum DeviceState: Sendable {
        case pending
        case slowDown
        case granted(ProviderAccount, TokenActions.Made)
    }

    /// - Parameter wanted: what the token shall be, as `TokenRoutes.request` reads it.
    func beginDevice(_ provider: OpenIDProvider, _ wanted: Map, from address: String?) async throws -> Device {
        try await refusing(provider, "device code", from: address) {
            try limit(begins, address)
            _ = try TokenRoutes.request(try Fields(.map(wanted)))
            let now = time.now
            let code = try await provider.beginDevice()
            let expiresAt = now + code.expiresIn
            let flow: Value = .map([
                "id": .string(Self.secret()), "provider": .string(provider.settings.name), "code": .string(code.deviceCode),
                "beganAt": .int(now.milliseconds), "token": .map(wanted),
            ])
            return Device(
                handle: try seal.seal(flow, as: Self.devicePurpose, until: expiresAt), code: code, expiresAt: expiresAt)
        }
    }

    private static let devicePurpose = "device"

    /// Asks the provider how far it has come; where it has signed somebody in, an API token is made, once.
    func askDevice(_ handle: String, from address: String?) async throws -> DeviceState {
        guard let flow = seal.open(handle, as: Self.devicePurpose, at: time.now), let id = flow["id"]?.string,
            let name = flow["provider"]?.string, let provider = identities.providers[name], let code = flow["code"]?.string,
            let beganAt = flow["beganAt"]?.int, let wanted = flow["token"]?.map
        else {
            throw ProviderRefusal(.flow, "this sign-in was not begun here, or its code has run out", hint: "begin again: flotilla login")
                .failure()
        }
        return try await refusing(provider, "device code", from: address) {
            guard polls.admits(id) else { return .slowDown }
            let tokens: OpenIDProvider.Tokens
            switch try await provider.askDevice(code) {
            case .pending: return .pending
            case .slowDown: return .slowDown
            case .granted(let granted): tokens = granted
            }
            let now = time.now
            guard try await Self.take(id, store, until: now + .milliseconds(1_800_000), at: now) else {
                throw ProviderRefusal(.flow, "this sign-in was finished before", hint: "begin again: flotilla login")
            }
            let account = try await provider.account(tokens, nonce: nil, notBefore: Timestamp(milliseconds: beganAt))
            try await identities.signIns.see(account)
            let principal = Principal(
                name: account.name, displayName: account.displayName, email: account.email, groups: account.groups,
                origin: account.origin, means: .session(""))
            let author = Author(name: account.name, means: "device code \(name)", address: address)
            let request = try TokenRoutes.request(try Fields(.map(wanted)))
            // Signing in again on a machine takes the place of the last time.
            do { try await identities.tokens.revoke(request.name, of: account.name, origin: account.origin, by: author) } catch {
                guard (error as? APIFailure)?.status == .notFound else { throw error }
            }
            return .granted(account, try await identities.tokens.make(request, for: principal, by: author))
        }
    }
}
