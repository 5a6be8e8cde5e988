// SPDX-License-Identifier: Apache-2.0

import Manifests
import Synchronization

/// The built-in types by name, read from `builtInText` once per process.
final class Schema: Sendable {
    static let builtIn = Schema(text: builtInText)

    private let objects: [String: ObjectShape]

    /// The structure called `name`; anything goes where there is none.
    subscript(name: String) -> Shape { objects[name].map(Shape.object) ?? .any }

    init(text: String) {
        var builder = Builder(text: text)
        for name in builder.sources.keys { _ = builder.object(name) }
        objects = builder.built
    }

    /// Builds types in the order in which they are needed: the built-in ones never contain themselves.
    private struct Builder {
        var sources: [String: (atomic: Bool, fields: [Substring])] = [:]
        var built: [String: ObjectShape] = [:]

        init(text: String) {
            var name = ""
            for line in text.split(separator: "\n") {
                var words = line.split(separator: " ")
                if !line.hasPrefix(" ") {
                    name = String(words.removeFirst())
                    let atomic = name.hasSuffix("@")
                    if atomic { name.removeLast() }
                    sources[name] = (atomic, [])
                }
                sources[name]?.fields += words
            }
        }

        mutating func object(_ name: String) -> Shape {
            if let known = built[name] { return .object(known) }
            guard let source = sources[name] else { return .any }
            let shape = ObjectShape(name: name, fields: source.fields.map { field($0) }, atomic: source.atomic)
            built[name] = shape
            return .object(shape)
        }

        mutating func field(_ text: Substring) -> Field {
            let parts = text.split(separator: ":", maxSplits: 1)
            var rest = parts.count == 2 ? parts[1] : "r"
            var prefixes: [Substring] = []
            while rest.hasPrefix("[]") || rest.hasPrefix("{}") {
                prefixes.append(rest.prefix(2))
                rest = rest.dropFirst(2)
            }
            let base: Shape
            if let first = rest.first, first.isUppercase {
                let name = rest.prefix { $0.isLetter || $0.isNumber }
                rest = rest.dropFirst(name.count)
                // Flags that are letters follow a name only behind `*`, `!` or `(`; those straight behind it are part of a known suffix.
                base = object(trimmed(name, into: &rest))
            } else {
                base = Self.scalar(rest.removeFirst())
            }
            let flags = Flags(rest)
            var shape = base
            for (depth, prefix) in prefixes.reversed().enumerated() {
                let outermost = depth == prefixes.count - 1
                if prefix == "[]" {
                    shape = .list(outermost ? flags.list(of: shape) : ListShape(item: shape, relation: .atomic))
                } else {
                    shape = .map(MapShape(value: shape, atomic: outermost && flags.atomic))
                }
            }
            if prefixes.isEmpty, flags.atomic, let object = shape.object, !object.atomic {
                shape = .object(ObjectShape(name: object.name, fields: object.fields, atomic: true))
            }
            return Field(
                name: String(parts[0]), shape: shape, isPointer: flags.pointer, isAlways: flags.always, retainsKeys: flags.retainsKeys)
        }

        /// Gives letters behind a type's name back to the flags: the longest known type wins.
        private func trimmed(_ name: Substring, into rest: inout Substring) -> String {
            var end = name.endIndex
            while end > name.startIndex, sources[String(name[..<end])] == nil { end = name.index(before: end) }
            guard end > name.startIndex else { return String(name) }
            rest = Substring(String(name[end...]) + rest)
            return String(name[..<end])
        }

        private static func scalar(_ code: Character) -> Shape {
            switch code {
            case "s": .string
            case "i": .integer
            case "b": .boolean
            case "n": .number
            case "q": .quantity
            case "x": .integerOrString
            case "t": .time
            case "m": .microTime
            case "y": .bytes
            default: .any
            }
        }
    }

    private struct Flags {
        var pointer = false
        var always = false
        var atomic = false
        var set = false
        var retainsKeys = false
        var merges = false
        var patchKey: String?
        var keys: [String] = []

        init(_ text: Substring) {
            var rest = text
            while let flag = rest.popFirst() {
                switch flag {
                case "*": pointer = true
                case "!": always = true
                case "a": atomic = true
                case "e": set = true
                case "R": retainsKeys = true
                case "(":
                    let inside = rest.prefix { $0 != ")" }
                    keys = inside.split(separator: ",").map(String.init)
                    rest = rest.dropFirst(inside.count + 1)
                case "p":
                    merges = true
                    guard rest.first == "<" else { break }
                    let inside = rest.dropFirst().prefix { $0 != ">" }
                    patchKey = String(inside)
                    rest = rest.dropFirst(inside.count + 2)
                default: break
                }
            }
        }

        func list(of item: Shape) -> ListShape {
            let relation: ListShape.Relation =
                if !keys.isEmpty {
                    .keyed(keys.map { ListKey(name: $0, fallback: Self.fallback($0, in: item)) })
                } else {
                    set ? .set : .atomic
                }
            return ListShape(item: item, relation: relation, patchKey: patchKey, merges: merges)
        }

        /// What the published schema gives for a key left out: TCP for a protocol, else the zero value of a required field.
        private static func fallback(_ key: String, in item: Shape) -> Value? {
            if key == "protocol" { return "TCP" }
            guard let field = item.object?[key], field.isAlways else { return nil }
            return if case .integer = field.shape { 0 } else { "" }
        }
    }
}
