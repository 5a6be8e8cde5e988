// SPDX-License-Identifier: Apache-2.0
import Crypto
import CryptoExtras
import HTTPTestServer
import Manifests
import Synchronization

@testable import FleetCoordinator

/// A small identity provider that does what a test says, right or wrong.
final class TestProvider: Sendable {
    /// How a token is signed.
    enum Signing: Sendable, Equatable {
        case rs256, ps256, es256, edDSA
        case none
        /// With the public key as the shared secret.
        case hs256
        /// Says that it is RS256, by a key of another type.
        case confused
        /// By another key of the same name.
        case forged
    }

    enum Device: Sendable { case pending, slowDown, denied, expired, granted }

    struct Knobs: Sendable {
        var signing = Signing.rs256
        var keyIdentifier: String? = "rsa-1"
        /// What stands in the key set besides.
        var keys = ["rsa-1", "ec-1", "ed-1"]
        /// Members of the description that are other than usual.
        var description: [String: Value] = [:]
        /// Claims that are other than usual; null takes one away.
        var claims: [String: Value] = [:]
        var header: [String: Value] = [:]
        var userInfo: Map? = ["sub": "u-1"]
        var nonce: String?
        var padding = 0
        var accessToken: String? = "access-token"
        var redirectsTokens = false
        var tokenError: String?
        var device = Device.pending
        var deviceAnswer: [String: Value] = [:]
        var secretIsPosted = false
    }

    private struct State {
        var knobs = Knobs()
        var time: HandTime?
        var codes: [String: [String: String]] = [:]
        var number = 0
    }

    static let clientID = "flotilla"
    static let secret = "s3cret +/="
    static let user: Map = [
        "sub": "u-1", "preferred_username": "Anna", "name": "Anna Example", "email": "anna@example.com", "groups": ["web"],
    ]

