// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Synchronization
import Testing

@testable import FleetCoordinator

@Suite("Signing in") struct SignInTests {
    @Test("an unknown account, a disabled one and a wrong password cost the same work and get the same answer")
    func tellsNothing() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            try await served.create("idle")
            #expect(try await served.post("/api/v1/accounts/idle/disable").status == 200)
            var bodies: Set<String> = []
            for name in ["anna", "nobody", "idle", "No Name!", String(repeating: "x", count: 500)] {
                let before = served.hashings.count
                let answer = try await served.tryToSignIn(name, name == "idle" ? ServedFleet.password : "wrong horse battery")
                #expect(served.hashings.count == before + 1, "\(name)")
                #expect(answer.status == 403 && answer.headers["Set-Cookie"] == nil)
                bodies.insert(answer.text)
            }
            #expect(bodies.count == 1)
            #expect(Set(served.hashings.costs.withLock { $0 }) == [Hashings.cost])
            // What was typed in place of a name is not written down.
            let audited = try await served.audited("session.sign-in").filter { $0.outcome == "denied" }
            #expect(audited.count == 5)
            #expect(Set(audited.map(\.target)) == ["account anna", "account nobody", "account idle", "no account's name"])
            #expect(!audited.contains { $0.text.contains("No Name!") })
        }
    }

    @Test("failures delay an account's next try, more with each; a success forgets them")
    func delays() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            try await served.create("bert")
            for _ in 0..<3 { #expect(try await served.tryToSignIn("anna", "wrong horse battery").status == 403) }
            #expect(try await served.tryToSignIn("anna", "wrong horse battery").status == 403)
            let before = served.hashings.count
            // Not even the right password is looked at; others are not held up.
            let early = try await served.tryToSignIn("anna")
            #expect(early.status == 429 && early.headers["Retry-After"] == "1" && early.code == "too-many-tries")
            #expect(served.hashings.count == before)
            #expect(try await served.tryToSignIn("bert").status == 200)
            served.fleet.time.advance(by: .seconds(1))
            #expect(try await served.tryToSignIn("anna", "wrong horse battery").status == 403)
            served.fleet.time.advance(by: .seconds(1))
            #expect(try await served.tryToSignIn("anna").headers["Retry-After"] == "1")
            served.fleet.time.advance(by: .seconds(1))
            #expect(try await served.tryToSignIn("anna").status == 200)
            for _ in 0..<3 { #expect(try await served.tryToSignIn("anna", "wrong horse battery").status == 403) }
            #expect(try await served.tryToSignIn("anna").status == 200)
            // Never for long, however often somebody tries.
            #expect(SignInDelay.account.after(1_000) == .seconds(30) && SignInDelay.account.after(3) == .zero)
            #expect(SignInDelay.address.after(12) == .seconds(2))
        }
    }

    @Test func addressesAreDelayedWhateverTheAccount() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let signIns = served.identities.signIns
            func status(_ name: String, _ password: String, from address: String) async throws -> Int {
                do {
                    _ = try await signIns.password(name, password, SignIns.Visitor(address: address))
                    return 200
                } catch {
                    guard let failure = error as? APIFailure else { throw error }
                    return failure.status.code
                }
            }
            for number in 0..<11 { #expect(try await status("guess\(number)", "wrong horse battery", from: "2001:db8::\(number)") == 403) }
            // The same network of 64 bits; another one; and this machine, which may be a proxy.
            #expect(try await status("anna", ServedFleet.password, from: "2001:db8::ffff:1") == 429)
            #expect(try await status("anna", ServedFleet.password, from: "2001:db8:0:1::1") == 200)
            served.fleet.time.advance(by: .seconds(900))
            served.fleet.time.advance(by: .seconds(1))
            #expect(try await status("anna", ServedFleet.password, from: "2001:db8::ffff:1") == 200)
            #expect(SignIns.subject(ofAddress: "127.0.0.1") == nil && SignIns.subject(ofAddress: "::1") == nil)
            #expect(SignIns.subject(ofAddress: "::ffff:192.0.2.7") == "address:192.0.2.7")
            #expect(SignIns.subject(ofAddress: "192.0.2.7") == "address:192.0.2.7")
            // The data folder's token is never held up.
            #expect(try await signIns.administratorToken(served.token, SignIns.Visitor(address: "2001:db8::1")).principal.isAdministrator)
        }
    }

    @Test("a flood of failures is told of together")
    func auditsFloods() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let denials = served.identities.denials
            for number in 0..<100 {
                let author = Author(name: "anybody", means: "password", address: "192.0.2.\(number)")
                await denials.note("session.sign-in", on: "account guess\(number)", by: author, reason: "no such account")
            }
            #expect(try await served.audited("session.sign-in").count == DenialLog.eachMax)
            served.fleet.time.advance(by: .seconds(60))
            await denials.flush()
            let entries = try await served.audited("session.sign-in")
            #expect(entries.count == DenialLog.eachMax + 1)
            #expect(entries.first?.target == "several" && entries.first?.text.contains("70 more within a minute") == true)
            await denials.flush()
            #expect(try await served.audited("session.sign-in").count == DenialLog.eachMax + 1)
        }
    }

    @Test("a password that was hashed at a lower cost is hashed anew when it is known")
    func renewsHashes() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let dearer = PasswordHash.Cost(rounds: 32, blockSize: 1, parallelism: 1)
            let later = Identities(
                store: served.fleet.store, time: served.fleet.time.wall, credentials: served.credentials,
                accountsPath: "\(served.fleet.folder)/keys/accounts.json", logger: served.web.logger,
                hasher: served.hashings.hasher(cost: dearer))
            let file = AccountFile(path: "\(served.fleet.folder)/keys/accounts.json")
            #expect(try file.read().accounts["anna"]?.password.cost == Hashings.cost)
            _ = try await later.signIns.password("anna", ServedFleet.password, SignIns.Visitor())
            #expect(try file.read().accounts["anna"]?.password.cost == dearer)
            _ = try await later.signIns.password("anna", ServedFleet.password, SignIns.Visitor())
        }
    }

    @Test func aProvidersAccountIsItsOwn() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let (signIns, reader) = (served.identities.signIns, served.identities.reader)
            func account(_ name: String) -> ProviderAccount {
                ProviderAccount(provider: "corp", name: name, displayName: name, email: nil, groups: ["ops"], seenAt: served.fleet.time.now)
            }
            for name in ["anna", "administrator", ""] {
                await #expect(throws: APIFailure.self) { try await signIns.provider(account(name), SignIns.Visitor()) }
            }
            let opened = try await signIns.provider(account("carl@example.com"), SignIns.Visitor())
            let carl = try #require(try await reader.principal(session: opened.cookie, from: nil))
            #expect(carl.origin == .provider("corp") && carl.groups == ["ops"] && !carl.isAdministrator)
            let made = try await served.identities.tokens.make(
                TokenRequest(name: "ci", lifetime: .seconds(90 * 86_400)), for: carl, by: Author(name: carl.name))
            #expect(try await reader.principal(bearer: made.text, from: nil)?.groups == ["ops"])
            served.fleet.time.advance(by: .seconds(31 * 86_400))
            #expect(try await reader.principal(bearer: made.text, from: nil) == nil)
            try await signIns.see(account("carl@example.com"))
            #expect(try await reader.principal(bearer: made.text, from: nil) != nil)
        }
    }
}
