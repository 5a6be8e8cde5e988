// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Compression
import HTTPTestServer
import KubernetesAPI
import Logging
import Manifests
import SecretsDecryption
import Synchronization
import Testing

@testable import FleetAgent

/// Keeps every line that an agent logs.
private struct Log: LogHandler {
    final class Text: Sendable { let lines = Mutex<[String]>([]) }

    let text = Text()
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "\(event.message) \(event.metadata ?? [:]) \(event.error.map { "\($0)" } ?? "")"
        text.lines.withLock { $0.append(line) }
    }
}

/// Everything that has left an agent, by where it was found.
private struct Outgoing {
    var places: [(name: String, bytes: [UInt8])] = []

    /// What of these texts is in it, in any of the forms that somebody could read.
    func leaks(of secrets: [String]) -> [String] {
        secrets.flatMap { secret -> [String] in
            let raw = Array(secret.utf8)
            let hex = { (bytes: [UInt8]) in bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
            let encoded = Base64.encode(raw)
            let forms = [
                secret, encoded, String(encoded.prefix { $0 != "=" }.dropLast()), hex(raw), hex(raw).uppercased(), hex(Array(encoded.utf8)),
                JSON.text(.string(secret)).dropFirst().dropLast().description, String(secret.prefix(16)), String(secret.suffix(16)),
            ]
            return places.flatMap { place in
                forms.filter { place.bytes.contains(text: $0) }.map { "\(place.name): '\($0)' of '\(secret)'" }
            }
        }
    }
}

/// Seeds secrets that stand nowhere else, goes through everything that can go wrong with them, and looks for them in everything that
/// leaves the agent.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RedactionTests {
    /// What is looked for. No two share 16 characters at either end.
    private enum Seed {
        static let sops = "sopsPa55-\"Zq8vKf3&xT\"-endOfSops"
        static let rotated = "rotatedPa55-Hn4wLr9sYd-endOfRotated"
        static let clear = "clearPa55-Mb7jGt2uCe-endOfClear1"
        static let token = "customT0ken-Xk5pRv8aNh-endOfToken"
        static let pin: Int64 = 918_273_645_546
        static let hook = "hookPa55-Ws6dFq1oJz-endOfHook11"
        static let unknown = "otherKeyPa55-Ty3iBm7lUg-endOther"
        static let tampered = "tamperedPa55-Oc9eVx4hAi-endTamper"
        static let immutable = "immutablePa55-Dl2fPk6rSb-endImmu"
        static let all = [sops, rotated, clear, token, String(pin), hook, unknown, tampered, immutable]
    }

    private static let policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"

    /// Admission that says what it does not like, as badly written webhooks do.
    private static func deny(_ resources: [String], group: String, _ message: String, action: String, _ cluster: TestCluster) {
        let name = "quotes-\(resources[0])-\(action.lowercased())"
        cluster.create(
            policies,
            [
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": ["name": .string(name)],
                "spec": [
                    "failurePolicy": "Fail",
                    "matchConstraints": [
                        "resourceRules": [
                            [
                                "apiGroups": [.string(group)], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"],
                                "resources": .list(resources.map { .string($0) }),
                            ]
                        ]
                    ],
                    "matchConditions": [["name": "ours", "expression": "object.metadata.namespace == 'shop'"]],
                    "validations": [["expression": "false", "message": "denied", "messageExpression": .string(message)]],
                ],
            ])
        cluster.create(
            "\(policies.dropLast(3))ybindings",
            [
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": ["name": .string(name)], "spec": ["policyName": .string(name), "validationActions": [.string(action)]],
            ])
    }

    private static func allow(_ resource: String, action: String = "Deny", _ cluster: TestCluster) {
        cluster.delete("\(policies.dropLast(3))ybindings/quotes-\(resource)-\(action.lowercased())")
        cluster.delete("\(policies)/quotes-\(resource)-\(action.lowercased())")
    }

