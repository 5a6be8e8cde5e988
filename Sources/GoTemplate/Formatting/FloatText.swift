// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Numbers as Go's `strconv.FormatFloat` writes them.
enum FloatText {
    /// The digits of the shortest text that reads back as the same number, and the place of the point before or behind them.
    static func shortest(_ number: Double) -> (negative: Bool, digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point = 0
        var sawPoint = false
        var exponent = 0
        var negative = false
        let text = Array(number.description.utf8)
        var index = 0
        while index < text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "-"): negative = true
            case UInt8(ascii: "."): sawPoint = true
            case UInt8(ascii: "e"):
                exponent = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
                index = text.count
            default:
                digits.append(byte)
                if !sawPoint { point += 1 }
            }
            index += 1
        }
        while digits.count > 1, digits[0] == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        if digits == [UInt8(ascii: "0")] { return (negative, digits, 1) }
        return (negative, digits, point + exponent)
    }

    private static func special(_ number: Double) -> String? {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        return nil
    }

    /// Format `g` with as many digits as needed; an exponent from `exponentFrom` places on.
    static func general(_ number: Double, exponentFrom: Int = 6) -> String {
        if let special = special(number) { return special }
        // Whole numbers, as most are.
        if number.magnitude < 1e6, number == number.rounded(.towardZero), !(number == 0 && number.sign == .minus), exponentFrom >= 6 {
            return String(Int64(number))
        }
        let (negative, digits, point) = shortest(number)
        let sign = negative ? "-" : ""
        let power = point - 1
        if number != 0, power < -4 || power >= exponentFrom { return sign + exponential(digits, power, "e") }
        return sign + plain(digits, point)
    }

    private static func exponential(_ digits: [UInt8], _ power: Int, _ letter: String) -> String {
        let rest = digits.count > 1 ? "." + String(decoding: digits[1...], as: UTF8.self) : ""
        let magnitude = String(abs(power))
        return
            "\(String(decoding: digits[..<1], as: UTF8.self))\(rest)\(letter)\(power < 0 ? "-" : "+")\(magnitude.count < 2 ? "0" : "")\(magnitude)"
    }

    private static func plain(_ digits: [UInt8], _ point: Int) -> String {
        let text = String(decoding: digits, as: UTF8.self)
        if point <= 0 { return digits == [UInt8(ascii: "0")] ? "0" : "0." + String(repeating: "0", count: -point) + text }
        if point >= digits.count { return text + String(repeating: "0", count: point - digits.count) }
        return String(decoding: digits[..<point], as: UTF8.self) + "." + String(decoding: digits[point...], as: UTF8.self)
    }

    /// Formats `e`, `E`, `f`, `g` and `G`; a negative precision means as many digits as needed.
    static func format(_ number: Double, verb: Character, precision: Int) -> String {
        if let special = special(number) { return special }
        let lower = Character(verb.lowercased())
        if precision < 0 {
            let (negative, digits, point) = shortest(number)
            let sign = negative ? "-" : ""
            switch lower {
            case "e": return sign + exponential(digits, number == 0 ? 0 : point - 1, String(verb))
            case "f": return sign + plain(digits, point)
            default:
                let text = general(number)
                return verb == "G" ? text.uppercased() : text
            }
        }
        let precision = min(precision, 1_000)
        switch lower {
        case "e": return printed("%.\(precision)e", number, verb)
        case "f": return printed("%.\(precision)f", number, verb)
        default: return printed("%.\(max(precision, 1))g", number, verb)
        }
    }

    private static func printed(_ format: String, _ number: Double, _ verb: Character) -> String {
        var buffer = [CChar](repeating: 0, count: 1_500)
        let count = withVaList([number]) { vsnprintf(&buffer, buffer.count, format, $0) }
        let text = String(decoding: buffer.prefix(max(0, min(Int(count), buffer.count - 1))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return verb.isUppercase ? text.uppercased() : text
    }
}
