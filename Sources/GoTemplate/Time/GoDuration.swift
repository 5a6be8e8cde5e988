// SPDX-License-Identifier: Apache-2.0

/// Spans of time in nanoseconds as Go writes and reads them: `1h30m0s`, `-1.5h`.
enum GoDuration {
    static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let total = nanoseconds.magnitude
        if total < 1_000 { return "\(sign)\(total)ns" }
        if total < 1_000_000 { return sign + decimal(total, 3) + "µs" }
        if total < 1_000_000_000 { return sign + decimal(total, 6) + "ms" }
        let seconds = total / 1_000_000_000
        var text = decimal(total % 60_000_000_000, 9) + "s"
        if seconds >= 60 { text = "\(seconds / 60 % 60)m" + text }
        if seconds >= 3_600 { text = "\(seconds / 3_600)h" + text }
        return sign + text
    }

    private static func decimal(_ number: UInt64, _ places: Int) -> String {
        var scale: UInt64 = 1
        for _ in 0..<places { scale *= 10 }
        var fraction = String(number % scale)
        fraction = String(repeating: "0", count: places - fraction.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(number / scale)" + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// Go's `ParseDuration`; `nil` where the text is none.
    static func parse(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        if rest.elementsEqual("0".utf8) { return 0 }
        guard !rest.isEmpty else { return nil }
        var total: UInt64 = 0
        func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        while !rest.isEmpty {
            let whole = rest.prefix(while: isDigit)
            rest = rest.dropFirst(whole.count)
            var fraction: ArraySlice<UInt8> = []
            if rest.first == UInt8(ascii: ".") {
                rest = rest.dropFirst()
                fraction = rest.prefix(while: isDigit)
                rest = rest.dropFirst(fraction.count)
            }
            guard !whole.isEmpty || !fraction.isEmpty else { return nil }
            let letters = rest.prefix { $0 != UInt8(ascii: ".") && !isDigit($0) }
            rest = rest.dropFirst(letters.count)
            guard let unit = units[String(decoding: letters, as: UTF8.self)] else { return nil }
            guard let number = whole.isEmpty ? 0 : UInt64(String(decoding: whole, as: UTF8.self)) else { return nil }
            var (part, overflows) = number.multipliedReportingOverflow(by: unit)
            var scale = Double(unit)
            var extra = 0.0
            for digit in fraction.prefix(18) {
                scale /= 10
                extra += Double(digit - UInt8(ascii: "0")) * scale
            }
            part = part &+ UInt64(extra + 1e-6)
            let (sum, sumOverflows) = total.addingReportingOverflow(part)
            guard !overflows, !sumOverflows, sum <= 1 << 63 else { return nil }
            total = sum
        }
        if isNegative { return Int64(truncatingIfNeeded: 0 &- total) }
        return Int64(exactly: total)
    }

    private static let units: [String: UInt64] = [
        "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]

    static func rounded(_ value: Int64, to multiple: Int64) -> Int64 {
        guard multiple > 0 else { return value }
        let rest = value % multiple
        let down = value - rest
        if rest.magnitude < multiple.magnitude - rest.magnitude { return down }
        return value < 0 ? down.subtractingReportingOverflow(multiple).partialValue : down.addingReportingOverflow(multiple).partialValue
    }

    static func method(_ name: String, _ nanoseconds: Int64) -> TemplateMethod? {
        func plain(_ value: Datum) -> TemplateMethod { TemplateMethod { _ in value } }
        switch name {
        case "String": return plain(.string(text(nanoseconds)))
        case "Nanoseconds": return plain(.int64(nanoseconds))
        case "Microseconds": return plain(.int64(nanoseconds / 1_000))
        case "Milliseconds": return plain(.int64(nanoseconds / 1_000_000))
        case "Seconds": return plain(.float(in: nanoseconds, unit: 1_000_000_000))
        case "Minutes": return plain(.float(in: nanoseconds, unit: 60_000_000_000))
        case "Hours": return plain(.float(in: nanoseconds, unit: 3_600_000_000_000))
        default: return nil
        }
    }
}

extension Datum {
    /// A span as a number of units, computed as Go does: whole units and the rest apart.
    static func float(in nanoseconds: Int64, unit: Int64) -> Datum {
        .float(Double(nanoseconds / unit) + Double(nanoseconds % unit) / Double(unit))
    }
}
