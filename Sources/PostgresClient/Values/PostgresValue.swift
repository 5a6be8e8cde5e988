// SPDX-License-Identifier: Apache-2.0

/// A parameter of a statement.
///
/// Scalars travel without a type, so that the statement decides: `$1` takes its column's type. Where a statement says nothing
/// (`select $1`, `unnest($1)`, `jsonb_build_object('a', $1)`), write the type: `$1::bigint`, `unnest($1::text[])`.
package enum PostgresValue: Sendable, Equatable {
    case null
    case text(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    /// A `bytea`; sent in binary.
    case bytes([UInt8])
    /// A moment, in milliseconds since 1970-01-01T00:00:00Z.
    case timestamp(milliseconds: Int64)
    /// JSON text, for `json` and `jsonb`.
    case json(String)
    case textArray([String?])
    case intArray([Int64?])
    /// A `bytea[]`; sent in binary.
    case bytesArray([[UInt8]?])
    case boolArray([Bool?])
    case doubleArray([Double?])
    /// Moments, in milliseconds since 1970-01-01T00:00:00Z.
    case timestampArray([Int64?])

    /// The text, or null.
    package init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    /// The number, or null.
    package init(_ number: Int?) { self = number.map { .int(Int64($0)) } ?? .null }
    /// The number, or null.
    package init(_ number: Int64?) { self = number.map { .int($0) } ?? .null }
    /// The truth value, or null.
    package init(_ bool: Bool?) { self = bool.map { .bool($0) } ?? .null }
    /// The bytes, or null.
    package init(_ bytes: [UInt8]?) { self = bytes.map { .bytes($0) } ?? .null }
    /// The moment, in milliseconds since 1970-01-01T00:00:00Z, or null.
    package init(timestampMilliseconds: Int64?) { self = timestampMilliseconds.map { .timestamp(milliseconds: $0) } ?? .null }

    /// A whole number.
    package static func int(_ number: Int) -> PostgresValue { .int(Int64(number)) }
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
}
