// SPDX-License-Identifier: Apache-2.0

/// What an unquoted scalar means: the rules of go-yaml v2, which sigs.k8s.io/yaml and with it `kubectl` and `helm` apply.
enum PlainScalar {
    enum Resolved {
        case value(Value)
        /// `.inf` or `.nan`: a number that JSON cannot say.
        case unspeakable
    }

    /// `nil` for a string.
    static func resolve(_ bytes: UnsafeBufferPointer<UInt8>, rules: YAML.ScalarRules) -> Resolved? {
        guard let first = bytes.first else { return .value(.null) }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number(bytes).map { .value($0) }
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            return isUnspeakable(bytes) ? .unspeakable : number(bytes).map { .value($0) }
        case UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "o"), UInt8(ascii: "O"), UInt8(ascii: "~"):
            return bytes.count <= 5 ? word(bytes, rules: rules).map { .value($0) } : nil
        default: return nil
        }
    }

    private static func word(_ bytes: UnsafeBufferPointer<UInt8>, rules: YAML.ScalarRules) -> Value? {
        switch String(decoding: bytes, as: UTF8.self) {
        case "~", "null", "Null", "NULL": .null
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": rules == .kubernetes ? true : nil
        case "n", "N", "no", "No", "NO", "off", "Off", "OFF": rules == .kubernetes ? false : nil
        default: nil
        }
    }

    private static func isUnspeakable(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard (4...5).contains(bytes.count) else { return false }
        switch String(decoding: bytes, as: UTF8.self) {
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN": return true
        default: return false
        }
    }

    // MARK: Numbers

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Value? {
        if let small = smallInteger(bytes) { return .int(small) }
        // Most of what begins with a digit is a version, a date, a quantity: one look tells.
        guard
            bytes.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
                    UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "x"), UInt8(ascii: "X"),
                    UInt8(ascii: "o"), UInt8(ascii: "O"):
                    true
                default: false
                }
            })
        else { return nil }
        // A leading point makes a fraction that knows no underscores; everywhere else they are skipped.
        let plain = bytes[0] == UInt8(ascii: ".") ? Array(bytes) : bytes.filter { $0 != UInt8(ascii: "_") }
        return integer(plain) ?? fraction(plain)
    }

    /// Up to 18 decimal digits without a leading zero: nearly every number there is.
    private static func smallInteger(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        let negative = bytes[0] == UInt8(ascii: "-")
        let digits = negative ? UnsafeBufferPointer(rebasing: bytes[1...]) : bytes
        guard (1...18).contains(digits.count), digits[0] != UInt8(ascii: "0") || digits.count == 1 else { return nil }
        var number: Int64 = 0
        for byte in digits {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number * 10 + Int64(digit)
        }
        return negative ? -number : number
    }

    /// Go's `strconv.ParseInt` and `ParseUint` with base 0: prefixes `0x`, `0o`, `0b`, and a leading `0` for octal.
    private static func integer(_ plain: [UInt8]) -> Value? {
        var digits = plain[...]
        var negative = false
        let isSigned = digits.first == UInt8(ascii: "+") || digits.first == UInt8(ascii: "-")
        if isSigned { negative = digits.removeFirst() == UInt8(ascii: "-") }
        var radix = 10
        if digits.first == UInt8(ascii: "0"), digits.count > 1 {
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "o"): (radix, digits) = (8, digits.dropFirst(2))
            case UInt8(ascii: "b"): (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        // `UInt64.init` would take a second sign.
        guard let lead = digits.first, hexDigit(lead) != nil else { return nil }
        guard let magnitude = UInt64(String(decoding: digits, as: UTF8.self), radix: radix) else { return nil }
        if negative {
            return magnitude <= UInt64(Int64.max) + 1 ? .int(Int64(truncatingIfNeeded: 0 &- magnitude)) : nil
        }
        if magnitude <= UInt64(Int64.max) { return .int(Int64(magnitude)) }
        return isSigned ? nil : .decimal(Decimal(json: String(magnitude)))
    }

    /// `[-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE][-+]?[0-9]+)?`, kept digit by digit; a whole number of 64 bits is an integer.
    private static func fraction(_ plain: [UInt8]) -> Value? {
        var index = 0
        func digits() -> Range<Int> {
            let start = index
            while index < plain.count, plain[index] >= UInt8(ascii: "0"), plain[index] <= UInt8(ascii: "9") { index += 1 }
            return start..<index
        }
        func take(_ either: UInt8, _ or: UInt8) -> UInt8? {
            guard index < plain.count, plain[index] == either || plain[index] == or else { return nil }
            index += 1
            return plain[index - 1]
        }
        let sign = take(UInt8(ascii: "-"), UInt8(ascii: "+"))
        let whole = digits()
        var part = 0..<0
        if take(UInt8(ascii: "."), UInt8(ascii: ".")) != nil { part = digits() }
        guard !whole.isEmpty || !part.isEmpty else { return nil }
        var exponent = ""
        if take(UInt8(ascii: "e"), UInt8(ascii: "E")) != nil {
            exponent = take(UInt8(ascii: "-"), UInt8(ascii: "+")) == UInt8(ascii: "-") ? "e-" : "e"
            let power = digits()
            guard !power.isEmpty else { return nil }
            exponent += String(decoding: plain[power], as: UTF8.self)
        }
        guard index == plain.count else { return nil }
        var text = sign == UInt8(ascii: "-") ? "-" : ""
        let significant = plain[whole].drop { $0 == UInt8(ascii: "0") }
        text += significant.isEmpty ? "0" : String(decoding: significant, as: UTF8.self)
        if !part.isEmpty { text += "." + String(decoding: plain[part], as: UTF8.self) }
        text += exponent
        // Go refuses what overflows a double, and reads on: it is a string then.
        guard let double = Double(text), double.isFinite else { return nil }
        let decimal = Decimal(json: text)
        return decimal.wholeNumber.map { .int($0) } ?? .decimal(decimal)
    }

    // MARK: Strings that other readers would take for something else

    /// Whether go-yaml would read the text, unquoted, as anything but this string; the writer quotes it then.
    static func needsQuotes(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !text.isEmpty else { return true }
        return resolve(text, rules: .kubernetes) != nil || GoTime.isTimestamp(text) || isSexagesimal(text)
    }

    /// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`: a number of YAML 1.1 that go-yaml does not read but protects others from.
    private static func isSexagesimal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        func isDigit(_ index: Int) -> Bool { index < text.count && text[index] >= UInt8(ascii: "0") && text[index] <= UInt8(ascii: "9") }
        var index = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") ? 1 : 0
        guard isDigit(index) else { return false }
        while isDigit(index) || (index < text.count && text[index] == UInt8(ascii: "_")) { index += 1 }
        var groups = 0
        while index < text.count, text[index] == UInt8(ascii: ":"), isDigit(index + 1) {
            if text[index + 1] <= UInt8(ascii: "5"), isDigit(index + 2) { index += 3 } else { index += 2 }
            groups += 1
        }
        guard groups > 0 else { return false }
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            while isDigit(index) || (index < text.count && text[index] == UInt8(ascii: "_")) { index += 1 }
        }
        return index == text.count
    }
}

