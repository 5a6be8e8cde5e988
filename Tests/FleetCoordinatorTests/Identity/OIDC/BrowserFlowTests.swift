// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("Signing in a browser with an identity provider") struct BrowserFlowTests {
    @Test("a code is exchanged for a session with the account's groups, and audited")
    func signsIn() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { settings in
            settings.groups.prefix = "corp-"
        } _: { served async throws in
            let visit = try await ProviderVisit.begin(served, next: "/events?limit=5")
            let asked = try visit.parameters
            #expect(visit.location.hasPrefix("\(provider.url)/authorize?"))
            #expect(asked["response_type"] == "code" && asked["client_id"] == "flotilla" && asked["scope"] == "openid profile email")
            #expect(asked["redirect_uri"] == "\(served.url)/sign-in/test/callback" && asked["code_challenge_method"] == "S256")
            #expect(visit.setCookie.contains("; HttpOnly; SameSite=Lax") && visit.setCookie.contains("Max-Age=600"))
            // What it carries cannot be read.
            for secret in [asked["state"], asked["nonce"]] { #expect(!visit.cookie.contains(try #require(secret))) }

            let (code, state) = try provider.authorize(visit.location)
            let answer = try await visit.finish("code=\(code)&state=\(state)")
            #expect(answer.status == 200 && answer.text.contains("url=/events?limit=5"), "\(answer.text)")
            #expect(answer.headers.all.values("Set-Cookie").contains { $0.hasPrefix("flotilla_flow=; ") })
            let session = try #require(answer.session)
            let who = try await served.send("GET", "/api/v1/whoami", headers: [(name: "Cookie", value: session)]).json
            #expect(who["account"] == "anna" && who["groups"] == ["corp-web"] && who["origin"] == "provider:test")
            #expect(who["displayName"] == "Anna Example" && who["email"] == "anna@example.com")
            let audited = try await served.audited("session.sign-in")
            #expect(audited.map(\.outcome) == ["done"] && audited.first?.target == "account anna" && audited.first?.means == "provider")

            // The same answer again, in whichever browser, signs nobody in.
            let again = try await visit.finish("code=\(code)&state=\(state)")
            #expect(again.status == 400 && again.session == nil && again.text.contains("finished before"))
            #expect(try await served.audited("session.sign-in").first?.outcome == "denied")
        }
    }

    @Test("a callback that this browser did not ask for signs nobody in")
    func loginCSRF() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            let (mine, other) = (try await ProviderVisit.begin(served), try await ProviderVisit.begin(served))
            let (code, state) = try provider.authorize(other.location)
            let flipped = String(mine.cookie.dropLast(3)) + "AAA"
            for (cookie, state) in [
                (mine.cookie, state), ("", state), (flipped, state), (other.cookie, ""), (other.cookie, state + "x"),
                ("flotilla_flow=" + served.credentials.sign("link-1", until: .distantFuture), state),
            ] {
                let answer = try await mine.finish("code=\(code)&state=\(state)", cookie: cookie)
                #expect(answer.status == 400 && answer.session == nil)
            }
            #expect(provider.count("/token") == 0)
            served.fleet.time.advance(by: .seconds(601))
            let late = try await other.finish("code=\(code)&state=\(state)")
            #expect(late.status == 400 && late.text.contains("took too long"))
        }
    }

    @Test("what a provider says wrongly is refused: each by its own reason, without a session")
    func refusals() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            typealias Knobs = TestProvider.Knobs
            let now = served.fleet.time.now.seconds
            let cases: [(String, String, @Sendable (inout Knobs) -> Void)] = [
                ("wrong issuer", "from another issuer", { $0.claims["iss"] = "https://evil.example" }),
                ("issuer with a slash", "from another issuer", { [url = provider.url] in $0.claims["iss"] = .string(url + "/") }),
                ("wrong audience", "another client", { $0.claims["aud"] = "other" }),
                ("a further audience", "for others too", { $0.claims["aud"] = ["flotilla", "other"] }),
                ("no audience", "no audience", { $0.claims["aud"] = .null }),
                ("asked for by another", "asked for by another", { $0.claims["azp"] = "other" }),
                ("expired", "run out", { $0.claims["exp"] = .int(now - 100) }),
                ("no end", "when it ends", { $0.claims["exp"] = .null }),
                ("an end that is none", "a time that is none", { $0.claims["exp"] = "tomorrow" }),
                ("not yet", "from the future", { $0.claims["nbf"] = .int(now + 999) }),
                ("made in the future", "from the future", { $0.claims["iat"] = .int(now + 999) }),
                ("wrong nonce", "not of this sign-in", { $0.nonce = "mine" }),
                ("no nonce", "not of this sign-in", { $0.claims["nonce"] = .null }),
                ("alg none", "is not signed", { $0.signing = .none }),
                ("HS256 with the public key", "is not signed, or by an algorithm", { $0.signing = .hs256 }),
                ("another type of key", "not the provider", { $0.signing = .confused }),
                ("a forged signature", "not the provider", { $0.signing = .forged }),
                ("a critical extension", "extensions", { $0.header["crit"] = ["exp"] }),
                ("another token's digest", "another access token", { $0.claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }),
                ("no groups", "is missing or empty", { $0.claims["groups"] = .null }),
                ("empty groups", "is missing or empty", { $0.claims["groups"] = [] }),
                ("an empty group", "is missing or empty", { $0.claims["groups"] = [""] }),
                ("groups that are none", "is missing or empty", { $0.claims["groups"] = 5 }),
                ("no account", "names accounts, is missing", { $0.claims["preferred_username"] = .null }),
                ("an empty account", "names accounts, is missing", { $0.claims["preferred_username"] = "" }),
                ("no name for an account", "is no name for an account", { $0.claims["preferred_username"] = "anna <b>" }),
                ("the administrator", "is no name for an account", { $0.claims["preferred_username"] = "administrator" }),
                ("nobody", "is of nobody", { $0.claims["sub"] = .null }),
                ("a redirecting token endpoint", "status 307", { $0.redirectsTokens = true }),
                ("a used code", "does not accept the code", { $0.tokenError = "invalid_grant" }),
                ("an oversized token", "larger than", { $0.claims["big"] = .string(String(repeating: "x", count: 70_000)) }),
            ]
            for (name, words, change) in cases {
                var knobs = Knobs()
                change(&knobs)
                provider.knobs = knobs
                let answer = try await ProviderVisit.make(served, provider)
                #expect(answer.status >= 400 && answer.session == nil, "\(name)")
                #expect(answer.text.contains(words), "\(name): \(answer.text)")
                #expect(!answer.text.contains(TestProvider.secret) && !answer.text.contains("access-token"), "\(name)")
                served.fleet.time.advance(by: .milliseconds(1))
            }
            provider.knobs = Knobs()
            served.fleet.time.advance(by: .seconds(61))
            #expect(try await ProviderVisit.make(served, provider).session != nil)
            await served.identities.denials.flush()
            let audited = try await served.audited("session.sign-in")
            #expect(audited.count { $0.outcome == "denied" && $0.target == "identity provider test" } == DenialLog.eachMax)
            #expect(audited.contains { $0.text.contains("from another issuer") })
        }
    }

    @Test("every kind of signature is verified by the key of its type", arguments: [TestProvider.Signing.rs256, .ps256, .es256, .edDSA])
    func signatures(_ signing: TestProvider.Signing) async throws {
        let provider = try TestProvider()
        provider.knobs.signing = signing
        provider.knobs.keyIdentifier = [.es256: "ec-1", .edDSA: "ed-1"][signing] ?? "rsa-1"
        try await ServedFleet.with(provider) { served async throws in
            #expect(try await ProviderVisit.make(served, provider).session != nil)
        }
    }

    @Test("a key that is not known is looked for again, at most once a minute")
    func rotation() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            #expect(try await ProviderVisit.make(served, provider).session != nil)
            #expect(provider.count("/keys") == 1)
            provider.knobs.keys = ["rsa-2"]
            provider.knobs.keyIdentifier = "rsa-2"
            #expect(try await ProviderVisit.make(served, provider).session == nil)
            #expect(provider.count("/keys") == 1)
            served.fleet.time.advance(by: .seconds(61))
            #expect(try await ProviderVisit.make(served, provider).session != nil)
            #expect(provider.count("/keys") == 2)
            // A name that nobody has does not make it ask and ask.
            provider.knobs.keyIdentifier = "rsa-3"
            for _ in 0..<5 { #expect(try await ProviderVisit.make(served, provider).session == nil) }
            #expect(provider.count("/keys") == 2 && provider.count("/.well-known/openid-configuration") == 1)
            // The key that was taken away is good no more.
            provider.knobs.keyIdentifier = "rsa-1"
            #expect(try await ProviderVisit.make(served, provider).session == nil)
        }
    }

    @Test("one key without a name is the one that is meant; two cannot be told apart; secrets among them spoil all")
    func keySets() async throws {
        for (keys, identifier, isGood) in [
            (["nameless"], nil, true), (["nameless"], "rsa-1", true), (["rsa-1", "rsa-2"], nil, false),
            (["encryption"], "encryption", false),
            (["rsa-1", "private"], "rsa-1", false), (["rsa-1", "shared"], "rsa-1", false), (["rsa-1", "ec-1"], nil, true),
            ([], "rsa-1", false),
        ] as [([String], String?, Bool)] {
            let provider = try TestProvider()
            provider.knobs.keys = keys
            provider.knobs.keyIdentifier = identifier
            try await ServedFleet.with(provider) { served async throws in
                #expect((try await ProviderVisit.make(served, provider).session != nil) == isGood, "\(keys) \(identifier ?? "-")")
            }
        }
    }

    @Test("a description that is not as it should be sends no browser anywhere")
    func descriptions() async throws {
        for (name, words, description, padding) in [
            ("another issuer", "calls itself", ["issuer": "https://other.example"], 0),
            ("an address within", "own network", ["token_endpoint": "https://10.1.2.3/token"], 0),
            ("the metadata service", "is not https", ["jwks_uri": "http://169.254.169.254/latest"], 0),
            ("a script", "no address", ["authorization_endpoint": "javascript:alert(1)"], 0),
            ("no token endpoint", "not as it should be", ["token_endpoint": .null], 0),
            ("no codes", "authorization code flow", ["response_types_supported": ["token"]], 0),
            ("oversized", "cannot be asked", [:], 300_000),
        ] as [(String, String, [String: Value], Int)] {
            let provider = try TestProvider()
            provider.knobs.description = description
            provider.knobs.padding = padding
            try await ServedFleet.with(provider) { served async throws in
                let answer = try await served.send("GET", "/sign-in/test", headers: [(name: "Accept", value: "text/html")])
                #expect(answer.status >= 400 && answer.headers["Location"] == nil && answer.text.contains(words), "\(name): \(answer.text)")
                // It is not asked again at once; and then it is.
                _ = try await served.send("GET", "/sign-in/test")
                #expect(provider.count("/.well-known/openid-configuration") == 1)
                provider.knobs = TestProvider.Knobs()
                served.fleet.time.advance(by: .seconds(11))
                #expect(try await served.send("GET", "/sign-in/test").status == 303)
            }
        }
    }

    @Test("the provider's error is told in words of ours; what it says is not shown")
    func errors() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            for (error, words) in [("access_denied", "was told not to sign you in"), ("<script>alert(1)</script>", "did not sign you in")] {
                let visit = try await ProviderVisit.begin(served)
                let state = try #require(try visit.parameters["state"])
                let answer = try await visit.finish(
                    "error=\(URLText.encode(error))&error_description=\(URLText.encode("<img src=x>"))&state=\(state)")
                #expect(answer.status == 403 && answer.text.contains(words) && answer.session == nil)
                #expect(!answer.text.contains("<script>alert") && !answer.text.contains("<img") && !answer.text.contains("img src"))
            }
            #expect(provider.count("/token") == 0)
        }
    }

    @Test("an answer that names another issuer is refused, and so is one that names none where it must")
    func mixUp() async throws {
        let provider = try TestProvider()
        provider.knobs.description["authorization_response_iss_parameter_supported"] = true
        try await ServedFleet.with(provider) { served async throws in
            #expect(try await ProviderVisit.make(served, provider).status == 403)
            #expect(try await ProviderVisit.make(served, provider, extra: "&iss=https%3A%2F%2Fevil.example").status == 403)
            #expect(provider.count("/token") == 0)
            #expect(try await ProviderVisit.make(served, provider, extra: "&iss=\(URLText.encode(provider.url))").session != nil)
        }
    }

    @Test("groups that only the user info has are taken from there, if it is of the same person")
    func userInfo() async throws {
        let provider = try TestProvider()
        provider.knobs.claims["groups"] = .null
        provider.knobs.userInfo = ["sub": "u-1", "groups": ["ops"], "preferred_username": "mallory"]
        try await ServedFleet.with(provider) { served async throws in
            let session = try #require(try await ProviderVisit.make(served, provider).session)
            let who = try await served.send("GET", "/api/v1/whoami", headers: [(name: "Cookie", value: session)]).json
            #expect(who["groups"] == ["ops"] && who["account"] == "anna")
            provider.knobs.userInfo?["sub"] = "u-2"
            let other = try await ProviderVisit.make(served, provider)
            #expect(other.session == nil && other.text.contains("somebody else"))
        }
    }

    @Test("groups are mapped; who is in none of those that are let in stays outside; a local account's name is taken")
    func groups() async throws {
        let provider = try TestProvider()
        provider.knobs.secretIsPosted = true
        try await ServedFleet.with(provider) { settings in
            settings.groups.map = ["web": ["frontend", "readers"], "ops": ["operators"]]
            settings.requiredGroups = ["web", "ops"]
        } _: { served async throws in
            provider.knobs.claims["groups"] = ["web", "Domain Users", "web"]
            let session = try #require(try await ProviderVisit.make(served, provider).session)
            let who = try await served.send("GET", "/api/v1/whoami", headers: [(name: "Cookie", value: session)]).json
            #expect(who["groups"] == ["frontend", "readers"])
            provider.knobs.claims["groups"] = ["Domain Users"]
            #expect(try await ProviderVisit.make(served, provider).text.contains("none of the groups that are let in"))
            provider.knobs.claims["groups"] = ["web"]
            try await served.create("berta")
            provider.knobs.claims["preferred_username"] = "Berta"
            let taken = try await ProviderVisit.make(served, provider)
            #expect(taken.status == 403 && taken.session == nil && taken.text.contains("local account"))
        }
    }

    @Test("the sign-in page has a button for each provider; unknown ones are not there; floods are held up")
    func page() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            let page = try await served.send("GET", "/sign-in?next=%2Fevents")
            #expect(page.text.contains("/sign-in/test?next=%2Fevents") && page.text.contains("Sign in with Test"))
            #expect(try await served.send("GET", "/sign-in/other").status == 404)
            #expect(try await served.send("GET", "/sign-in/other/callback").status == 404)
            let listed = try await served.send("GET", "/api/v1/session/providers").json
            #expect(listed["items"]?.list == [["name": "test", "displayName": "Test"]])
            for next in ["//evil.example", "https://evil.example", "/\\evil.example"] {
                let visit = try await ProviderVisit.begin(served, next: next)
                let (code, state) = try provider.authorize(visit.location)
                #expect(try await visit.finish("code=\(code)&state=\(state)").text.contains("url=/\""))
            }
        }
    }
}
