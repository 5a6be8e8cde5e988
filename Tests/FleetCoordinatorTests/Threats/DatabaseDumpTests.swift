// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Crypto
import Foundation
import Manifests
import PostgresClient
import SecretsDecryption
import Testing

@testable import FleetCoordinator

/// Whatever happened, a dump of the database is of no use to somebody who looks for something to sign in with, or for a release's secrets.
@Suite("What a dump of the database holds", .serialized) struct DatabaseDumpTests {
    /// Everything secret of one fleet, by what it is.
    private struct Secrets {
        var all: [String: [UInt8]] = [:]

        mutating func add(_ what: String, _ text: String) { all[what] = Array(text.utf8) }
        mutating func add(_ what: String, bytes: some Sequence<UInt8>) { all[what] = Array(bytes) }
    }

    private static func seed() -> String { "Seed" + KeyFolder.hex(KeyFolder.random(12)) }

    /// Notations in which a secret may be somewhere, none so short that it is there by chance.
    static func forms(of secret: [UInt8]) -> [String] {
        var forms = [KeyFolder.hex(secret), KeyFolder.hex(secret).uppercased()]
        if let text = String(validating: secret, as: UTF8.self) {
            // Bytes that are no text cannot be in a row as they are, other than in hexadecimal digits.
            forms += [text, URLText.encode(text), secret.map { "%" + KeyFolder.hex([$0]) }.joined()]
            forms.append(secret.map { "%" + KeyFolder.hex([$0]).uppercased() }.joined())
        }
        // In base64 a text looks in three ways, by where it begins in the whole; its first and last digits depend on what is around it.
        for shift in 0..<3 {
            let padded = Data([UInt8](repeating: 0, count: shift) + secret).base64EncodedString()
            let core = padded.dropFirst(shift == 0 ? 0 : shift + 1).prefix { $0 != "=" }.dropLast()
            forms += [String(core), String(core).replacing("+", with: "-").replacing("/", with: "_")]
        }
        return forms.filter { $0.utf8.count >= 12 }
    }

    /// What of a fleet's secrets is in its database, in any notation.
    private static func found(_ secrets: Secrets, in database: Database) async throws -> [String] {
        var found: [String] = []
        // All at once first: a search reads everything.
        let all = secrets.all.values.flatMap { forms(of: $0) }
        guard try await !DatabaseSearch.tables(holding: all, in: database).isEmpty else { return [] }
        for (what, secret) in secrets.all {
            for table in try await DatabaseSearch.tables(holding: forms(of: secret), in: database) { found.append("\(what) in \(table)") }
        }
        return found.sorted()
    }

