// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

/// One identity provider, as its client sees it: what it publishes, and what codes are exchanged for.
struct OpenIDProvider: Sendable {
    let settings: ProviderSettings
    private let transport: ProviderTransport
    private let metadata: KeptDocument<ProviderMetadata>
    private let keys: KeptDocument<[SigningKey]>
    private let time: WallTime

    /// What a provider hands out for a code.
    struct Tokens: Sendable {
        var idToken: String
        var accessToken: String?
    }

    /// How far a device's sign-in has come (RFC 8628 §3.5).
    enum DeviceAnswer: Sendable {
        case pending
        case slowDown
        case granted(Tokens)
    }

    struct DeviceCode: Sendable {
        var deviceCode: String
        var userCode: String
        var verification: WebAddress
        var completeVerification: WebAddress?
        var expiresIn: Duration
        var interval: Duration
    }

    private static let secretTextMax = 8 << 10

    init(_ settings: ProviderSettings, http: HTTPClient, lookup: HostLookup, time: WallTime) {
        self.settings = settings
        self.time = time
        let transport = ProviderTransport(http: http, name: settings.name)
        self.transport = transport
        let issuer = settings.issuer
        let metadata = KeptDocument(time: time) {
            let document = try await transport.get(ProviderMetadata.address(of: issuer), max: ProviderMetadata.bytesMax)
            let metadata = try ProviderMetadata(document, of: issuer)
            try await Self.check(metadata, of: issuer, lookup)
            return metadata
        }
        self.metadata = metadata
        keys = KeptDocument(time: time) {
            try SigningKey.set(try await transport.get(try await metadata.value().keys.text, max: SigningKey.setBytesMax))
        }
    }

    /// Refuses hosts in the coordinator's own network, unless the issuer itself is in it. A name that is unknown here is the proxy's affair.
    private static func check(_ metadata: ProviderMetadata, of issuer: WebAddress, _ lookup: HostLookup) async throws {
        let others = Set(metadata.others(than: issuer).filter { $0.address == nil }.map(\.host))
        guard !others.isEmpty else { return }
        let own = if let address = issuer.address { [address] } else { await lookup.addresses(issuer.host) }
        guard own.allSatisfy(\.isPublic) else { return }
        for host in others.sorted() {
            guard await lookup.addresses(host).allSatisfy(\.isPublic) else {
                throw ProviderRefusal(.untrusted, "the provider names the host '\(host)', which is within the coordinator's own network")
            }
        }
    }

    var published: ProviderMetadata { get async throws { try await metadata.value() } }

    // MARK: - Authorization code

    /// Where a browser is sent to sign in (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3).
    func authorizationAddress(state: String, nonce: String, challenge: String, redirect: String) async throws -> String {
        let endpoint = try await metadata.value().authorization
        let parameters = [
            ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", redirect),
            ("scope", settings.scopes.joined(separator: " ")), ("state", state), ("nonce", nonce), ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ]
        let query = parameters.map { "\($0)=\(URLText.encode($1))" }.joined(separator: "&")
        return endpoint.text + (endpoint.hasQuery ? "&" : "?") + query
    }

