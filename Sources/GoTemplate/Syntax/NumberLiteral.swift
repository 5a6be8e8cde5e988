// SPDX-License-Identifier: Apache-2.0

/// A number as written in a template, under every type that can hold it, like Go's untyped constants.
struct NumberLiteral: Sendable {
    let text: String
    private(set) var int: Int64?
    private(set) var unsigned: UInt64?
    private(set) var float: Double?

    /// - Throws: the message of Go's parser.
    init(_ text: String, isCharacter: Bool) throws(NumberError) {
        self.text = text
        if isCharacter {
            guard let scalar = Quoting.character(text) else { throw NumberError(message: "malformed character constant: \(text)") }
            int = Int64(scalar.value)
            unsigned = UInt64(scalar.value)
            float = Double(scalar.value)
            return
        }
        if text.hasSuffix("i") { throw NumberError(message: "complex numbers are not supported: \(text)") }
        unsigned = Self.parseUnsigned(text)
        int = Self.parseInt(text)
        if int == 0 { unsigned = 0 }
        if let int {
            float = Double(int)
        } else if let unsigned {
            float = Double(unsigned)
        } else if let number = Self.parseFloat(text) {
            guard text.utf8.contains(where: { ".eEpP".utf8.contains($0) }) else {
                throw NumberError(message: "integer overflow: \(Quoting.quote(text))")
            }
            float = number
            int = Int64(exactly: number)
            unsigned = UInt64(exactly: number)
        }
        if int == nil, unsigned == nil, float == nil { throw NumberError(message: "illegal number syntax: \(Quoting.quote(text))") }
    }

    struct NumberError: Error {
        let message: String
    }

    /// The value where nothing says which type is wanted; `nil` where it overflows an int.
    var constant: Datum? {
        let isCharacter = text.hasPrefix("'")
        let isHex = text.utf8.count > 2 && text.lowercased().hasPrefix("0x") && !text.utf8.contains { $0 | 0x20 == UInt8(ascii: "p") }
        if let float, !isHex, !isCharacter, text.utf8.contains(where: { ".eEpP".utf8.contains($0) }) { return .float(float) }
        return int.map { .integer($0, .int) }
    }

    // MARK: strconv

    /// Go's `ParseInt` with base 0.
    static func parseInt(_ text: String) -> Int64? {
        var body = text[...]
        var negative = false
        if let sign = body.utf8.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            body = body.dropFirst()
        }
        guard let magnitude = parseUnsigned(body) else { return nil }
        if negative { return magnitude <= UInt64(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }

    /// Go's `ParseUint` with base 0: prefixes, a leading 0 for octal, underscores between digits.
    static func parseUnsigned(_ text: some StringProtocol) -> UInt64? {
        var digits = Array(text.utf8)[...]
        guard let first = digits.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        var radix = 10
        var hasPrefix = false
        if first == UInt8(ascii: "0"), digits.count > 1 {
            hasPrefix = true
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "o"): (radix, digits) = (8, digits.dropFirst(2))
            case UInt8(ascii: "b"): (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        if digits.contains(UInt8(ascii: "_")) {
            var isAfterDigit = hasPrefix
            for byte in digits {
                if byte == UInt8(ascii: "_") {
                    guard isAfterDigit else { return nil }
                    isAfterDigit = false
                } else {
                    isAfterDigit = true
                }
            }
            guard isAfterDigit else { return nil }
            digits = digits.filter { $0 != UInt8(ascii: "_") }[...]
        }
        guard let lead = digits.first, lead != UInt8(ascii: "+"), lead != UInt8(ascii: "-") else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self), radix: radix)
    }

    /// Go's `ParseFloat`; `nil` for anything malformed or out of range.
    static func parseFloat(_ text: String) -> Double? {
        var text = text
        if text.utf8.contains(UInt8(ascii: "_")) {
            // Between digits only.
            let bytes = Array(text.utf8)
            for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
                guard index > 0, index + 1 < bytes.count, isDigit(bytes[index - 1]), isDigit(bytes[index + 1]) else { return nil }
            }
            text = text.filter { $0 != "_" }
        }
        let lowered = text.lowercased()
        let word = lowered.drop { $0 == "+" || $0 == "-" }
        switch word {
        case "inf", "infinity": return lowered.hasPrefix("-") ? -.infinity : .infinity
        case "nan": return .nan
        default: break
        }
        guard text.utf8.allSatisfy({ Self.isFloatByte($0) }), let number = Double(text), number.isFinite else { return nil }
        return number
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isFloatByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "p"), UInt8(ascii: "P"):
            true
        default: false
        }
    }
}
