// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a SOPS document says of its own encryption, under its key `sops`.
struct SOPSMetadata {
    /// Keys of which any one gives the group's part of the data key.
    struct KeyGroup {
        var age: [(recipient: String, file: String)] = []
        /// The members of services that are not supported here.
        var services: [String] = []
    }

    var groups: [KeyGroup]
    /// How many groups' parts are needed where there are several.
    var threshold: Int
    /// As the code over the document is bound to it.
    var lastModified: String
    /// The encrypted code over the document.
    var mac: String
    var rule: EncryptionRule
    var coversOnlyEncrypted: Bool

    static let key = "sops"

    private static let groupsMax = 255
    private static let keysMax = 256

    /// The members that hold keys, other than `age`, and what they are called.
    private static let services = [
        ("kms", "AWS KMS"), ("gcp_kms", "Google Cloud KMS"), ("hckms", "Huawei Cloud KMS"), ("azure_kv", "Azure Key Vault"),
        ("hc_vault", "HashiCorp Vault"), ("pgp", "PGP"),
    ]

    /// Whether a map under the key `sops` is metadata; damaged metadata is too.
    static func isMetadata(_ value: Value?) -> Bool {
        guard let map = value?.map else { return false }
        let members = ["mac", "lastmodified", "age", "key_groups"] + services.map(\.0)
        return map.keys.contains { members.contains($0) }
    }

    init(_ value: Value?) throws(SecretsError) {
        guard let value else { throw SecretsError(.notEncrypted, "no SOPS document: it has no 'sops' metadata") }
        guard let map = value.map else { throw Self.malformed("", "is \(value.kindName), not a map") }
        let main = try Self.group(map, at: "")
        if main.age.isEmpty, main.services.isEmpty {
            groups = []
            for (index, group) in try Self.list(map, "key_groups", at: "", limit: Self.groupsMax).enumerated() {
                let path = ".key_groups[\(index)]"
                guard let members = group.map else { throw Self.malformed(path, "is \(group.kindName), not a map") }
                groups.append(try Self.group(members, at: path))
            }
        } else {
            groups = [main]
        }
        guard !groups.isEmpty else { throw Self.malformed("", "names no keys") }
        let keys = groups.reduce(0) { $0 + $1.age.count }
        guard keys <= Self.keysMax else {
            throw SecretsError(.tooLarge, at: Self.key, "\(keys) age keys, more than the limit of \(Self.keysMax)")
        }
        threshold = try Self.threshold(map["shamir_threshold"])
        guard let mac = map["mac"]?.string, !mac.isEmpty else { throw Self.malformed(".mac", "is missing; encrypt the document again") }
        self.mac = mac
        guard let time = map["lastmodified"]?.string.flatMap(Self.goTime) else {
            throw Self.malformed(".lastmodified", "must be a time like 2026-01-02T03:04:05Z")
        }
        lastModified = time
        rule = try Self.rule(map)
        coversOnlyEncrypted = try Self.flag(map["mac_only_encrypted"])
    }

    private static func malformed(_ path: String, _ message: String) -> SecretsError {
        SecretsError(.malformedMetadata, at: key + path, message)
    }

    private static func list(_ map: Map, _ member: String, at path: String, limit: Int) throws(SecretsError) -> [Value] {
        switch map[member] {
        case nil, .null: return []
        case .list(let items):
            guard items.count <= limit else {
                throw SecretsError(.tooLarge, at: "\(key)\(path).\(member)", "\(items.count) items, more than the limit of \(limit)")
            }
            return items
        case let other?: throw malformed("\(path).\(member)", "is \(other.kindName), not a list")
        }
    }

    private static func group(_ map: Map, at path: String) throws(SecretsError) -> KeyGroup {
        var group = KeyGroup()
        for (index, item) in try list(map, "age", at: path, limit: keysMax).enumerated() {
            guard let file = item["enc"]?.string, let recipient = item["recipient"]?.string else {
                throw malformed("\(path).age[\(index)]", "must have 'recipient' and 'enc'")
            }
            group.age.append((recipient, file))
        }
        for (member, name) in services where try !list(map, member, at: path, limit: keysMax).isEmpty { group.services.append(name) }
        return group
    }

    private static func threshold(_ value: Value?) throws(SecretsError) -> Int {
        switch value {
        case nil, .null: return 0
        case .int(let number) where (0...255).contains(number): return Int(number)
        case .string(let text):
            if let number = Int(text), (0...255).contains(number) { return number }
        case .int, .bool, .decimal, .list, .map: break
        }
        throw malformed(".shamir_threshold", "must be a number from 0 to 255")
    }

    private static func flag(_ value: Value?) throws(SecretsError) -> Bool {
        switch value {
        case nil, .null: return false
        case .bool(let flag): return flag
        case .string("true"): return true
        case .string("false"): return false
        case .int, .string, .decimal, .list, .map: throw malformed(".mac_only_encrypted", "must be true or false")
        }
    }

    private static func rule(_ map: Map) throws(SecretsError) -> EncryptionRule {
        var rules: [EncryptionRule] = []
        for member in EncryptionRule.members {
            switch map[member] {
            case nil, .null, .string(""): continue
            case .string(let text): if let rule = EncryptionRule(member: member, text: text) { rules.append(rule) }
            case let other?: throw malformed(".\(member)", "is \(other.kindName), not a string")
            }
        }
        guard rules.count <= 1 else {
            throw malformed("", "has more than one rule: \(rules.map(\.member.name).joined(separator: ", "))")
        }
        return rules.first ?? .standard
    }

    /// The time as Go writes it after reading it: without a fraction of a second, and `Z` for no offset.
    static func goTime(_ text: String) -> String? {
        guard Timestamp(rfc3339: text) != nil else { return nil }
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T") else { return nil }
        var zone = bytes[19...]
        if zone.first == UInt8(ascii: ".") { zone = zone.dropFirst().drop { (0x30...0x39).contains($0) } }
        let offset = zone.text
        return bytes[..<19].text + (offset == "+00:00" || offset == "-00:00" ? "Z" : offset)
    }
}