    func exchange(code: String, verifier: String, redirect: String) async throws -> Tokens {
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect), ("code_verifier", verifier)]
        let metadata = try await metadata.value()
        let answer = try await post(metadata.token, form, metadata)
        guard answer.status == 200 else { throw Self.refusal(answer.document["error"]?.string, settings) }
        return try Self.tokens(answer.document)
    }

    // MARK: - Devices

    func beginDevice() async throws -> DeviceCode {
        let metadata = try await metadata.value()
        guard let endpoint = metadata.deviceAuthorization else {
            throw ProviderRefusal(
                .unavailable, "the identity provider '\(settings.name)' signs no devices in",
                hint: "sign in in the browser and make a token there")
        }
        let answer = try await post(endpoint, [("scope", settings.scopes.joined(separator: " "))], metadata)
        guard answer.status == 200 else { throw Self.refusal(answer.document["error"]?.string, settings) }
        let fields = try Self.fields(answer.document)
        // Google and older servers say `verification_url`.
        let place = try fields.optionalString("verification_uri") ?? fields.string("verification_url")
        let userCode = try fields.string("user_code", bytesMax: 64)
        guard let verification = WebAddress(place), verification.isSecure || settings.issuer.isLoopback, !userCode.isEmpty,
            userCode.utf8.allSatisfy({ $0 >= 32 && $0 < 127 })
        else { throw Self.malformed }
        let complete = try fields.optionalString("verification_uri_complete").flatMap { WebAddress($0) }
        return DeviceCode(
            deviceCode: try fields.string("device_code", bytesMax: 4_096), userCode: userCode, verification: verification,
            completeVerification: complete.flatMap { $0.isSecure == verification.isSecure && $0.host == verification.host ? $0 : nil },
            expiresIn: .seconds(min(max(try fields.optionalInt("expires_in") ?? 600, 1), 1_800)),
            interval: .seconds(min(max(try fields.optionalInt("interval") ?? 5, 1), 60)))
    }

    func askDevice(_ deviceCode: String) async throws -> DeviceAnswer {
        let metadata = try await metadata.value()
        let answer = try await post(
            metadata.token, [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", deviceCode)], metadata)
        guard answer.status != 200 else { return .granted(try Self.tokens(answer.document)) }
        switch answer.document["error"]?.string {
        case "authorization_pending": return .pending
        case "slow_down": return .slowDown
        case let error: throw Self.refusal(error, settings)
        }
    }

    // MARK: - Tokens

    /// The account that the tokens vouch for, everything about them checked.
    func account(_ tokens: Tokens, nonce: String?, notBefore: Timestamp?) async throws -> ProviderAccount {
        let token = try IDToken(tokens.idToken)
        var keys = try await keys.value()
        if SigningKey.choose(from: keys, identifier: token.keyIdentifier, token.algorithm) == nil { keys = try await self.keys.renewed() }
        try await token.verify(keys)
        try token.check(
            IDToken.Expectation(
                issuer: settings.issuer.text, clientID: settings.clientID, audiences: settings.audiences, nonce: nonce,
                notBefore: notBefore,
                accessToken: tokens.accessToken), at: time.now)
        let reading = ClaimReading(settings: settings)
        var claims = token.claims
        if reading.needsMore(claims), let accessToken = tokens.accessToken, let endpoint = try await metadata.value().userInfo {
            claims = try await completed(claims, accessToken, endpoint)
        }
        return try reading.account(claims, at: time.now)
    }

    /// Adds what the user info says and the token does not (OpenID Connect Core 1.0 §5.3).
    private func completed(_ claims: Value, _ accessToken: String, _ endpoint: WebAddress) async throws -> Value {
        let answer = try await transport.get(endpoint.text, bearer: accessToken, max: IDToken.bytesMax)
        guard case .map(let more) = answer, case .map(var all) = claims, let subject = claims["sub"]?.string,
            more["sub"]?.string == subject
        else { throw ProviderRefusal(.untrusted, "the identity provider's user info is of somebody else than its token") }
        for entry in more where all[entry.key] == nil { all[entry.key] = entry.value }
        return .map(all)
    }

    private func post(
        _ address: WebAddress, _ form: [(name: String, value: String)], _ metadata: ProviderMetadata
    ) async throws -> ProviderTransport.Answer {
        guard let secret = settings.clientSecret else {
            return try await transport.post(address, form + [("client_id", settings.clientID)])
        }
        if metadata.secretMethods.contains("client_secret_basic") {
            // Each part is form-encoded before (RFC 6749 §2.3.1).
            let credential = Base64URL.encodeStandard("\(URLText.encode(settings.clientID)):\(URLText.encode(secret))".utf8)
            return try await transport.post(
                address, form + [("client_id", settings.clientID)], headers: [("Authorization", "Basic \(credential)")])
        }
        guard metadata.secretMethods.contains("client_secret_post") else {
            throw ProviderRefusal(
                .unavailable, "the identity provider '\(settings.name)' takes a client's secret in no way that is known here")
        }
        return try await transport.post(address, form + [("client_id", settings.clientID), ("client_secret", secret)])
    }

    private static func tokens(_ document: Value) throws -> Tokens {
        let fields = try fields(document)
        guard let idToken = document["id_token"]?.string else {
            throw ProviderRefusal(.untrusted, "the identity provider gave no ID token", hint: "the scope 'openid' has to be allowed there")
        }
        let accessToken = try fields.optionalString("access_token").flatMap { text in
            text.utf8.count <= secretTextMax && text.utf8.allSatisfy { $0 > 32 && $0 < 127 } ? text : nil
        }
        return Tokens(idToken: idToken, accessToken: accessToken)
    }

    private static func fields(_ document: Value) throws -> Fields {
        do { return try Fields(document) } catch { throw malformed }
    }

    private static let malformed = ProviderRefusal(.unavailable, "the identity provider's answer is not as it should be")

    /// What a provider's error means; its own words are not passed on.
    static func refusal(_ code: String?, _ settings: ProviderSettings) -> ProviderRefusal {
        let name = "'\(settings.displayName)'"
        switch code {
        case "access_denied":
            return ProviderRefusal(.denied, "\(name) was told not to sign you in, or does not let you use this application")
        case "expired_token": return ProviderRefusal(.flow, "the code has run out before it was confirmed", hint: "begin again")
        case "invalid_grant":
            return ProviderRefusal(.flow, "\(name) does not accept the code: it was used, or has run out", hint: "begin again")
        case "login_required", "interaction_required", "consent_required", "account_selection_required":
            return ProviderRefusal(.denied, "\(name) wants you to sign in there first")
        case "temporarily_unavailable", "server_error": return ProviderRefusal(.unavailable, "\(name) cannot sign anybody in right now")
        case "invalid_client", "unauthorized_client":
            return ProviderRefusal(
                .unavailable, "\(name) does not accept this coordinator as a client",
                hint: "an administrator compares 'clientID', the client's secret and its kinds of flow with what is registered there")
        case "invalid_scope", "invalid_request", "unsupported_response_type", "unsupported_grant_type":
            return ProviderRefusal(
                .unavailable, "\(name) does not accept the request (\(code ?? ""))",
                hint: "an administrator compares scopes, redirect address and kinds of flow with what is registered there")
        default: return ProviderRefusal(.denied, "\(name) did not sign you in")
        }
    }
}