    private static var widget: Value {
        [
            "apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w"],
            "spec": ["token": .string(Seed.token), "pin": .int(Seed.pin)],
        ]
    }

    /// Widgets whose tokens must look otherwise.
    private static var strictWidgets: Value {
        var definition = TestCluster.widgets
        definition["spec"]?["versions"] = [
            [
                "name": "v1", "served": true, "storage": true,
                "schema": [
                    "openAPIV3Schema": [
                        "type": "object",
                        "properties": [
                            "spec": [
                                "type": "object",
                                "properties": [
                                    "token": ["type": "string", "pattern": "^never$"], "pin": ["type": "integer", "maximum": 5],
                                ],
                            ]
                        ],
                    ]
                ],
            ]
        ]
        return definition
    }

    private static func captured(_ cluster: TestCluster, _ log: Log) throws -> Outgoing {
        var out = Outgoing()
        for request in cluster.coordinator.requests {
            let body = request.headers["content-encoding"] == "gzip" ? try Gzip.decompress(request.body, limit: 64 << 20) : request.body
            out.places.append(("\(request.method) \(request.path)", body))
        }
        out.places.append(("log", Array(log.text.lines.withLock { $0.joined(separator: "\n") }.utf8)))
        for state in ["agent", "new"] { out.places.append(("state folder \(state)", try cluster.stateBytes(state))) }
        for secret in cluster.get(TestCluster.stateSecrets).at("items")?.list ?? [] {
            let name = secret.at("metadata", "name")?.string ?? ""
            guard name != "flotilla-age-keys", name != KeySecret.name else { continue }
            var bytes = JSON.write(secret)
            for entry in secret["data"]?.map?.entries ?? [] {
                let decoded = entry.value.string.flatMap { Base64.decode($0) } ?? []
                bytes += decoded + ((try? Gzip.decompress(decoded, limit: 64 << 20)) ?? [])
            }
            out.places.append(("Secret \(name)", bytes))
        }
        return out
    }

    @Test("Nothing of a secret leaves the cluster, whatever goes wrong")
    func everyFailure() async throws {
        let (key, other) = (try EncryptedObject.newIdentity(), try EncryptedObject.newIdentity())
        let log = Log()
        let logger = Logger(label: "test") { _ in log }
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.give(key)
            @Sendable func message(_ application: String) -> String { coordinator.heard.applications[application]?.message ?? "" }
            @Sendable func db(_ password: String) throws -> EncryptedObject {
                try EncryptedObject(secret("db", ["password": password, "user": "ok"]), for: key)
            }
            var clear = secret("clear", ["password": Seed.clear])
            clear[SecretSalt.member] = "00ff"
            let clearSecret = clear
            try await cluster.withAgent(logger: logger) {
                // Admission that quotes: first what it warns of, then what it denies; raw, and as the Secret has it.
                Self.deny(["secrets"], group: "", "'warned of ' + object.data.password", action: "Warn", cluster)
                coordinator.want("web", 1, [clearSecret, configMap("a", ["k": "1"])], encrypted: [try db(Seed.sops)])
                await coordinator.wait("web", 1, .synced, .current)
                await coordinator.wait { $0.events.contains { $0.kind == .applied && $0.message.contains("warned of <hidden ") } }
                Self.allow("secrets", action: "Warn", cluster)
                Self.deny(["secrets"], group: "", "'denied: ' + object.data.password", action: "Deny", cluster)
                coordinator.want("web", 2, [clearSecret, configMap("a", ["k": "1"])], encrypted: [try db(Seed.rotated)])
                await coordinator.wait("web", 2, .failed)
                #expect(message("web").contains("denied: <hidden "))
                Self.allow("secrets", cluster)
                coordinator.want("web", 3, [clearSecret, configMap("a", ["k": "1"])], encrypted: [try db(Seed.rotated)])
                await coordinator.wait("web", 3, .synced, .current)

                // Drift, and a conflict.
                cluster.edit("/api/v1/namespaces/shop/secrets/db", ["stringData": ["password": "by hand"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed && $0.object == "Secret shop/db" } }
                cluster.delete("/api/v1/namespaces/shop/secrets/clear")
                await coordinator.wait { $0.events.contains { $0.kind == .healed && $0.object == "Secret shop/clear" } }
                cluster.create("/api/v1/namespaces/shop/secrets", secret("taken", ["password": "theirs"]))
                coordinator.want("taken", 1, encrypted: [try EncryptedObject(secret("taken", ["password": Seed.sops]), for: key)])
                await coordinator.wait("taken", 1, .held)

                // A field that cannot change.
                var fixed = secret("fixed", ["password": Seed.immutable])
                fixed["immutable"] = true
                coordinator.want("fixed", 1, encrypted: [try EncryptedObject(fixed, for: key)])
                await coordinator.wait("fixed", 1, .synced, .current)
                fixed["stringData"] = ["password": .string(Seed.rotated)]
                coordinator.want("fixed", 2, encrypted: [try EncryptedObject(fixed, for: key)])
                await coordinator.wait("fixed", 2, .failed)

                // A schema that says what it found, of a text and of a number.
                coordinator.want(
                    "widget", 1, [Self.strictWidgets],
                    encrypted: [try EncryptedObject(Self.widget, for: key, rule: .encryptedRegex("^(token|pin)$"))])
                await coordinator.wait("widget", 1, .failed)
                #expect(message("widget").contains("<hidden "))
                coordinator.want(
                    "widget", 2, [TestCluster.widgets],
                    encrypted: [try EncryptedObject(Self.widget, for: key, rule: .encryptedRegex("^(token|pin)$"))])
                await coordinator.wait("widget", 2, .synced, .current)
                cluster.edit("/apis/example.dev/v1/namespaces/shop/widgets/w", ["spec": ["token": "by hand"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed && $0.object.contains("Widget") } }

                // A value of a type that a Secret cannot have, and field validation.
                let odd: Value = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "odd"], "stringData": ["pin": .int(Seed.pin)]]
                coordinator.want("odd", 1, encrypted: [try EncryptedObject(odd, for: key)])
                await coordinator.wait("odd", 1, .failed)
                let notBase64 = secret("notbase64", ["password": Seed.clear], member: "data")
                coordinator.want("notbase64", 1, [notBase64])
                await coordinator.wait { ![nil, .syncing].contains($0.applications["notbase64"]?.phase) }

                // Wrong key, and a document that was changed or is none.
                coordinator.want("unknown", 1, encrypted: [try EncryptedObject(secret("u", ["password": Seed.unknown]), for: other)])
                await coordinator.wait("unknown", 1, .failed)
                var changed = try EncryptedObject(secret("t", ["password": Seed.tampered]), for: key)
                changed.original = changed.original.replacing("name: t", with: "name: v")
                var broken = try EncryptedObject(secret("s", ["password": Seed.tampered]), for: key)
                broken.original = "password: [not closed"
                coordinator.want("tampered", 1, encrypted: [changed, broken])
                await coordinator.wait("tampered", 1, .failed)

                // A hook that is a Secret, and one that fails.
                let hook = secret("hooked", ["password": Seed.hook]).annotated(["argocd.argoproj.io/hook": "PreSync"])
                coordinator.want(
                    "hooked", 1, [job("fails", image: "x/y:fail", ["argocd.argoproj.io/hook": "Sync"]), configMap("h", ["k": "1"])],
                    encrypted: [try EncryptedObject(hook, for: key)])
                await coordinator.wait("hooked", 1, .failed)

                // An API server in trouble.
                cluster.simulator.act(.restart)
                coordinator.want("web", 4, [configMap("a", ["k": "1"])], encrypted: [try db(Seed.sops)]) { $0.pruneMaxPercent = 100 }
                await coordinator.wait("web", 4, .synced, .current)
                try await cluster.waitForCopy("web", 4)
            }
            // A crash, and the loss of the folder.
            try await cluster.withAgent(logger: logger) {
                cluster.edit("/api/v1/namespaces/shop/secrets/db", ["stringData": ["password": "again"]])
                try await cluster.has { cluster.value("db", "password") == Seed.sops }
            }
            try await cluster.withAgent(state: "new", logger: logger) {
                cluster.edit("/api/v1/namespaces/shop/secrets/db", ["stringData": ["password": "again"]])
                try await cluster.has { cluster.value("db", "password") == Seed.sops }
                coordinator.want("web", 5, [], intent: .prune)
                await coordinator.wait("web", 5, .removed)
            }
            let out = try Self.captured(cluster, log)
            let leaks = out.leaks(of: Seed.all + [key.secretText, other.secretText])
            #expect(leaks.isEmpty, "\(leaks.joined(separator: "\n"))")

            // The net has no holes where it was cast: what is meant to leave has left through every place.
            for name in ["POST /agent/v1/report", "log", "state folder agent", "state folder new", "Secret flotilla-state"] {
                #expect(out.places.contains { $0.name.hasPrefix(name) && !$0.bytes.isEmpty }, "\(name) was not captured")
            }
            #expect(out.places.contains { $0.name == "POST /agent/v1/report" && $0.bytes.contains(text: "<hidden ") })
            #expect(out.places.contains { $0.name.hasPrefix("state folder") && $0.bytes.contains(text: "flotilla.dev/sealed/v1") })
            #expect(out.places.contains { $0.name.hasPrefix("Secret flotilla-state-") && $0.bytes.contains(text: "ENC[AES256_GCM") })
        }
    }

    @Test("What the test looks with finds a secret in each form", arguments: 0..<5)
    func canFail(form: Int) {
        let raw = Array(Seed.clear.utf8)
        let hex = raw.map { String($0, radix: 16) }.joined()
        let texts = [Seed.clear, Base64.encode(raw), hex, hex.uppercased(), "cut to \(Seed.clear.prefix(20))"]
        let out = Outgoing(places: [("somewhere", Array("before \(texts[form]) behind".utf8))])
        #expect(!out.leaks(of: Seed.all).isEmpty)
        #expect(out.leaks(of: [Seed.sops]).isEmpty)
    }
}