extension Decimal {
    /// The number as a 64-bit integer; `nil` where it has a fraction or does not fit.
    package var wholeNumber: Int64? {
        let form = normalized
        guard form.exponent >= 0, form.digits.utf8.count + form.exponent <= 19 else { return nil }
        return Int64((form.negative ? "-" : "") + form.digits + String(repeating: "0", count: form.exponent))
    }
}

/// The dates and times that go-yaml recognises in plain scalars.
private enum GoTime {
    /// `2006-1-2`, alone or followed by a time (`T`, `t` or one blank), with a zone after `T` or `t` only.
    static func isTimestamp(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        func number(_ widths: ClosedRange<Int>, _ range: ClosedRange<Int>) -> Int? {
            var value = 0
            var width = 0
            while width < widths.upperBound, index < text.count, text[index] >= UInt8(ascii: "0"), text[index] <= UInt8(ascii: "9") {
                value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
                width += 1
                index += 1
            }
            return widths.contains(width) && range.contains(value) ? value : nil
        }
        func take(_ byte: UInt8) -> Bool {
            guard index < text.count, text[index] == byte else { return false }
            index += 1
            return true
        }
        guard let year = number(4...4, 0...9_999), take(UInt8(ascii: "-")), let month = number(1...2, 1...12), take(UInt8(ascii: "-")),
            let day = number(1...2, 1...31), day <= days(month, year)
        else { return false }
        if index == text.count { return true }
        let isZoned = take(UInt8(ascii: "T")) || take(UInt8(ascii: "t"))
        guard isZoned || take(UInt8(ascii: " ")) else { return false }
        guard number(1...2, 0...23) != nil, take(UInt8(ascii: ":")), number(1...2, 0...59) != nil, take(UInt8(ascii: ":")),
            number(1...2, 0...59) != nil
        else { return false }
        if take(UInt8(ascii: ".")), number(1...1_000, 0...Int.max) == nil { return false }
        guard isZoned else { return index == text.count }
        if take(UInt8(ascii: "Z")) { return index == text.count }
        guard take(UInt8(ascii: "+")) || take(UInt8(ascii: "-")) else { return false }
        return number(2...2, 0...24) != nil && take(UInt8(ascii: ":")) && number(2...2, 0...60) != nil && index == text.count
    }

    private static func days(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
