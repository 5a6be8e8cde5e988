// SPDX-License-Identifier: Apache-2.0

/// A value that templates work with: what Go's `interface{}` can hold in Helm's templates.
///
/// Maps and objects are references, as in Go: `set` is seen by everyone who holds the map. Everything else is a value.
package enum Datum {
    /// No value at all; Go's zero `reflect.Value`. Prints as `<no value>`.
    case none
    /// An `interface{}` that holds nothing: an absent member of a map, or a null in a document.
    case null
    case bool(Bool)
    case integer(Int64, IntegerType)
    case float(Double)
    case string(String)
    /// A Go string whose bytes are not UTF-8.
    case raw([UInt8])
    /// A `[]byte`.
    case bytes([UInt8])
    case list([Datum], ListType)
    case map(Dictionary)
    case time(Moment)
    case object(any TemplateObject)

    /// Which of Go's integer types a number has: they compare and print alike, but have names.
    package enum IntegerType: UInt8, Sendable {
        case int, int64, int32, uint8, uint32, uint64
        /// `time.Duration`, in nanoseconds.
        case duration
    }

    /// What a slice's elements are, as far as templates can tell.
    package enum ListType: UInt8, Sendable {
        case any, string, int, listOfAny
        /// A nil `[]interface{}`: prints as an empty list, but is `null` as JSON.
        case nilAny
        case nilString

        var isNil: Bool { self == .nilAny || self == .nilString }

        var goName: String {
            switch self {
            case .any, .nilAny: "[]interface {}"
            case .string, .nilString: "[]string"
            case .int: "[]int"
            case .listOfAny: "[][]interface {}"
            }
        }

        var elementName: String {
            switch self {
            case .any, .nilAny: "interface {}"
            case .string, .nilString: "string"
            case .int: "int"
            case .listOfAny: "[]interface {}"
            }
        }
    }

    static func int(_ number: Int) -> Datum { .integer(Int64(number), .int) }
    static func int64(_ number: Int64) -> Datum { .integer(number, .int64) }
    package static func list(_ items: [Datum]) -> Datum { .list(items, .any) }
    package static func strings(_ items: [String]) -> Datum { .list(items.map { .string($0) }, .string) }
    package static func map(_ members: [(String, Datum)]) -> Datum { .map(Dictionary(members)) }

    /// The Go string with these bytes.
    static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> Datum {
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return .raw(Array(bytes))
    }

    package static func text(_ bytes: [UInt8]) -> Datum { bytes.withUnsafeBufferPointer { text($0) } }
    static func text(_ bytes: ArraySlice<UInt8>) -> Datum { bytes.withUnsafeBufferPointer { text($0) } }
}

extension Datum {
    /// Whether there is nothing: no value, or an empty interface.
    var isNil: Bool {
        switch self {
        case .none, .null: true
        case .bool, .integer, .float, .string, .raw, .bytes, .list, .map, .time, .object: false
        }
    }

    /// The bytes of a Go string; `nil` for anything else.
    var stringBytes: [UInt8]? {
        switch self {
        case .string(let text): Array(text.utf8)
        case .raw(let bytes): bytes
        case .none, .null, .bool, .integer, .float, .bytes, .list, .map, .time, .object: nil
        }
    }

    /// The text of a Go string, bytes that are not UTF-8 replaced one by one; empty for anything else.
    var text: String {
        switch self {
        case .string(let text): text
        case .raw(let bytes): UTF8Bytes.repaired(bytes)
        case .none, .null, .bool, .integer, .float, .bytes, .list, .map, .time, .object: ""
        }
    }

    var isString: Bool {
        switch self {
        case .string, .raw: true
        case .none, .null, .bool, .integer, .float, .bytes, .list, .map, .time, .object: false
        }
    }

    var integer: Int64 { if case .integer(let number, _) = self { number } else { 0 } }
    package var dictionary: Dictionary? { if case .map(let map) = self { map } else { nil } }

