// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("Signing in a program by a device code") struct DeviceFlowTests {
    private static func begin(_ served: ServedFleet, _ body: Value = .map(["provider": "test", "name": "laptop", "expiresSeconds": 3_600]))
        async throws -> ServedFleet.Answer
    {
        try await served.send(
            "POST", "/api/v1/session/devices", headers: [(name: "Content-Type", value: "application/json")], body: JSON.write(body))
    }

    private static func poll(_ served: ServedFleet, _ handle: String?, headers: [(name: String, value: String)] = []) async throws
        -> ServedFleet.Answer
    {
        served.fleet.time.advance(by: .seconds(5))
        return try await served.send(
            "POST", "/api/v1/session/devices/poll", headers: headers + [(name: "Content-Type", value: "application/json")],
            body: JSON.write(.map(["handle": .string(handle ?? "")])))
    }

    @Test("somebody confirms the code, and the program gets an API token, once")
    func grants() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            let begun = try await Self.begin(
                served, .map(["provider": "test", "name": "laptop", "expiresSeconds": 3_600, "role": "viewer"]))
            #expect(begun.status == 200, "\(begun.text)")
            let handle = begun.json["handle"]?.string
            #expect(begun.json["userCode"] == "WDJB-MJHT" && begun.json["intervalSeconds"] == 5)
            #expect(begun.json["verificationURL"]?.string == "\(provider.url)/activate")
            // The code by which the token is had stays here.
            #expect(!begun.text.contains("device-code"))
            #expect(try await Self.poll(served, handle).json == ["state": "pending"])
            provider.knobs.device = .slowDown
            #expect(try await Self.poll(served, handle).json == ["state": "slowDown"])
            provider.knobs.device = .granted
            let granted = try await Self.poll(served, handle)
            #expect(granted.json["state"] == "granted" && granted.json["account"] == "anna" && granted.json["role"] == "viewer")
            let token = try #require(granted.json["token"]?.string)
            let who = try await served.send("GET", "/api/v1/whoami", token: token).json
            #expect(who["account"] == "anna" && who["groups"] == ["web"] && who["origin"] == "provider:test")
            let audited = try await served.audited("token.create")
            #expect(audited.first?.actor == "anna" && audited.first?.means == "device code test")
            let again = try await Self.poll(served, handle)
            #expect(again.status == 400 && again.json["token"] == nil)
            // Signing in again on the machine takes the token's place.
            let next = try await Self.begin(served)
            let second = try await Self.poll(served, next.json["handle"]?.string)
            #expect(second.json["state"] == "granted", "\(second.text)")
            #expect(try await served.send("GET", "/api/v1/whoami", token: token).status == 401)
        }
    }

    @Test("a program that asks too fast is slowed down here; the provider hears nothing of it")
    func hurry() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            let handle = try await Self.begin(served).json["handle"]?.string
            #expect(try await Self.poll(served, handle).json == ["state": "pending"])
            let body = JSON.write(.map(["handle": .string(handle ?? "")]))
            for _ in 0..<3 {
                #expect(try await served.send("POST", "/api/v1/session/devices/poll", body: body).json == ["state": "slowDown"])
            }
            #expect(provider.count("/token") == 1)
        }
    }

    @Test("a refusal, a code that has run out, and what was not begun here end it")
    func refusals() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            for (device, status, words) in [
                (TestProvider.Device.denied, 403, "told not to sign you in"), (.expired, 400, "has run out before it was confirmed"),
            ] {
                provider.knobs.device = device
                let handle = try await Self.begin(served).json["handle"]?.string
                let answer = try await Self.poll(served, handle)
                #expect(answer.status == status && answer.text.contains(words) && answer.json["token"] == nil)
            }
            provider.knobs.device = .granted
            provider.knobs.claims["groups"] = []
            let empty = try await Self.poll(served, try await Self.begin(served).json["handle"]?.string)
            #expect(empty.code == "account-refused" && empty.json["token"] == nil)
            provider.knobs.claims["groups"] = nil
            provider.knobs.claims["iat"] = .int(served.fleet.time.now.seconds - 1_000)
            let old = try await Self.poll(served, try await Self.begin(served).json["handle"]?.string)
            #expect(old.text.contains("older than this sign-in"))
            provider.knobs.claims["iat"] = nil

            let handle = try #require(try await Self.begin(served).json["handle"]?.string)
            let visit = try await ProviderVisit.begin(served)
            for forged in [handle + "A", String(handle.dropLast(2)), "", String(visit.cookie.dropFirst("flotilla_flow=".count))] {
                #expect(try await Self.poll(served, forged).status == 400)
            }
            // A page of another site has a browser do neither.
            let cross = try await Self.poll(served, handle, headers: [(name: "Sec-Fetch-Site", value: "cross-site")])
            #expect(cross.status == 403)
            served.fleet.time.advance(by: .seconds(601))
            #expect(try await Self.poll(served, handle).status == 400)
            #expect(
                try await served.audited("session.sign-in").allSatisfy { $0.outcome == "denied" && $0.target == "identity provider test" })
        }
    }

    @Test("what cannot be is refused at the beginning")
    func bounds() async throws {
        let provider = try TestProvider()
        try await ServedFleet.with(provider) { served async throws in
            #expect(try await Self.begin(served, .map(["provider": "other", "name": "x", "expiresSeconds": 60])).status == 404)
            #expect(try await Self.begin(served, .map(["provider": "test"])).status >= 400)
            #expect(
                try await Self.begin(served, .map(["provider": "test", "name": "x", "expiresSeconds": 60, "role": "god"])).status == 422)
            provider.knobs.deviceAnswer["verification_uri"] = "javascript:alert(1)"
            #expect(try await Self.begin(served).status == 502)
            provider.knobs.deviceAnswer = ["verification_uri_complete": "https://evil.example/?user_code=WDJB-MJHT"]
            #expect(try await Self.begin(served).json["completeVerificationURL"]?.isNull == true)
            provider.knobs.tokenError = "invalid_client"
            let answer = try await Self.poll(served, try await Self.begin(served).json["handle"]?.string)
            #expect(answer.status == 502 && answer.text.contains("does not accept this coordinator"))
        }
    }

    @Test("somebody who begins again and again is held up for a minute")
    func floods() async throws {
        let rate = HandTime()
        let limit = RequestRate(each: 2, all: 3, windowMilliseconds: 60_000, time: rate.wall)
        #expect(
            limit.admits("a") && limit.admits("a") && !limit.admits("a") && limit.admits("b") && !limit.admits("c") && !limit.admits(nil))
        rate.advance(by: .seconds(60))
        #expect(limit.admits("a") && limit.admits(nil))
    }
}
