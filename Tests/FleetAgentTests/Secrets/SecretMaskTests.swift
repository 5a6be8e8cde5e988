// SPDX-License-Identifier: Apache-2.0
import Crypto
import KubernetesAPI
import Logging
import Manifests
import Synchronization
import Testing

@testable import FleetAgent

@Suite struct SecretMaskTests {
    private static let secret = "s3cr3t-Tr0ub4dor&3"

    private static func plaintexts(_ texts: String...) -> Plaintexts {
        var secrets = Plaintexts()
        for text in texts { secrets.insert(text) }
        return secrets
    }

    private static func learned(_ texts: String...) -> SecretMask {
        let mask = SecretMask()
        for text in texts { mask.learn(plaintexts(text)) }
        return mask
    }

    @Test(
        "A known plaintext is found in every form that texts quote it in",
        arguments: [
            "s3cr3t-Tr0ub4dor&3", "Invalid value: \"s3cr3t-Tr0ub4dor&3\": no", #"{"password":"s3cr3t-Tr0ub4dor\u00263"}"#,
            "czNjcjN0LVRyMHViNGRvciYz", "auth YWRtaW46czNjcjN0LVRyMHViNGRvciYz=", "YXM6czNjcjN0LVRyMHViNGRvciYzIQ==",
            "733363723374", "db=s3cr3t-Tr0ub4dor&3;", "postgres://u:s3cr3t-Tr0ub4dor&3@db",
        ])
    func forms(text: String) {
        let mask = Self.learned(Self.secret)
        let hex = Array(Self.secret.utf8).map { String($0, radix: 16) }.joined()
        let text = text == "733363723374" ? "bytes \(hex) seen" : text
        let redacted = mask.redact(text)
        #expect(redacted.contains(mask.shown(Array(Self.secret.utf8))))
        #expect(!redacted.contains("Tr0ub4dor") && !redacted.contains("LVRyMHVi") && !redacted.contains(hex))
        #expect(!redacted.contains("RyMHViNGRv"))
    }

    @Test("What surrounds a plaintext stays, and texts without one are as they were")
    func surroundings() {
        let mask = Self.learned(Self.secret)
        let shown = mask.shown(Array(Self.secret.utf8))
        #expect(mask.redact("password \(Self.secret), twice \(Self.secret)!") == "password \(shown), twice \(shown)!")
        #expect(shown.wholeMatch(of: /<hidden [0-9a-f]{8}>/) != nil)
        for text in ["", "nothing here", "Grüße 👋", "s3cr3t-Tr0ub4dor"] { #expect(mask.redact(text) == text) }
    }

    @Test("A longer plaintext wins over one that it begins with")
    func longest() {
        let mask = Self.learned("hunter2hunter2", "hunter2hunter2-and-more")
        #expect(mask.redact("x hunter2hunter2-and-more y") == "x \(mask.shown(Array("hunter2hunter2-and-more".utf8))) y")
    }

    @Test("A plaintext of several lines is known by each long one of them")
    func lines() {
        let mask = Self.learned("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n")
        let redacted = mask.redact("a line: AQEFAASCBKcwggSjAgEAAoIB; -----BEGIN KEY-----")
        #expect(redacted.hasPrefix("a line: <hidden ") && redacted.hasSuffix("-----BEGIN KEY-----"))
    }

    @Test("What is left of a plaintext at the end of a text that was cut is hidden too")
    func cut() {
        let mask = Self.learned("0123456789abcdefghijklmnopqrstuvwxyz")
        let redacted = mask.redact("the value 0123456789abcdefghijk…")
        #expect(redacted == "the value \(mask.shown(Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)))")
        #expect(mask.redact("0123456789abcdefghijk") == "0123456789abcdefghijk")
    }

    @Test("Short plaintexts are hidden in what is said of their own object only, and where they stand alone")
    func short() {
        let mask = Self.learned("abc")
        #expect(mask.redact("abc") == "abc")
        let own = Self.plaintexts("abc", "5432")
        #expect(
            mask.redact("Invalid value: \"abc\", Value:5432, abcd, 54321", secrets: own)
                == "Invalid value: \"\(mask.shown(Array("abc".utf8)))\", Value:\(mask.shown(Array("5432".utf8))), abcd, 54321")
    }

    @Test("A plaintext that is a name on the cluster stays a name")
    func names() {
        let mask = Self.learned("storefront", "storefront-x")
        mask.use(names: { $0 == "storefront" })
        #expect(mask.redact("Deployment shop/storefront is storefront-x").hasPrefix("Deployment shop/storefront is <hidden "))
    }

