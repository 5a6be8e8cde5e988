// SPDX-License-Identifier: Apache-2.0

/// One row of a result; cells are read by column name.
///
/// Every accessor throws `PostgresError` of kind `column` when there is no such column, or its text is not of the type asked for;
/// those without `optional` also when the cell is null.
package struct Row: Sendable {
    let result: ResultHandle
    let index: Int

    package func isNull(_ column: String) throws(PostgresError) -> Bool {
        try cell(column) { _ throws(PostgresError) in true } == nil
    }

    /// The text of a cell of any type.
    package func text(_ column: String) throws(PostgresError) -> String { try required(column, optionalText(column)) }
    package func optionalText(_ column: String) throws(PostgresError) -> String? {
        try cell(column) { text throws(PostgresError) in String(decoding: text, as: UTF8.self) }
    }

    package func int(_ column: String) throws(PostgresError) -> Int { try required(column, optionalInt(column)) }
    package func optionalInt(_ column: String) throws(PostgresError) -> Int? {
        try decoded(column, "a whole number") { Int(String(decoding: $0, as: UTF8.self)) }
    }

    package func int64(_ column: String) throws(PostgresError) -> Int64 { Int64(try int(column)) }
    package func optionalInt64(_ column: String) throws(PostgresError) -> Int64? { try optionalInt(column).map(Int64.init) }

    package func double(_ column: String) throws(PostgresError) -> Double { try required(column, optionalDouble(column)) }
    package func optionalDouble(_ column: String) throws(PostgresError) -> Double? {
        try decoded(column, "a number") { Double(String(decoding: $0, as: UTF8.self)) }
    }

    package func bool(_ column: String) throws(PostgresError) -> Bool { try required(column, optionalBool(column)) }
    package func optionalBool(_ column: String) throws(PostgresError) -> Bool? {
        try decoded(column, "a truth value", Self.bool)
    }

    /// The bytes of a `bytea`.
    package func bytes(_ column: String) throws(PostgresError) -> [UInt8] { try required(column, optionalBytes(column)) }
    package func optionalBytes(_ column: String) throws(PostgresError) -> [UInt8]? {
        try decoded(column, "a bytea", Self.bytes)
    }

    /// A `timestamptz` (or a `timestamp`, taken as UTC) in milliseconds since 1970-01-01T00:00:00Z; finer parts are cut off.
    package func timestampMilliseconds(_ column: String) throws(PostgresError) -> Int64 {
        try required(column, optionalTimestampMilliseconds(column))
    }
    package func optionalTimestampMilliseconds(_ column: String) throws(PostgresError) -> Int64? {
        try decoded(column, "a finite timestamp", TimestampText.milliseconds)
    }

    package func textArray(_ column: String) throws(PostgresError) -> [String?] { try required(column, optionalTextArray(column)) }
    package func optionalTextArray(_ column: String) throws(PostgresError) -> [String?]? {
        try array(column, "an array") { String(decoding: $0, as: UTF8.self) }
    }

    package func intArray(_ column: String) throws(PostgresError) -> [Int64?] { try required(column, optionalIntArray(column)) }
    package func optionalIntArray(_ column: String) throws(PostgresError) -> [Int64?]? {
        try array(column, "an array of whole numbers") { Int64(String(decoding: $0, as: UTF8.self)) }
    }

    package func bytesArray(_ column: String) throws(PostgresError) -> [[UInt8]?] { try required(column, optionalBytesArray(column)) }
    package func optionalBytesArray(_ column: String) throws(PostgresError) -> [[UInt8]?]? {
        try array(column, "an array of bytea") { $0.withUnsafeBufferPointer(Self.bytes) }
    }

    package func boolArray(_ column: String) throws(PostgresError) -> [Bool?] { try required(column, optionalBoolArray(column)) }
    package func optionalBoolArray(_ column: String) throws(PostgresError) -> [Bool?]? {
        try array(column, "an array of truth values") { $0.withUnsafeBufferPointer(Self.bool) }
    }

    // MARK: Decoding

    private func required<T>(_ column: String, _ value: T?) throws(PostgresError) -> T {
        guard let value else { throw .column(column, "is null") }
        return value
    }

    private func decoded<T>(
        _ column: String, _ type: String, _ decode: (UnsafeBufferPointer<UInt8>) -> T?
    ) throws(PostgresError) -> T? {
        try cell(column) { text throws(PostgresError) in
            guard let value = decode(text) else { throw .column(column, "is not \(type)") }
            return value
        }
    }

    private func array<T>(_ column: String, _ type: String, _ decode: ([UInt8]) -> T?) throws(PostgresError) -> [T?]? {
        try cell(column) { text throws(PostgresError) in
            guard let elements = ArrayText.elements(text) else { throw .column(column, "is not \(type)") }
            var values: [T?] = []
            values.reserveCapacity(elements.count)
            for element in elements {
                guard let element else {
                    values.append(nil)
                    continue
                }
                guard let value = decode(element) else { throw .column(column, "is not \(type)") }
                values.append(value)
            }
            return values
        }
    }

    private func cell<T>(
        _ column: String, _ body: (UnsafeBufferPointer<UInt8>) throws(PostgresError) -> T
    ) throws(PostgresError) -> T? {
        guard let position = result.columns.firstIndex(of: column) else {
            throw .column(column, "is not in the result (it has \(result.columns.joined(separator: ", ")))")
        }
        return try result.withCell(row: index, column: position, body)
    }

    private static func bool(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
        guard text.count == 1 else { return nil }
        return text[0] == UInt8(ascii: "t") ? true : text[0] == UInt8(ascii: "f") ? false : nil
    }

    private static func bytes(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count >= 2, text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x") else { return nil }
        return Hex.bytes(UnsafeBufferPointer(rebasing: text[2...]))
    }
}
