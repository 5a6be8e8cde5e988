// SPDX-License-Identifier: Apache-2.0

/// Durations as declarations write them: whole numbers with units, largest first, such as `1h30m`, `10s`, `500ms`, `0s`.
package enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]

    /// `nil` for any other notation, and beyond ten years.
    package static func parse(_ text: String) -> Duration? {
        var rest = text[...]
        var total: Int64 = 0
        var next = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, digits.utf8.count <= 12, let number = Int64(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let suffix = rest.prefix { $0.isLetter }
            guard let unit = units[next...].firstIndex(where: { $0.suffix == suffix }) else { return nil }
            rest = rest.dropFirst(suffix.count)
            total += number * units[unit].milliseconds
            guard total <= 10 * 366 * 24 * units[0].milliseconds else { return nil }
            next = unit + 1
        }
        return .milliseconds(total)
    }

    /// The shortest text that `parse` reads as the same duration; fractions of a millisecond are dropped.
    package static func write(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        var rest = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        guard rest > 0 else { return "0s" }
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.suffix)"
            rest %= unit.milliseconds
        }
        return text
    }
}
