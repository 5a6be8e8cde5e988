// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Reads and writes objects as a Kubernetes API server's Go types do: what is not declared goes, what is empty is left out or filled in.
enum Codec {
    struct Problem: Error {
        /// The complaint of Go's JSON decoder.
        let message: String
    }

    /// Checks types and drops what the shape does not declare.
    /// - Parameter unknown: receives the paths of the dropped fields.
    /// - Parameter isLenient: takes values of a wrong type as they are: custom resources are judged by their schema later.
    static func decode(
        _ value: Value, _ shape: Shape, root: String, isLenient: Bool = false, unknown: inout [String]
    ) throws(Problem) -> Value {
        try decode(value, shape, root: isLenient ? "" : root, names: "", path: "", &unknown)
    }

    private static func decode(
        _ value: Value, _ shape: Shape, root: String, names: String, path: String, _ unknown: inout [String]
    ) throws(Problem) -> Value {
        if value.isNull { return value }
        func mismatch(_ type: String) -> Problem {
            let place = names.isEmpty ? "Go value" : "Go struct field \(root).\(names)"
            return Problem(message: "json: cannot unmarshal \(word(value)) into \(place) of type \(type)")
        }
        if root.isEmpty {
            switch (shape, value) {
            case (.list, .list), (.map, .map), (.object, .map): break
            default: return value
            }
        }
        switch shape {
        case .string, .bytes: if value.string == nil { throw mismatch("string") }
        case .time, .microTime:
            guard let text = value.string else { throw mismatch("string") }
            guard Timestamp(rfc3339: text) != nil else {
                throw Problem(message: "parsing time \"\(text)\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\(text)\" as \"2006\"")
            }
        case .integer: if value.int == nil { throw mismatch("int32") }
        case .number: if value.double == nil { throw mismatch("float64") }
        case .boolean: if value.bool == nil { throw mismatch("bool") }
        case .integerOrString:
            if value.int == nil, value.string == nil { throw mismatch("int32") }
        case .quantity:
            guard value.string != nil || value.double != nil, Quantity(value) != nil else {
                throw Problem(
                    message: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
            }
        case .any: break
        case .list(let list):
            guard case .list(let items) = value else { throw mismatch("[]\(typeName(list.item))") }
            var result: [Value] = []
            result.reserveCapacity(items.count)
            for (index, item) in items.enumerated() {
                result.append(try decode(item, list.item, root: root, names: names, path: "\(path)[\(index)]", &unknown))
            }
            return .list(result)
        case .map(let map):
            guard case .map(let members) = value else { throw mismatch("map[string]\(typeName(map.value))") }
            var result = Map()
            for entry in members {
                result.append(
                    unique: entry.key,
                    try decode(entry.value, map.value, root: root, names: names, path: "\(path).\(entry.key)", &unknown))
            }
            return .map(result)
        case .object(let object):
            guard case .map(let members) = value else { throw mismatch(typeName(shape)) }
            var result = Map()
            for entry in members {
                let below = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                guard let field = object[entry.key] else {
                    if object.open { result.append(unique: entry.key, entry.value) } else { unknown.append(below) }
                    continue
                }
                let name = names.isEmpty ? entry.key : "\(names).\(entry.key)"
                result.append(
                    unique: entry.key, try decode(entry.value, field.shape, root: root, names: name, path: below, &unknown))
            }
            return .map(result)
        }
        return value
    }

    private static func word(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .int, .decimal: "number"
        case .string: "string"
        case .list: "array"
        case .map: "object"
        }
    }

    private static func typeName(_ shape: Shape) -> String {
        switch shape {
        case .string: "string"
        case .integer: "int32"
        case .boolean: "bool"
        case .number: "float64"
        case .bytes: "[]uint8"
        case .object(let object): "v1.\(object.name)"
        case .map(let map): "map[string]\(typeName(map.value))"
        case .list(let list): "[]\(typeName(list.item))"
        case .quantity: "resource.Quantity"
        case .time, .microTime: "v1.Time"
        case .integerOrString: "intstr.IntOrString"
        case .any: "interface {}"
        }
    }

    /// The object as it is stored and served: empty optional fields left out, structures that Go cannot omit written.
    static func encode(_ value: Value, _ shape: Shape) -> Value {
        switch (shape, value) {
        case (.object(let object), .map(let map)): return .map(encode(map, object))
        case (.object(let object), .null): return .map(encode(Map(), object))
        case (.list(let list), .list(let items)): return .list(items.map { encode($0, list.item) })
        case (.map(let shape), .map(var map)):
            map.updateValues { _, value in value = value.isNull ? zero(shape.value) : encode(value, shape.value) }
            return .map(Map(unique: map.entries.sorted { $0.key < $1.key }))
        case (.quantity, _): return Quantity(value).map { .string($0.canonical) } ?? value
        default: return value
        }
    }

    private static func encode(_ map: Map, _ object: ObjectShape) -> Map {
        var result = Map()
        for field in object.fields {
            let raw = map[field.name].flatMap { $0.isNull ? nil : $0 }
            guard let raw else {
                if field.isAlways { result.append(unique: field.name, field.isPointer ? .null : zero(field.shape)) }
                continue
            }
            let value = encode(raw, field.shape)
            if field.isPointer || !isZero(value, field.shape) {
                result.append(unique: field.name, value)
            } else if field.isAlways {
                result.append(unique: field.name, zero(field.shape))
            }
        }
        if object.open {
            for entry in map where object[entry.key] == nil { result.append(unique: entry.key, entry.value) }
        }
        return result
    }

    private static func isZero(_ value: Value, _ shape: Shape) -> Bool {
        switch value {
        case .null: true
        case .string(let text): text.isEmpty
        case .int(let number): number == 0 && !isIntegerOrString(shape)
        case .bool(let flag): !flag
        case .list(let items): items.isEmpty
        case .map(let map): map.isEmpty
        case .decimal: false
        }
    }

    private static func isIntegerOrString(_ shape: Shape) -> Bool { if case .integerOrString = shape { true } else { false } }

    private static func zero(_ shape: Shape) -> Value {
        switch shape {
        case .string: ""
        case .integer, .number, .integerOrString: 0
        case .boolean: false
        case .quantity: "0"
        case .object(let object): .map(encode(Map(), object))
        case .list, .map, .time, .microTime, .bytes, .any: .null
        }
    }
}
