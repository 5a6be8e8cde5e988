// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Says where in resources of some kind a field is: what transformer configurations are made of.
///
/// An empty group, version or kind matches any. Parts of the path are separated by `/`, a `/` inside one is written `\/`; lists on the way are
/// passed through item by item, and `name[]` says that `name` is one. Source of the rules: kustomize `api/filters/fieldspec`.
struct FieldSpec: Sendable, Hashable {
    struct Step: Sendable, Hashable {
        var name: String
        var isList: Bool
        /// Positions, selectors and wildcards are no names: kustomize's look-up takes them for places in a list, and refuses them in a map.
        var isName: Bool

        init(_ part: String) {
            isList = part.hasSuffix("[]")
            name = (isList ? String(part.dropLast(2)) : part).trimmingBlanks()
            isName = !(name == "-" || name == "*" || Int(name) != nil || (name.hasPrefix("[") && name.hasSuffix("]")))
        }

        /// Why a map has no such member.
        var failure: FieldFailure? {
            if name.isEmpty { return FieldFailure(message: "a part of the path is empty") }
            return isName ? nil : FieldFailure(message: "\(name) is a place in a list, and there is a map")
        }
    }

    let group: String
    let version: String
    let kind: String
    let path: String
    /// Whether maps that are missing on the way are made.
    let create: Bool
    let steps: [Step]

    init(group: String = "", version: String = "", kind: String = "", path: String, create: Bool = false) {
        self.group = group
        self.version = version
        self.kind = kind
        self.path = path
        self.create = create
        steps = Self.split(path).map(Step.init)
    }

    /// The parts of a path; a backslash before the separator makes it part of the name.
    static func split(_ path: String, separator: UInt8 = UInt8(ascii: "/")) -> [String] {
        var parts: [String] = []
        var part: [UInt8] = []
        for byte in path.utf8 {
            if byte == separator {
                if part.last == UInt8(ascii: "\\") {
                    part[part.count - 1] = separator
                } else {
                    parts.append(String(decoding: part, as: UTF8.self))
                    part = []
                }
            } else {
                part.append(byte)
            }
        }
        parts.append(String(decoding: part, as: UTF8.self))
        if parts.count > 1, parts.first?.isEmpty == true { parts.removeFirst() }
        return parts
    }

    /// Whether this is for resources of that identity.
    func selects(_ id: ResourceID) -> Bool {
        (kind.isEmpty || kind == id.kind) && (group.isEmpty || group == id.group) && (version.isEmpty || version == id.version)
    }

    /// Whether adding `other` to a list that has this one adds nothing: the path is the same, and `other` is as wide or wider.
    func covers(_ other: FieldSpec) -> Bool {
        path == other.path && (other.group.isEmpty || group == other.group) && (other.version.isEmpty || version == other.version)
            && (other.kind.isEmpty || kind == other.kind)
    }
}

extension [FieldSpec] {
    /// Adds specs; those that are there already are left out.
    /// - Throws: where one is there with another `create`.
    mutating func merge(_ others: [FieldSpec]) throws(FieldSpecConflict) {
        guard !others.isEmpty else { return }
        var places: [String: [Int]] = [:]
        for (index, present) in enumerated() { places[present.path, default: []].append(index) }
        for other in others {
            if let index = places[other.path]?.first(where: { self[$0].covers(other) }) {
                guard self[index].create == other.create else { throw FieldSpecConflict(spec: other) }
            } else {
                places[other.path, default: []].append(count)
                append(other)
            }
        }
    }
}

/// Two field specs for one place that say `create` differently.
struct FieldSpecConflict: Error {
    let spec: FieldSpec
}

/// Why a field cannot be changed, to be completed with where that was asked for.
struct FieldFailure: Error {
    let message: String
}

extension String {
    /// Without the blanks at both ends.
    func trimmingBlanks() -> String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = utf8.first, let last = utf8.last, isBlank(first) || isBlank(last) else { return self }
        var rest = utf8[...]
        while let byte = rest.first, isBlank(byte) { rest.removeFirst() }
        while let byte = rest.last, isBlank(byte) { rest.removeLast() }
        return String(Substring(rest))
    }
}
