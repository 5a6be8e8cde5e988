// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The hash of a resource's content that becomes part of its name: the one of `kubectl` and kustomize.
///
/// For ConfigMaps and Secrets it is of the kind, the type and the data, not of the name. For other kinds kustomize takes its reader's
/// inner state, line numbers included; here it is the object's canonical form, so such a name differs from kustomize's.
enum ContentHash {
    /// Ten characters.
    static func suffix(of object: Value) -> String {
        let digest =
            switch object["kind"]?.scalarText {
            case "ConfigMap": Digest.sha256(GoJSON.bytes(configMap(object)))
            case "Secret": Digest.sha256(GoJSON.bytes(secret(object)))
            default: Canonical.digest(object)
            }
        // Without vowels and look-alikes, so that no words come about.
        return String(digest.hex.prefix(10).map { Self.letters[$0] ?? $0 })
    }

    private static let letters: [Character: Character] = ["0": "g", "1": "h", "3": "k", "a": "m", "e": "t"]

    private static func configMap(_ object: Value) -> Value {
        // The name has a place there, but kustomize looks for it where it never is.
        var content = Map([("data", field(object, "data")), ("kind", "ConfigMap"), ("name", "")])
        content["binaryData"] = optionalField(object, "binaryData")
        return .map(content)
    }

    private static func secret(_ object: Value) -> Value {
        var content = Map([
            ("data", field(object, "data")), ("kind", "Secret"), ("name", ""), ("type", field(object, "type")),
        ])
        content["stringData"] = optionalField(object, "stringData")
        return .map(content)
    }

    private static func field(_ object: Value, _ name: String) -> Value {
        switch object[name] {
        case nil: ""
        case .map(let map): .map(map)
        case .list: .null
        case .null: "null"
        case .some(let scalar): .string(scalar.scalarText ?? "")
        }
    }

    /// Counts only where it is no scalar.
    private static func optionalField(_ object: Value, _ name: String) -> Value? {
        switch object[name] {
        case .map(let map): .map(map)
        case .list: .null
        case nil, .null, .bool, .int, .decimal, .string: nil
        }
    }
}
