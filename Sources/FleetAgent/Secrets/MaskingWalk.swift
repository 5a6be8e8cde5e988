// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// Masks one object.
struct MaskingWalk {
    private let mask: SecretMask
    private let secrets: Plaintexts
    private let redaction: Redaction

    /// Annotations in which tools keep a copy of the whole object; those that are JSON are masked, others are hidden.
    private static let copies: Set<String> = [
        "kubectl.kubernetes.io/last-applied-configuration", "objectset.rio.cattle.io/applied", "banzaicloud.com/last-applied",
    ]

    init(_ mask: SecretMask, _ secrets: Plaintexts) {
        self.mask = mask
        self.secrets = secrets
        redaction = Redaction(mask, secrets)
    }

    func masked(_ object: Value) -> Value {
        let kind = object["kind"]?.string
        if kind == "SecretList" || kind == "List", let items = object["items"]?.list {
            var list = object
            list["items"] = .list(
                items.map { item in
                    var item = item
                    if kind == "SecretList", item["kind"] == nil { (item["apiVersion"], item["kind"]) = ("v1", "Secret") }
                    return mask.masked(item, secrets: secrets)
                })
            return list
        }
        guard Plaintexts.isSecret(object) else { return walk(object, JSONPointer()) }
        // Its own values may stand anywhere else in it too.
        var all = secrets
        all.formUnion(Plaintexts(of: object))
        return MaskingWalk(mask, all).secret(object)
    }

    private func secret(_ object: Value) -> Value {
        var object = object
        var values: [(String, Value)] = []
        for member in ["data", "stringData"] {
            guard let value = object[member] else { continue }
            values.append((member, hidden(membersOf: value, isEncoded: member == "data")))
            object[member] = .null
        }
        object = walk(object, JSONPointer())
        for (member, value) in values { object[member] = value }
        return object
    }

    private func hidden(membersOf value: Value, isEncoded: Bool) -> Value {
        guard case .map(var map) = value else { return value.isNull ? .null : hidden(value) }
        map.updateValues { _, value in
            let decoded = isEncoded ? value.string.flatMap { Base64.decode($0) } : nil
            value = decoded.map { .string(mask.shown($0)) } ?? hidden(value)
        }
        return .map(map)
    }

    private func hidden(_ value: Value) -> Value {
        .string(mask.shown(value.string.map { Array($0.utf8) } ?? Canonical.bytes(value)))
    }

    private func walk(_ value: Value, _ place: JSONPointer) -> Value {
        if secrets.places.contains(place) { return hidden(value) }
        switch value {
        case .map(let map):
            let isAnnotations = place.steps == ["metadata", "annotations"]
            return .map(
                Map(
                    map.entries.map { entry in
                        let copy = isAnnotations && Self.copies.contains(entry.key)
                        let inner = copy ? masked(copy: entry.value) : walk(entry.value, place.appending(entry.key))
                        // Sets in `managedFields` have their values as keys.
                        return (redaction.redact(entry.key), inner)
                    }))
        case .list(let items): return .list(items.enumerated().map { walk($0.element, place.appending($0.offset)) })
        case .string(let text):
            return secrets.values.contains(Array(text.utf8)) ? hidden(value) : .string(redaction.redact(text))
        case .int, .decimal:
            let digits = JSON.write(value)
            return digits.count >= 4 && secrets.values.contains(digits) ? hidden(value) : value
        case .null, .bool: return value
        }
    }

    private func masked(copy value: Value) -> Value {
        guard let text = value.string, let object = try? JSON.read(text), object.map != nil else { return hidden(value) }
        return .string(JSON.text(mask.masked(object, secrets: secrets)))
    }
}
