// SPDX-License-Identifier: Apache-2.0

/// PostgreSQL's ISO text of moments, in UTC: `2026-05-04 10:11:12.345+00`.
enum TimestampText {
    static func append(_ milliseconds: Int64, to output: inout [UInt8]) {
        let (days, inDay) = floorDivide(milliseconds, 86_400_000)
        let date = civil(days)
        func append(_ number: Int64, width: Int) {
            let digits = String(number)
            for _ in 0..<max(0, width - digits.utf8.count) { output.append(UInt8(ascii: "0")) }
            output.append(contentsOf: digits.utf8)
        }
        // Year 0 is 1 BC; PostgreSQL writes the era behind.
        append(date.year > 0 ? date.year : 1 - date.year, width: 4)
        output.append(UInt8(ascii: "-"))
        append(date.month, width: 2)
        output.append(UInt8(ascii: "-"))
        append(date.day, width: 2)
        output.append(UInt8(ascii: " "))
        append(inDay / 3_600_000, width: 2)
        output.append(UInt8(ascii: ":"))
        append(inDay / 60_000 % 60, width: 2)
        output.append(UInt8(ascii: ":"))
        append(inDay / 1000 % 60, width: 2)
        output.append(UInt8(ascii: "."))
        append(inDay % 1000, width: 3)
        output.append(contentsOf: "+00".utf8)
        if date.year <= 0 { output.append(contentsOf: " BC".utf8) }
    }

    /// Milliseconds since 1970; finer parts are cut off. `nil` for infinity and for what is no timestamp (or date).
    static func milliseconds(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var reader = Reader(text: text)
        guard var year = reader.number(), reader.take("-"), let month = reader.number(), reader.take("-"), let day = reader.number(),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var inDay: Int64 = 0
        if reader.take(" "), let hour = reader.number(), reader.take(":"), let minute = reader.number() {
            inDay = (hour * 60 + minute) * 60_000
            if reader.take(":"), let second = reader.number() { inDay += second * 1000 }
            if reader.take(".") { inDay += reader.fraction() }
            if let sign = reader.sign(), let hours = reader.number() {
                var offset = hours * 3_600_000
                if reader.take(":"), let minutes = reader.number() { offset += minutes * 60_000 }
                if reader.take(":"), let seconds = reader.number() { offset += seconds * 1000 }
                inDay -= sign * offset
            }
        }
        if reader.take(" ") {
            guard reader.take("B"), reader.take("C") else { return nil }
            year = 1 - year
        }
        return reader.isAtEnd ? days(year: year, month: month, day: day) * 86_400_000 + inDay : nil
    }

    private struct Reader {
        let text: UnsafeBufferPointer<UInt8>
        var position = 0

        var isAtEnd: Bool { position == text.count }
        private var next: UInt8? { position < text.count ? text[position] : nil }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard next == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func sign() -> Int64? { take("+") ? 1 : take("-") ? -1 : nil }

        mutating func number() -> Int64? {
            var value: Int64?
            while let digit = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit), value ?? 0 < 1_000_000_000 {
                value = (value ?? 0) * 10 + Int64(digit - UInt8(ascii: "0"))
                position += 1
            }
            return value
        }

        /// Milliseconds from up to six digits behind the point.
        mutating func fraction() -> Int64 {
            var value: Int64 = 0
            var unit: Int64 = 100
            while let digit = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
                value += Int64(digit - UInt8(ascii: "0")) * unit
                unit /= 10
                position += 1
            }
            return value
        }
    }

    // Days and civil dates: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shifted, 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