    private static func secret(_ name: String, _ value: String) -> Value {
        ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)], "stringData": ["password": .string(value)]]
    }

    /// A fleet with a clear and an encrypted Secret in both environments.
    private static func files(_ secrets: inout Secrets) throws -> [String: String] {
        var random = SystemRandomNumberGenerator()
        let identity = try AgeIdentity.generate(using: &random)
        var files = JourneyTests.files(approvals: 0)
        files["fleet/applications/web/application.yaml"]? += "\n  allowClearSecrets: true\n"
        for environment in ["staging", "production"] {
            let (clear, encrypted) = (seed(), seed())
            secrets.add("clear Secret of \(environment)", clear)
            secrets.add("encrypted Secret of \(environment)", encrypted)
            files["environments/\(environment)/web/clear.yaml"] = YAML.write(secret("clear", clear))
            files["environments/\(environment)/web/encrypted.yaml"] = YAML.write(
                try SOPS.encrypt(
                    secret("encrypted", encrypted), for: ["\(identity.recipient)"], using: &random, at: Timestamp(seconds: 1_800_000_000)))
        }
        return files
    }

    /// People sign in, out, wrongly and without permission; they make tokens, and use good and bad ones.
    private static func people(_ served: ServedFleet) async throws -> [String: String] {
        let (password, changed, wrong) = ("Pass \(seed())", "Pass \(seed())", "Pass \(seed())")
        try await served.create("anna", password: password)
        let browser = try await served.browser("anna", password)
        let cookie = String(browser.cookie.drop { $0 != "=" }.dropFirst())
        let made = try await browser.send("POST", "/api/v1/tokens", ["name": "ci", "expiresSeconds": 3_600])
        let token = try #require(made.json["token"]?.string)
        #expect(try await served.send("GET", "/api/v1/whoami", token: token).status == 200)
        #expect(try await served.tryToSignIn("anna", wrong).status == 403)
        // Typed into the wrong field.
        #expect(try await served.tryToSignIn(password, wrong).status == 403)
        #expect(try await served.send("GET", "/api/v1/whoami", token: token + "x").status == 401)
        // Refused for want of a permission, and told of.
        let denied = "/api/v1/stages/shop/production/pause"
        #expect(try await served.send("POST", denied, token: token, body: Array(#"{"reason": "x"}"#.utf8)).status >= 400)
        #expect(try await browser.send("POST", denied, ["reason": "x"]).status >= 400)
        let link = served.web.signInLink()
        #expect(try await served.send("GET", link).status == 200)
        #expect(try await served.send("GET", link).status == 403)
        #expect(try await served.send("POST", "/sign-in", body: Array("token=\(served.token)".utf8)).status < 500)
        #expect(
            try await browser.send("POST", "/api/v1/session/password", ["current": .string(password), "password": .string(changed)]).status
                == 200)
        let reset = try #require(try await served.post("/api/v1/accounts/anna/password").json["password"]?.string)
        return [
            "password": password, "changed password": changed, "wrong password": wrong, "password that was made up": reset,
            "session's cookie": cookie, "form's token": browser.csrf, "API token": token,
            "API token's random part": String(token.dropFirst(TokenText.prefix.count)), "sign-in link": link,
        ]
    }

    /// An agent enrols, a thief fails to, and it reports a failure.
    private static func agents(_ served: ServedFleet, _ secrets: inout Secrets) async throws {
        // The agent that was there is no longer expected back.
        served.fleet.time.advance(by: .seconds(120))
        let token = try await served.token("s1")
        let newcomer = ServedAgent(served)
        let issued = try await newcomer.enroll(token)
        #expect(issued.status == 200)
        #expect(try await ServedAgent(served).enroll(token, instance: "thief").status == 401)
        let agent = try served.agent(newcomer, issued)
        #expect(try await agent.poll().status == 200)
        #expect(try await agent.renew().status == 200)
        secrets.add("enrolment token", token)
        secrets.add("enrolment token's random part", String(token.split(separator: "-").last ?? ""))
        secrets.add("agent's key", bytes: newcomer.key.rawRepresentation)
        secrets.add("agent's key in PEM", bytes: newcomer.key.derRepresentation)
    }

    /// The files of the key folder, as they are and as the bytes that they stand for.
    private static func keys(_ served: ServedFleet, _ secrets: inout Secrets) throws -> Int {
        let folder = "\(served.fleet.folder)/keys"
        var count = 0
        for case let name as String in try #require(FileManager.default.enumerator(atPath: folder)) {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"), !name.hasSuffix(".lock") else { continue }
            count += 1
            guard name != "accounts.json" else { continue }
            secrets.add(name, bytes: data)
            // Certificates are told to everybody, keys to nobody: of a PEM file only the key's lines count.
            var isKey = false
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
                if line.hasPrefix("-----") { isKey = line.contains("BEGIN") && line.contains("PRIVATE KEY") }
                if isKey, line.count > 40, !line.hasPrefix("-----") { secrets.add("\(name): \(line.prefix(6))…", String(line)) }
                if name == "sealing.key" || name == "audit.key", line.count == 64 { secrets.add("key in \(name)", String(line)) }
            }
        }
        return count
    }

    @Test("none of a fleet's secrets, in any notation, after whatever went right and wrong")
    func holdsNoSecret() async throws {
        var seeded = Secrets()
        let files = try Self.files(&seeded)
        let releases = seeded
        try await ServedFleet.with(files: files) { served async throws in
            var secrets = releases
            for (what, text) in try await Self.people(served) { secrets.add(what, text) }
            try await Self.agents(served, &secrets)
            secrets.add("administrator's token", served.token)
            let keys = try Self.keys(served, &secrets)
            #expect(keys >= 5)

            // Releases that are refused for what is wrong with a Secret.
            let broken = Self.seed()
            secrets.add("Secret that cannot be read", broken)
            for text in ["stringData: {password: \(broken)\n", "stringData: \(broken)\n", "stringData:\n  password: [\(broken)]\n"] {
                let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\n"
                try await served.fleet.push(["environments/staging/web/broken.yaml": head + text], message: "Break\n")
                try await served.fleet.follower.round()
            }
            let refused = try await served.fleet.store.database.read {
                try $0.query("select count(*) as n from plans where error <> ''").first?.int64("n")
            }
            #expect((refused ?? 0) >= 1)

            // What comes from anybody, in all the places that are written down.
            let stray = Self.seed()
            secrets.add("credential in a request that nobody asked for", stray)
            _ = try await served.send("POST", "/webhooks/git", headers: [(name: "X-Hub-Signature", value: stray)], body: Array(stray.utf8))
            _ = try await served.send("GET", "/api/v1/status", token: stray)
            _ = try await served.send("GET", "/api/v1/status", headers: [(name: "Cookie", value: "flotilla_session=\(stray)")])
            _ = try await served.send("POST", "/sign-in", body: Array("token=\(stray)".utf8))
            #expect(try await ServedAgent(served).enroll("flotilla-enroll-\(stray)").status == 401)

            let tables = try await served.fleet.store.database.read { session in
                try session.query(
                    "select table_schema as s from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')"
                ).map { try $0.text("s") }
            }
            // The search looks at this schema's tables, and there are no others.
            #expect(Set(tables) == ["public"] && tables.count > 20)
            #expect(try await served.audited("session.sign-in").count > 3)
            #expect(secrets.all.count > 20)
            #expect(try await Self.found(secrets, in: served.fleet.store.database) == [])
        }
    }

    @Test("the search finds a secret that is there, in each notation and in each kind of column")
    func findsWhatIsPlanted() async throws {
        let database = try await TestDatabase.shared.make()
        let text = "Pass word/+\(Self.seed())"
        var secrets = Secrets()
        secrets.add("planted", text)
        let encoded = Data(Array("user:".utf8) + Array(text.utf8) + Array("@host".utf8)).base64EncodedString()
        let whole = [
            text, "before \(text) after", KeyFolder.hex(Array(text.utf8)), Data(text.utf8).base64EncodedString(), encoded,
            Data(Array("u:".utf8) + Array(text.utf8)).base64EncodedString(), Data(Array("u".utf8) + Array(text.utf8)).base64EncodedString(),
            "https://user:\(URLText.encode(text))@host/", text.utf8.map { "%" + KeyFolder.hex([$0]) }.joined(),
        ]
        try await database.transaction { session in
            _ = try session.execute("create table planted (t text, b bytea, j jsonb, a text[])")
        }
        #expect(try await Self.found(secrets, in: database) == [])
        for form in whole {
            for values in [
                "$1, null, null, null", "null, convert_to($1, 'UTF8'), null, null", "null, null, jsonb_build_object('k', $1::text), null",
                "null, null, null, array['x', $1]",
            ] {
                try await database.transaction { session in
                    _ = try session.execute("insert into planted values (\(values))", [.text(form)])
                }
                #expect(try await Self.found(secrets, in: database) == ["planted in planted"], "\(form) by \(values)")
                try await database.transaction { session in _ = try session.execute("delete from planted") }
            }
        }
        #expect(try await Self.found(secrets, in: database) == [])
        await database.close()
    }
}
