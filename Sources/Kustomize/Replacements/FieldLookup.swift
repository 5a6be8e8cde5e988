// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Finds the one value that a path leads to: where replacements and variables take theirs from.
///
/// A number is a position in a list, `-` its last item, `[field=value]` the first item whose field has exactly that text, anything else a
/// member of a map. Source of the rules: kustomize `kyaml/yaml/fns.go`, `PathGetter`.
enum FieldLookup {
    /// - Returns: `nil` where a part is missing on the way; a null at the end is found.
    /// - Throws: where there is something of another kind than the path says.
    static func find(_ path: [String], in value: Value) throws(FieldFailure) -> Value? {
        var here = value
        for part in path.lazy.map({ $0.trimmingBlanks() }) where !part.isEmpty {
            guard let next = try step(part, from: here) else { return nil }
            here = next
        }
        return here
    }

    private static func step(_ part: String, from value: Value) throws(FieldFailure) -> Value? {
        if let index = Int(part) {
            guard index >= 0 else { throw FieldFailure(message: "the position \(index) is negative") }
            let items = try items(value, part)
            guard items.indices.contains(index) else { return nil }
            return items[index]
        }
        if part == "-" {
            guard let last = try items(value, part).last else { throw FieldFailure(message: "the list has no last item") }
            return last
        }
        if part == "*" { throw FieldFailure(message: "a path with * leads to no single value") }
        if let selection = FieldPath.selection(part) {
            let (field, wanted) = try selection.get()
            let items = try items(value, part)
            if field.isEmpty { return items.first { $0.plainText == wanted } }
            return items.first { $0.map?[field].map { $0.plainText == wanted } ?? false }
        }
        switch value {
        case .null: return nil
        case .map(let map): return map[part]
        case .bool, .int, .decimal, .string, .list: throw FieldFailure(message: "at \(part) there is \(value.kindName), not a map")
        }
    }

    private static func items(_ value: Value, _ part: String) throws(FieldFailure) -> [Value] {
        switch value {
        case .null: return []
        case .list(let items): return items
        case .bool, .int, .decimal, .string, .map: throw FieldFailure(message: "at \(part) there is \(value.kindName), not a list")
        }
    }
}
