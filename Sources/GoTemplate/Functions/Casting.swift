// SPDX-License-Identifier: Apache-2.0

/// How Sprig makes numbers of anything; what is none is 0.
enum Casting {
    static func int64(_ value: Datum) -> Int64 {
        switch value {
        case .integer(_, .duration): 0
        case .integer(let number, _): number
        case .float(let number): truncated(number)
        case .bool(let flag): flag ? 1 : 0
        case .string(let text): NumberLiteral.parseInt(withoutZeroFraction(text)) ?? 0
        case .none, .null, .raw, .bytes, .list, .map, .time, .object: 0
        }
    }

    static func double(_ value: Datum) -> Double {
        switch value {
        case .integer(_, .duration): 0
        case .integer(let number, .uint64): Double(UInt64(bitPattern: number))
        case .integer(let number, _): Double(number)
        case .float(let number): number
        case .bool(let flag): flag ? 1 : 0
        case .string(let text): NumberLiteral.parseFloat(text) ?? 0
        case .none, .null, .raw, .bytes, .list, .map, .time, .object: 0
        }
    }

    /// What a processor's conversion gives: everything out of range is the least integer.
    static func truncated(_ number: Double) -> Int64 { Int64(exactly: number.rounded(.towardZero)) ?? .min }

    /// `1.00` is 1; a fraction other than zeros stays and makes the text no integer.
    private static func withoutZeroFraction(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var index = bytes.count
        while index > 0, bytes[index - 1] == UInt8(ascii: "0") { index -= 1 }
        guard index < bytes.count, index > 0, bytes[index - 1] == UInt8(ascii: ".") else { return text }
        return String(decoding: bytes[..<(index - 1)], as: UTF8.self)
    }
}