    /// The items of anything that Go's reflection calls a slice; `nil` for anything else.
    var items: [Datum]? {
        switch self {
        case .list(let items, _): items
        case .bytes(let bytes): bytes.map { .integer(Int64($0), .uint8) }
        case .object(let object): object.items
        case .none, .null, .bool, .integer, .float, .string, .raw, .map, .time: nil
        }
    }

    /// `reflect.Kind` in words.
    var kindName: String {
        switch self {
        case .none, .null: "invalid"
        case .bool: "bool"
        case .integer(_, .duration): "int64"
        case .integer(_, let type): type.goName
        case .float: "float64"
        case .string, .raw: "string"
        case .bytes, .list: "slice"
        case .map: "map"
        case .time: "struct"
        case .object(let object): object.kindName
        }
    }

    /// The Go type, as `%T` prints it.
    var typeName: String {
        switch self {
        case .none, .null: "<nil>"
        case .bool: "bool"
        case .integer(_, let type): type.goName
        case .float: "float64"
        case .string, .raw: "string"
        case .bytes: "[]uint8"
        case .list(_, let type): type.goName
        case .map(let map): map.typeName
        case .time: "time.Time"
        case .object(let object): object.typeName
        }
    }

    /// Whether `if` takes the value for true.
    var isTrue: Bool {
        switch self {
        case .none, .null: false
        case .bool(let flag): flag
        case .integer(let number, _): number != 0
        case .float(let number): number != 0
        case .string(let text): !text.isEmpty
        case .raw(let bytes), .bytes(let bytes): !bytes.isEmpty
        case .list(let items, _): !items.isEmpty
        case .map(let map): map.count > 0
        case .time: true
        case .object(let object): object.isTrue
        }
    }

    /// Sprig's idea of a value that was not given.
    var isEmpty: Bool { !isTrue }
}

extension Datum.IntegerType {
    var goName: String {
        switch self {
        case .int: "int"
        case .int64: "int64"
        case .int32: "int32"
        case .uint8: "uint8"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .duration: "time.Duration"
        }
    }

    var isUnsigned: Bool { self == .uint8 || self == .uint32 || self == .uint64 }
}

extension Datum {
    /// `reflect.DeepEqual`: the types must be the same too.
    /// - Parameter left: how many values may still be looked at; 0 or less afterwards means that there is no answer.
    func deepEquals(_ other: Datum, _ left: inout Int, depth: Int = 0) -> Bool {
        left -= depth > Nesting.most ? left : 1
        guard left > 0 else { return false }
        switch (self, other) {
        case (.none, .none), (.null, .null), (.none, .null), (.null, .none): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.integer(let a, let type), .integer(let b, let otherType)): return a == b && type == otherType
        case (.float(let a), .float(let b)): return a == b
        case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
        case (.raw(let a), .raw(let b)), (.bytes(let a), .bytes(let b)): return a == b
        case (.list(let a, let type), .list(let b, let otherType)):
            guard type == otherType, a.count == b.count else { return false }
            for (x, y) in zip(a, b) where !x.deepEquals(y, &left, depth: depth + 1) { return false }
            return true
        case (.map(let a), .map(let b)):
            if a === b { return true }
            guard a.count == b.count, a.typeName == b.typeName else { return false }
            for (key, value) in zip(a.keys, a.values) {
                guard let opposite = b[key], value.deepEquals(opposite, &left, depth: depth + 1) else { return false }
            }
            return true
        case (.time(let a), .time(let b)): return a == b
        case (.object(let a), .object(let b)): return a === b
        default: return false
        }
    }

    /// A copy that shares no map with this one.
    func deepCopy() -> Datum {
        switch self {
        case .list(let items, let type): .list(items.map { $0.deepCopy() }, type)
        case .map(let map): .map(map.deepCopy())
        case .none, .null, .bool, .integer, .float, .string, .raw, .bytes, .time, .object: self
        }
    }
}
