// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import SecretsDecryption

/// Values that must not leave the cluster, at hand for as long as it takes to keep them out of what is about to be said.
///
/// They are never stored, and its descriptions show none.
struct Plaintexts: Sendable {
    private(set) var values: Set<[UInt8]> = []
    /// Where they stand in the object that they were filled into: what is found there is hidden whatever it is.
    private(set) var places: Set<JSONPointer> = []

    init() {}

    var isEmpty: Bool { values.isEmpty && places.isEmpty }

    mutating func insert(_ text: String) { insert(Array(text.utf8)) }

    mutating func insert(_ bytes: [UInt8]) { if !bytes.isEmpty { values.insert(bytes) } }

    mutating func insert(place: JSONPointer) { places.insert(place) }

    /// Every text and number in a value. Truth values are only known by their places: everything says `true` somewhere.
    mutating func insert(everyScalarOf value: Value) {
        switch value {
        case .string(let text): insert(text)
        case .int(let number): insert(String(number))
        case .decimal: insert(JSON.write(value))
        case .list(let items): for item in items { insert(everyScalarOf: item) }
        case .map(let map): for item in map.values { insert(everyScalarOf: item) }
        case .null, .bool: break
        }
    }

    mutating func formUnion(_ other: Plaintexts) {
        values.formUnion(other.values)
        places.formUnion(other.places)
    }

    // MARK: Of objects

    /// Whether an object is one whose values are secret by its kind.
    static func isSecret(_ object: Value) -> Bool { object["kind"]?.string == "Secret" && object["apiVersion"]?.string == "v1" }

    /// The values of a core Secret, decoded and as they are written; of anything else, none.
    init(of object: Value) {
        guard Self.isSecret(object) else { return }
        for entry in object["data"]?.map?.entries ?? [] {
            insert(everyScalarOf: entry.value)
            if let bytes = entry.value.string.flatMap({ Base64.decode($0) }) { insert(bytes) }
        }
        insert(everyScalarOf: object["stringData"] ?? .null)
    }

    /// What a document brought into an object that was made of it, and where it stands there.
    init(of opened: OpenedDocument, in rendered: Value) throws(SecretsError) {
        let mark = "\u{0}"
        var found = Plaintexts()
        let marked = try opened.mapping { value in
            found.insert(everyScalarOf: value)
            return .string(mark)
        }.filling(rendered)
        Self.findPlaces(of: .string(mark), in: marked, at: JSONPointer(), &found)
        self = found
    }

    private static func findPlaces(of mark: Value, in value: Value, at place: JSONPointer, _ found: inout Plaintexts) {
        switch value {
        case .map(let map): for entry in map { findPlaces(of: mark, in: entry.value, at: place.appending(entry.key), &found) }
        case .list(let items):
            for (index, item) in items.enumerated() { findPlaces(of: mark, in: item, at: place.appending(index), &found) }
        case .null, .bool, .int, .decimal, .string: if value == mark { found.insert(place: place) }
        }
    }
}

extension Plaintexts: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "\(values.count) plaintexts" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["count": values.count]) }
}
