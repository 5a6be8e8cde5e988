// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// A field of an object, as people name it: `[GROUP/]KIND/[NAMESPACE/]NAME[:POINTER]`.
///
/// `Deployment/web:/spec/replicas`, `Deployment/shop/web:/spec/template/spec/containers/[name=web]/image`, `apps/Deployment/shop/web`. A kind
/// begins with a capital letter, which is what tells it from a group. The pointer is RFC 6901's; an item of a list may also be named by one
/// of its fields, as a step of its own or behind the list's name (`containers[name=web]`). Without a pointer the whole object is meant.
package struct ObjectField: Sendable, Hashable, CustomStringConvertible {
    /// `nil` is any.
    package let group: String?
    package let kind: String
    /// `nil` is any.
    package let namespace: String?
    package let name: String
    package let pointer: JSONPointer

    package init(parsing text: String) throws(ObjectFieldError) {
        var object = text[...]
        var pointer = ""
        // A name may have colons, as roles do, but no slash.
        if let colon = text.indices.first(where: { text[$0] == ":" && text[text.index(after: $0)...].hasPrefix("/") }) {
            object = text[..<colon]
            pointer = String(text[text.index(after: colon)...])
        }
        let parts = object.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty }), let kind = parts.firstIndex(where: { $0.first?.isUppercase == true }), kind <= 1,
            (2...3).contains(parts.count - kind)
        else { throw ObjectFieldError(text: text, reason: "it is not like Deployment/web:/spec/replicas or apps/Deployment/shop/web") }
        group = kind == 1 ? parts[0] : nil
        self.kind = parts[kind]
        namespace = parts.count - kind == 3 ? parts[kind + 1] : nil
        name = parts[parts.count - 1]
        do throws(JSONPointerError) {
            self.pointer = try JSONPointer(parsing: pointer)
        } catch {
            throw ObjectFieldError(text: text, reason: "\(pointer) \(error.reason)")
        }
    }

    package func matches(_ identity: ObjectIdentity) -> Bool {
        identity.kind == kind && identity.name == name && group ?? identity.group == identity.group
            && namespace ?? identity.namespace == identity.namespace
    }

    /// The object without the field.
    package var object: String { [group, kind, namespace, name].compactMap { $0 }.joined(separator: "/") }

    package var description: String { pointer.steps.isEmpty ? object : "\(object):\(pointer)" }

    // MARK: - The way to the field

    /// The way from an object to the field, as far as there is one.
    struct Way {
        var steps: [PathStep] = []
        /// `nil` where the object has no such field; the steps lead there all the same, as far as they can be known.
        var value: Value?
        /// Why there is none.
        var lack: String?
    }

    func way(in object: Value) -> Way {
        var way = Way(value: object)
        for step in pointer.steps {
            guard let here = way.value else {
                // Below what is missing a number is taken for an index: what was removed may have been a list.
                way.steps.append(JSONPointer.index(step).map(PathStep.index) ?? .key(step))
                continue
            }
            Self.take(step, from: here, &way)
        }
        return way
    }

    private static func take(_ step: String, from here: Value, _ way: inout Way) {
        switch here {
        case .map(let map):
            if let next = map[step] {
                way.steps.append(.key(step))
                way.value = next
            } else if let (list, item) = split(step), let next = map[list] {
                way.steps.append(.key(list))
                way.value = next
                take(item, from: next, &way)
            } else {
                miss(step, .key(step), there: map.map(\.key), &way)
            }
        case .list(let items):
            if let (field, wanted) = selector(step) {
                let position = items.firstIndex { $0[field]?.scalarText == wanted }
                guard let position else {
                    miss(step, .key(step), there: items.compactMap { $0[field]?.scalarText.map { "[\(field)=\($0)]" } }, &way)
                    return
                }
                way.steps.append(.index(position))
                way.value = items[position]
            } else if let index = JSONPointer.index(step), index < items.count {
                way.steps.append(.index(index))
                way.value = items[index]
            } else {
                miss(step, JSONPointer.index(step).map(PathStep.index) ?? .key(step), there: items.indices.map(String.init), &way)
            }
        case .null, .bool, .int, .decimal, .string: miss(step, .key(step), there: [], &way)
        }
    }

    private static func miss(_ step: String, _ next: PathStep, there: [String], _ way: inout Way) {
        let place = JSONPointer(way.steps.map(\.text)).description
        let names = there.prefix(12).joined(separator: ", ") + (there.count > 12 ? " and \(there.count - 12) more" : "")
        way.lack = "\(place.isEmpty ? "it" : place) has \(there.isEmpty ? "nothing below it" : "only \(names)")"
        way.steps.append(next)
        way.value = nil
    }

    /// `containers[name=web]` as the list's name and the item's.
    private static func split(_ step: String) -> (list: String, item: String)? {
        guard let open = step.firstIndex(of: "["), open != step.startIndex, selector(String(step[open...])) != nil else { return nil }
        return (String(step[..<open]), String(step[open...]))
    }

    /// `[name=web]`.
    private static func selector(_ step: String) -> (field: String, value: String)? {
        guard step.hasPrefix("["), step.hasSuffix("]"), let equals = step.firstIndex(of: "=") else { return nil }
        let field = step[step.index(after: step.startIndex)..<equals]
        return field.isEmpty ? nil : (String(field), String(step[step.index(after: equals)...].dropLast()))
    }
}

package struct ObjectFieldError: Error, Sendable, Hashable, CustomStringConvertible {
    package let text: String
    package let reason: String

    package var description: String { "'\(text)' names no field: \(reason)" }
}

extension PathStep {
    /// As a step of a JSON pointer.
    var text: String {
        switch self {
        case .key(let key): key
        case .index(let index): String(index)
        }
    }
}