    private static let rsa = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }
    private static let otherRSA = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }
    private static let ec = P256.Signing.PrivateKey()
    private static let ed = Curve25519.Signing.PrivateKey()

    private let state = Mutex(State())
    private let box = Mutex<HTTPTestServer?>(nil)

    init() throws {
        let server = try HTTPTestServer { [weak self] request, connection in
            guard let self else { return connection.respond(500) }
            do { try answer(request, connection) } catch { connection.respond(500, text: "\(error)") }
        }
        box.withLock { $0 = server }
    }

    var server: HTTPTestServer? { box.withLock { $0 } }
    var url: String { server?.url ?? "" }
    func stop() { server?.stop() }

    var knobs: Knobs {
        get { state.withLock { $0.knobs } }
        set { state.withLock { $0.knobs = newValue } }
    }

    func keep(_ time: HandTime) { state.withLock { $0.time = time } }

    func count(_ path: String) -> Int { server?.requests.count { $0.path == path } ?? 0 }

    func settings(_ name: String = "test") throws -> ProviderSettings {
        guard let issuer = WebAddress(url) else { throw FixtureFile.Missing(path: url) }
        var settings = ProviderSettings(name: name, displayName: "Test", issuer: issuer, clientID: Self.clientID)
        settings.clientSecret = Self.secret
        settings.claims.groups = "groups"
        return settings
    }

    // MARK: - Answers

    private func answer(_ request: HTTPTestServer.Request, _ connection: HTTPTestServer.Connection) throws {
        let knobs = knobs
        switch request.path {
        case "/.well-known/openid-configuration":
            var document: Map = [
                "issuer": .string(url), "authorization_endpoint": .string("\(url)/authorize"), "token_endpoint": .string("\(url)/token"),
                "jwks_uri": .string("\(url)/keys"), "userinfo_endpoint": .string("\(url)/userinfo"),
                "device_authorization_endpoint": .string("\(url)/device"), "response_types_supported": ["code"],
            ]
            if knobs.secretIsPosted { document["token_endpoint_auth_methods_supported"] = ["client_secret_post"] }
            for (key, value) in knobs.description { document[key] = value.isNull ? nil : value }
            if knobs.padding > 0 { document["padding"] = .string(String(repeating: "x", count: knobs.padding)) }
            connection.respond(200, json: JSON.text(.map(document)))
        case "/keys":
            connection.respond(200, json: JSON.text(.map(["keys": .list(try knobs.keys.map(Self.key))])))
        case "/userinfo":
            guard request.headers["authorization"] == "Bearer access-token", let info = knobs.userInfo else {
                return connection.respond(401)
            }
            connection.respond(200, json: JSON.text(.map(info)))
        case "/device":
            guard try isClient(request) else { return connection.respond(401, json: #"{"error":"invalid_client"}"#) }
            var answer: Map = [
                "device_code": "device-code", "user_code": "WDJB-MJHT", "verification_uri": .string("\(url)/activate"),
                "verification_uri_complete": .string("\(url)/activate?user_code=WDJB-MJHT"), "expires_in": 600, "interval": 5,
            ]
            for (key, value) in knobs.deviceAnswer { answer[key] = value.isNull ? nil : value }
            connection.respond(200, json: JSON.text(.map(answer)))
        case "/token": try answerToken(request, connection, knobs)
        default: connection.respond(404)
        }
    }

    private func answerToken(_ request: HTTPTestServer.Request, _ connection: HTTPTestServer.Connection, _ knobs: Knobs) throws {
        func refuse(_ code: String) { connection.respond(400, json: JSON.text(.map(["error": .string(code)]))) }
        if knobs.redirectsTokens { return connection.respond(307, headers: [("Location", "\(url)/elsewhere")]) }
        if let error = knobs.tokenError { return refuse(error) }
        guard try isClient(request) else { return connection.respond(401, json: #"{"error":"invalid_client"}"#) }
        let form = try Query(parsing: String(decoding: request.body, as: UTF8.self)).values
        var nonce: String?
        if form["grant_type"] == "authorization_code" {
            guard let code = form["code"], let asked = state.withLock({ $0.codes.removeValue(forKey: code) }) else {
                return refuse("invalid_grant")
            }
            let challenge = Base64URL.encode(SHA256.hash(data: Array((form["code_verifier"] ?? "").utf8)))
            guard asked["code_challenge_method"] == "S256", asked["code_challenge"] == challenge,
                asked["redirect_uri"] == form["redirect_uri"]
            else { return refuse("invalid_grant") }
            nonce = knobs.nonce ?? asked["nonce"]
        } else {
            guard form["device_code"] == "device-code" else { return refuse("invalid_grant") }
            switch knobs.device {
            case .pending: return refuse("authorization_pending")
            case .slowDown: return refuse("slow_down")
            case .denied: return refuse("access_denied")
            case .expired: return refuse("expired_token")
            case .granted: break
            }
        }
        var answer: Map = ["token_type": "Bearer", "id_token": .string(try token(nonce: nonce))]
        if let accessToken = knobs.accessToken { answer["access_token"] = .string(accessToken) }
        connection.respond(200, json: JSON.text(.map(answer)))
    }

    private func isClient(_ request: HTTPTestServer.Request) throws -> Bool {
        if knobs.secretIsPosted {
            let form = try Query(parsing: String(decoding: request.body, as: UTF8.self)).values
            return form["client_id"] == Self.clientID && form["client_secret"] == Self.secret && request.headers["authorization"] == nil
        }
        let credential = "\(Self.clientID):\(URLText.encode(Self.secret))"
        return request.headers["authorization"] == "Basic \(Base64URL.encodeStandard(credential.utf8))"
    }

    /// What the provider does once somebody has signed in at the address that a browser was sent to: a code.
    func authorize(_ location: String) throws -> (code: String, state: String) {
        let query = try Query(parsing: String(location.drop { $0 != "?" }.dropFirst())).values
        return state.withLock { state in
            state.number += 1
            let code = "code-\(state.number)"
            state.codes[code] = query
            return (code, query["state"] ?? "")
        }
    }

    // MARK: - Tokens

    func token(nonce: String?) throws -> String {
        let knobs = knobs
        let now = state.withLock { $0.time?.now ?? Timestamp(seconds: 1_800_000_000) }.seconds
        var claims = Self.user
        claims["iss"] = .string(url)
        claims["aud"] = .string(Self.clientID)
        claims["iat"] = .int(now)
        claims["exp"] = .int(now + 300)
        if let nonce { claims["nonce"] = .string(nonce) }
        for (key, value) in knobs.claims { claims[key] = value.isNull ? nil : value }
        let names: [Signing: String] = [
            .rs256: "RS256", .ps256: "PS256", .es256: "ES256", .edDSA: "EdDSA", .none: "none", .hs256: "HS256", .confused: "RS256",
            .forged: "RS256",
        ]
        var header: Map = ["typ": "JWT", "alg": .string(names[knobs.signing] ?? "")]
        if let identifier = knobs.keyIdentifier { header["kid"] = .string(identifier) }
        for (key, value) in knobs.header { header[key] = value }
        let signed = Base64URL.encode(JSON.write(.map(header))) + "." + Base64URL.encode(JSON.write(.map(claims)))
        return signed + "." + Base64URL.encode(try Self.signature(Array(signed.utf8), knobs.signing))
    }

    private static func signature(_ bytes: [UInt8], _ signing: Signing) throws -> [UInt8] {
        let digest = SHA256.hash(data: bytes)
        switch signing {
        case .rs256: return Array(try rsa.get().signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
        case .forged: return Array(try otherRSA.get().signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
        case .ps256: return Array(try rsa.get().signature(for: digest, padding: .PSS).rawRepresentation)
        case .es256, .confused: return Array(try ec.signature(for: digest).rawRepresentation)
        case .edDSA: return Array(try ed.signature(for: bytes))
        case .none: return []
        case .hs256:
            let key = SymmetricKey(data: Array(try rsa.get().publicKey.pemRepresentation.utf8))
            return Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
        }
    }

    /// A member of the key set, by its name; `secret` and `private` are such as must never be there.
    private static func key(_ name: String) throws -> Value {
        switch name {
        case let name where name.hasPrefix("rsa"), let name where name == "private" || name == "nameless":
            let numbers = try rsa.get().publicKey.getKeyPrimitives()
            var key: Map = [
                "kty": "RSA", "n": .string(Base64URL.encode(numbers.modulus)), "e": .string(Base64URL.encode(numbers.publicExponent)),
            ]
            // As Entra ID has them: without an algorithm.
            key["use"] = "sig"
            if name != "nameless" { key["kid"] = .string(name) }
            if name == "private" { key["d"] = "AQAB" }
            return .map(key)
        case "ec-1":
            let raw = Array(ec.publicKey.rawRepresentation)
            return .map([
                "kty": "EC", "crv": "P-256", "kid": "ec-1", "alg": "ES256", "x": .string(Base64URL.encode(raw[..<32])),
                "y": .string(Base64URL.encode(raw[32...])),
            ])
        case "ed-1":
            return .map(["kty": "OKP", "crv": "Ed25519", "kid": "ed-1", "x": .string(Base64URL.encode(ed.publicKey.rawRepresentation))])
        case "encryption":
            guard case .map(var key) = try key("rsa-1") else { return .null }
            key["use"] = "enc"
            key["kid"] = "encryption"
            return .map(key)
        default: return .map(["kty": "oct", "kid": .string(name), "k": "c2VjcmV0"])
        }
    }
}