    @Test("Equal values look equal under one key, and other under another")
    func codes() {
        let key = SymmetricKey(size: .bits256)
        let (mask, same, other) = (SecretMask(key: key), SecretMask(key: key), SecretMask())
        #expect(mask.shown([1, 2]) == same.shown([1, 2]))
        #expect(mask.shown([1, 2]) != mask.shown([1, 3]))
        #expect(mask.shown([1, 2]) != other.shown([1, 2]))
        #expect(mask.digest(of: ["a": 1, "b": 2]) == same.digest(of: ["b": 2, "a": 1]))
        #expect(mask.digest(of: ["a": 1]) != other.digest(of: ["a": 1]))
        #expect(mask.keyed(.sha256("a")) == same.keyed(.sha256("a")))
        #expect(mask.keyed(.sha256("a")) != .sha256("a"))
    }

    @Test("A Secret keeps its shape and none of its values, in copies and elsewhere in it neither")
    func secrets() {
        let mask = SecretMask()
        let applied = #"{"apiVersion":"v1","kind":"Secret","data":{"password":"aHVudGVyMjI="},"metadata":{"name":"db"}}"#
        let secret: Value = [
            "apiVersion": "v1", "kind": "Secret",
            "metadata": [
                "name": "db", "labels": ["tier": "hunter22"],
                "annotations": [
                    "kubectl.kubernetes.io/last-applied-configuration": .string(applied), "objectset.rio.cattle.io/applied": "H4sIAAAA",
                    "note": "set to aHVudGVyMjI= by hand",
                ],
            ],
            "data": ["password": "aHVudGVyMjI=", "pin": "MTI="], "stringData": ["password": "hunter22", "odd": 7],
        ]
        let masked = mask.masked(secret)
        let shown = Value.string(mask.shown(Array("hunter22".utf8)))
        #expect(masked.at("data", "password") == shown)
        #expect(masked.at("stringData", "password") == shown)
        #expect(masked.at("metadata", "labels", "tier") == shown)
        #expect(masked.at("metadata", "name") == "db")
        let text = JSON.text(masked)
        for plain in ["hunter22", "aHVudGVyMjI", "MTI=", "H4sIAAAA"] { #expect(!text.contains(plain)) }
        #expect(masked.at("metadata", "annotations", "note")?.string?.hasPrefix("set to <hidden ") == true)
        let copy = masked.at("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")?.string ?? ""
        #expect((try? JSON.read(copy))?.at("data", "password") == shown)
    }

    @Test("Lists of Secrets are masked item by item, also where items do not say their kind")
    func lists() {
        let list: Value = [
            "apiVersion": "v1", "kind": "SecretList", "items": [["metadata": ["name": "db"], "data": ["password": "aHVudGVyMjI="]]],
        ]
        #expect(!JSON.text(SecretMask().masked(list)).contains("aHVudGVyMjI"))
    }

    @Test("Decrypted places of any object are hidden, whatever stands there now, and so are the plaintexts elsewhere")
    func places() throws {
        let mask = SecretMask()
        var secrets = Self.plaintexts("hunter22", "15432")
        secrets.insert(place: try JSONPointer(parsing: "/spec/token"))
        secrets.insert(place: try JSONPointer(parsing: "/spec/isOn"))
        let object: Value = [
            "apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w"],
            "spec": ["token": "another", "isOn": true, "port": 15432, "size": 3, "hunter22": "x"], "status": ["message": "uses hunter22"],
        ]
        let masked = mask.masked(object, secrets: secrets)
        #expect(masked.at("spec", "token") == .string(mask.shown(Array("another".utf8))))
        #expect(masked.at("spec", "isOn")?.string?.hasPrefix("<hidden ") == true)
        #expect(masked.at("spec", "port")?.string?.hasPrefix("<hidden ") == true)
        #expect(masked.at("spec", "size") == 3)
        #expect(!JSON.text(masked).contains("hunter22") && !JSON.text(masked).contains("another"))
        #expect(masked.at("metadata", "name") == "w")
    }

    @Test("Log lines are redacted before they are written")
    func logs() {
        let lines = Lines()
        let mask = Self.learned(Self.secret)
        let logger = Logger(label: "test") { _ in lines }.redacting(by: mask)
        logger.error("it is \(Self.secret)", metadata: ["value": "\(Self.secret)"])
        let text = lines.text.withLock { $0 }
        #expect(text.contains("it is <hidden ") && !text.contains(Self.secret))
    }

    /// Keeps what is logged.
    private struct Lines: LogHandler {
        final class Text: Sendable {
            let value = Mutex("")
            func withLock<R>(_ body: (inout sending String) -> sending R) -> R { value.withLock(body) }
        }

        let text = Text()
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { text.withLock { $0 += "\(event.message) \(event.metadata ?? [:])\n" } }
    }
}
