// SPDX-License-Identifier: Apache-2.0

import Manifests

/// An open watch: what it wants to see and where its events go.
struct Watch {
    enum Form: Sendable {
        case objects, metadata
        case table(includesObject: TableObject)
    }

    let id: Int
    let type: ResourceType
    let namespace: String?
    let labels: LabelSelector
    let fields: FieldSelector
    let form: Form
    let wantsBookmarks: Bool
    /// Events up to this version are not shown (a version from the future).
    var after: Int64
    /// Sends nothing any more, for a fault.
    var isStalled = false
    /// Answers false when the reader is gone or too slow.
    let send: @Sendable ([UInt8]) -> Bool
    let finish: @Sendable () -> Void

    func matches(_ object: Value) -> Bool { labels.matches(object.labels) && fields.matches(object) }

    /// The event as this watch sees it: entering and leaving the selection read as added and deleted.
    func event(_ event: Store.Event) -> (kind: String, object: Value)? {
        guard event.resource == type.key, namespace == nil || namespace == event.name.namespace else { return nil }
        let before = event.old.map(matches) ?? false
        guard let new = event.new else { return before ? ("DELETED", event.last ?? .null) : nil }
        switch (before, matches(new)) {
        case (false, true): return ("ADDED", new)
        case (true, true): return ("MODIFIED", new)
        case (true, false):
            var gone = event.old ?? new
            gone.set(.string(String(event.version)), "metadata", "resourceVersion")
            return ("DELETED", gone)
        case (false, false): return nil
        }
    }

    func line(_ kind: String, _ object: Value, now: Timestamp) -> [UInt8] {
        var bytes = JSON.write(["type": .string(kind), "object": shown(object, now)])
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private func shown(_ object: Value, _ now: Timestamp) -> Value {
        switch form {
        case .objects: object
        case .metadata: PartialObject.value(object)
        case .table(let part):
            Table.value(
                type: type, objects: [object], includes: part, metadata: ["resourceVersion": .string(object.resourceVersion)], now: now)
        }
    }

    /// A bookmark; annotated where it ends the initial events.
    func bookmark(_ version: Int64, endsInitialEvents: Bool = false) -> [UInt8] {
        var metadata: Map = ["resourceVersion": .string(String(version))]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        let isMetadata = if case .metadata = form { true } else { false }
        var object: Map = [
            "kind": isMetadata ? "PartialObjectMetadata" : .string(type.kind),
            "apiVersion": isMetadata ? "meta.k8s.io/v1" : .string(type.apiVersion), "metadata": .map(metadata),
        ]
        if !isMetadata, !type.isCustom, case .map(let empty) = Codec.encode([:], type.shape) {
            for entry in empty where object[entry.key] == nil { object[entry.key] = entry.value }
        }
        var bytes = JSON.write(["type": "BOOKMARK", "object": .map(object)])
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}

/// The metadata alone, as `PartialObjectMetadata`.
enum PartialObject {
    static func value(_ object: Value) -> Value {
        ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:]]
    }
}
