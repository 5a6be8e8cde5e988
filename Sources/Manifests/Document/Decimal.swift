// SPDX-License-Identifier: Apache-2.0

/// A number kept as written, digit by digit: fractions, exponents and integers beyond 64 bits.
package struct Decimal: Sendable {
    /// The number in JSON's notation (RFC 8259 §6), as the source wrote it.
    package let text: String

    /// - Parameter text: a number in JSON's notation; callers have checked that.
    package init(json text: String) { self.text = text }

    /// Takes the shortest text that reads back as the same double; `nil` for infinities and NaN, which JSON cannot say.
    package init?(_ number: Double) {
        guard number.isFinite else { return nil }
        text = "\(number)"
    }

    package var double: Double { Double(text) ?? .nan }

    /// Sign, significant digits and the power of ten of the last digit: equal for equal numbers, however they are written.
    package var normalized: (negative: Bool, digits: String, exponent: Int) {
        var negative = false
        var digits: [UInt8] = []
        var exponent = 0
        var afterPoint = false
        let bytes = Array(text.utf8)
        var index = 0
        scan: while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "-"): negative = true
            case UInt8(ascii: "."): afterPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                let rest = bytes[(index + 1)...].drop { $0 == UInt8(ascii: "+") }
                let written = Int(String(decoding: rest, as: UTF8.self)) ?? 0
                // Clamped: an absurd exponent must compare, not trap.
                exponent += min(max(written, -1_000_000_000), 1_000_000_000)
                break scan
            case let digit:
                digits.append(digit)
                if afterPoint { exponent -= 1 }
            }
            index += 1
        }
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        var end = significant.endIndex
        while end > significant.startIndex, significant[end - 1] == UInt8(ascii: "0") {
            end -= 1
            exponent += 1
        }
        let kept = significant[significant.startIndex..<end]
        if kept.isEmpty { return (false, "0", 0) }
        return (negative, String(decoding: kept, as: UTF8.self), exponent)
    }
}

extension Decimal: Hashable {
    package static func == (left: Decimal, right: Decimal) -> Bool { left.text == right.text || left.normalized == right.normalized }

    package func hash(into hasher: inout Hasher) {
        let form = normalized
        hasher.combine(form.negative)
        hasher.combine(form.digits)
        hasher.combine(form.exponent)
    }
}
