// SPDX-License-Identifier: Apache-2.0

import Manifests

/// What a value in an object may look like: the type that decoding, defaulting, merging and ownership go by.
indirect enum Shape: Sendable {
    case string, integer, boolean, number
    /// A quantity such as `100m`; a number is accepted too.
    case quantity
    case integerOrString
    case time, microTime
    /// Bytes, as base64 text.
    case bytes
    /// Anything: kept as it came, merged by what it looks like.
    case any
    case list(ListShape)
    case map(MapShape)
    case object(ObjectShape)
}

final class ListShape: Sendable {
    enum Relation: Sendable {
        case atomic, set
        /// Items are told apart by these fields.
        case keyed([ListKey])
    }

    let item: Shape
    let relation: Relation
    /// The field by which a strategic merge patch finds an item; `nil` with `merges` is a list of scalars merged as a set.
    let patchKey: String?
    /// Whether a strategic merge patch merges the list instead of replacing it.
    let merges: Bool

    init(item: Shape, relation: Relation, patchKey: String? = nil, merges: Bool = false) {
        self.item = item
        self.relation = relation
        self.patchKey = patchKey
        self.merges = merges
    }
}

/// A field that is part of a list item's key, and what stands for it when the item leaves it out.
struct ListKey: Sendable {
    let name: String
    let fallback: Value?
}

final class MapShape: Sendable {
    let value: Shape
    let atomic: Bool

    init(value: Shape, atomic: Bool) {
        self.value = value
        self.atomic = atomic
    }
}

struct Field: Sendable {
    let name: String
    let shape: Shape
    /// An optional field that keeps an explicit zero.
    var isPointer = false
    /// Written even when empty.
    var isAlways = false
    /// A strategic merge patch may name the keys to keep.
    var retainsKeys = false
}

/// A structure with declared fields.
final class ObjectShape: Sendable {
    let name: String
    let fields: [Field]
    let atomic: Bool
    /// Keeps what it does not declare (custom resources with `x-kubernetes-preserve-unknown-fields`).
    let open: Bool
    private let index: [String: Int]

    init(name: String, fields: [Field], atomic: Bool = false, open: Bool = false) {
        self.name = name
        self.fields = fields
        self.atomic = atomic
        self.open = open
        index = Dictionary(fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(name: String) -> Field? { index[name].map { fields[$0] } }
}

extension Shape {
    var object: ObjectShape? { if case .object(let shape) = self { shape } else { nil } }
    var list: ListShape? { if case .list(let shape) = self { shape } else { nil } }

    /// The shape of a member; `nil` where it is not declared.
    func member(_ key: String) -> Shape? {
        switch self {
        case .object(let object): object[key]?.shape ?? (object.open ? .any : nil)
        case .map(let map): map.value
        case .any: .any
        default: nil
        }
    }
}
