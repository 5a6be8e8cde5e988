// SPDX-License-Identifier: Apache-2.0

/// A node of a document: what YAML and JSON can both say, with exact numbers and keys in the order they were written.
///
/// Equality and hashing follow the meaning, not the notation: the order of a map's keys does not count, and `1.50` equals `1.5`.
/// (An integer never equals a decimal: Kubernetes tells `1` from `1.0`.) Positions in the source are not part of a value;
/// `YAML.locate` finds them when there is an error to report.
package enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    /// A number that is no 64-bit integer: fractions, exponents, and integers beyond the range, kept digit by digit.
    case decimal(Decimal)
    case string(String)
    case list([Value])
    case map(Map)
}

extension Value {
    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var int: Int64? { if case .int(let number) = self { number } else { nil } }
    package var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    package var list: [Value]? { if case .list(let items) = self { items } else { nil } }
    package var map: Map? { if case .map(let map) = self { map } else { nil } }
    package var isNull: Bool { if case .null = self { true } else { false } }

    /// The number as a binary double, for comparisons and arithmetic that need no exactness.
    package var double: Double? {
        switch self {
        case .int(let number): Double(number)
        case .decimal(let number): number.double
        case .null, .bool, .string, .list, .map: nil
        }
    }

    /// The member of a map; `nil` where this is no map or has no such key. Setting makes a map of a null.
    package subscript(key: String) -> Value? {
        get { if case .map(let map) = self { map[key] } else { nil } }
        set {
            guard case .map(var map) = self else {
                if isNull, let newValue { self = .map(Map([(key, newValue)])) }
                return
            }
            self = .null  // so that `map` is the only owner and changes in place
            map[key] = newValue
            self = .map(map)
        }
    }

    /// The item of a list; `nil` where this is no list or is shorter.
    package subscript(index: Int) -> Value? {
        if case .list(let items) = self, items.indices.contains(index) { items[index] } else { nil }
    }

    /// The value reached through nested maps, for example `object.at("metadata", "name")`.
    package func at(_ keys: String...) -> Value? {
        var here = self
        for key in keys {
            guard let next = here[key] else { return nil }
            here = next
        }
        return here
    }

    /// What an error message calls this kind of value.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int: "an integer"
        case .decimal: "a number"
        case .string: "a string"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

/// Not expressible by `nil`: in `condition ? nil : value` that would mean a null where an absent value is meant.
extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: Value...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, Value)...) { self = .map(Map(elements)) }
}
