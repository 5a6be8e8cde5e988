// SPDX-License-Identifier: Apache-2.0

extension TimeLayout {
    private struct Reader {
        var rest: ArraySlice<UInt8>
        var year: Int64 = 0
        var month = -1
        var day = -1
        var yearDay = -1
        var hour = 0
        var minute = 0
        var second = 0
        var nanoseconds: Int32 = 0
        var isAfternoon: Bool?
        var offset: Int32?
        var zone: String?

        func digit(_ index: Int) -> Int? {
            guard index < rest.count else { return nil }
            let byte = rest[rest.startIndex + index]
            return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte - UInt8(ascii: "0")) : nil
        }

        /// One digit or two; with `isFixed` exactly two.
        mutating func number(isFixed: Bool) -> Int? {
            guard let first = digit(0) else { return nil }
            guard let second = digit(1) else {
                if isFixed { return nil }
                rest = rest.dropFirst()
                return first
            }
            rest = rest.dropFirst(2)
            return first * 10 + second
        }

        mutating func digits(_ count: Int) -> Int? {
            var number = 0
            for index in 0..<count {
                guard let digit = digit(index) else { return nil }
                number = number * 10 + digit
            }
            rest = rest.dropFirst(count)
            return number
        }

        mutating func skipBlank() {
            if rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        }

        /// The index of the name that the text begins with, whatever its letters' size.
        mutating func name(_ names: [String], length: Int?) -> Int? {
            for (index, name) in names.enumerated() {
                let name = Array((length.map { String(name.prefix($0)) } ?? name).utf8)
                let start = rest.prefix(name.count)
                guard start.count == name.count, zip(start, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { continue }
                rest = rest.dropFirst(name.count)
                return index
            }
            return nil
        }
    }

    /// Go's `ParseInLocation` with UTC as the local zone.
    /// - Throws: the message of Go's library.
    static func parse(_ text: String, _ layout: String) throws(TemplateFailure) -> Moment {
        var reader = Reader(rest: Array(text.utf8)[...])
        let all = parts(layout)
        func failure(_ part: [UInt8], _ value: ArraySlice<UInt8>) -> TemplateFailure {
            TemplateFailure(
                "parsing time \(Quoting.quote(text)) as \(Quoting.quote(layout)): cannot parse "
                    + "\(Quoting.quote(String(decoding: value, as: UTF8.self))) as \(Quoting.quote(String(decoding: part, as: UTF8.self)))")
        }
        func outOfRange(_ what: String) -> TemplateFailure { TemplateFailure("parsing time \(Quoting.quote(text)): \(what) out of range") }
        for (index, (part, word)) in all.enumerated() {
            let held = reader.rest
            if case .literal(let literal) = part {
                guard skip(literal, in: &reader) else { throw failure(literal, reader.rest) }
                continue
            }
            let following = index + 1 < all.count ? all[index + 1].part : nil
            guard try read(part, &reader, following: following, outOfRange) else { throw failure(word, held) }
        }
        guard reader.rest.isEmpty else {
            throw TemplateFailure(
                "parsing time \(Quoting.quote(text)): extra text: \(Quoting.quote(String(decoding: reader.rest, as: UTF8.self)))")
        }
        return try moment(reader, outOfRange)
    }

    /// A literal's bytes; blanks in it stand for any number of blanks.
    private static func skip(_ literal: [UInt8], in reader: inout Reader) -> Bool {
        var prefix = literal[...]
        while let byte = prefix.first {
            if byte == UInt8(ascii: " ") {
                if let first = reader.rest.first, first != UInt8(ascii: " ") { return false }
                prefix = prefix.drop { $0 == UInt8(ascii: " ") }
                reader.rest = reader.rest.drop { $0 == UInt8(ascii: " ") }
                continue
            }
            guard reader.rest.first == byte else { return false }
            prefix = prefix.dropFirst()
            reader.rest = reader.rest.dropFirst()
        }
        return true
    }

    private static func read(
        _ part: Part, _ reader: inout Reader, following: Part?, _ outOfRange: (String) -> TemplateFailure
    ) throws(TemplateFailure) -> Bool {
        func check(_ number: Int?, _ range: ClosedRange<Int>, _ what: String) throws(TemplateFailure) -> Int? {
            guard let number else { return nil }
            if !range.contains(number) { throw outOfRange(what) }
            return number
        }
        switch part {
        case .literal: return true
        case .year:
            guard let year = reader.digits(2) else { return false }
            reader.year = Int64(year >= 69 ? 1_900 + year : 2_000 + year)
        case .longYear:
            guard let year = reader.digits(4) else { return false }
            reader.year = Int64(year)
        case .month, .longMonth:
            guard let month = reader.name(Moment.months, length: part == .month ? 3 : nil) else { return false }
            reader.month = month + 1
        case .numericMonth, .zeroMonth:
            guard let month = try check(reader.number(isFixed: part == .zeroMonth), 1...12, "month") else { return false }
            reader.month = month
        case .weekday, .longWeekday: return reader.name(Moment.weekdays, length: part == .weekday ? 3 : nil) != nil
        case .day, .underscoreDay, .zeroDay:
            if part == .underscoreDay { reader.skipBlank() }
            guard let day = reader.number(isFixed: part == .zeroDay) else { return false }
            reader.day = day
        case .underscoreYearDay, .zeroYearDay:
            if part == .underscoreYearDay {
                reader.skipBlank()
                reader.skipBlank()
            }
            guard let day = reader.digits(3) else { return false }
            reader.yearDay = day
        case .hour:
            guard let hour = try check(reader.number(isFixed: false), 0...23, "hour") else { return false }
            reader.hour = hour
        case .hour12, .zeroHour12:
            guard let hour = try check(reader.number(isFixed: part == .zeroHour12), 0...12, "hour") else { return false }
            reader.hour = hour
        case .minute, .zeroMinute:
            guard let minute = try check(reader.number(isFixed: part == .zeroMinute), 0...59, "minute") else { return false }
            reader.minute = minute
        case .second, .zeroSecond:
            guard let second = try check(reader.number(isFixed: part == .zeroSecond), 0...59, "second") else { return false }
            reader.second = second
            // A fraction is read even where the layout has none.
            if let mark = reader.rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ","), reader.digit(1) != nil {
                if case .fraction = following { break }
                _ = fraction(&reader, digits: nil)
            }
        case .largeHalf, .smallHalf:
            let word = String(decoding: reader.rest.prefix(2), as: UTF8.self)
            let (am, pm) = part == .largeHalf ? ("AM", "PM") : ("am", "pm")
            guard word == am || word == pm else { return false }
            reader.isAfternoon = word == pm
            reader.rest = reader.rest.dropFirst(2)
        case .offset(let isZ, let hasColons, let pairs): return try offset(&reader, isZ, hasColons, pairs, outOfRange)
        case .zone: return zone(&reader)
        case .fraction(_, let digits, let trims):
            if trims {
                if let mark = reader.rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ","), reader.digit(1) != nil {
                    return fraction(&reader, digits: nil)
                }
                return true
            }
            return fraction(&reader, digits: digits)
        }
        return true
    }

    private static func fraction(_ reader: inout Reader, digits: Int?) -> Bool {
        guard let mark = reader.rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ",") else { return false }
        var count = 0
        while reader.digit(count + 1) != nil, digits.map({ count < $0 }) ?? true { count += 1 }
        guard count > 0, digits.map({ $0 == count }) ?? true else { return false }
        var nanoseconds: Int32 = 0
        for index in 0..<9 { nanoseconds = nanoseconds * 10 + Int32(index < count ? reader.digit(index + 1) ?? 0 : 0) }
        reader.nanoseconds = nanoseconds
        reader.rest = reader.rest.dropFirst(count + 1)
        return true
    }

    private static func offset(
        _ reader: inout Reader, _ isZ: Bool, _ hasColons: Bool, _ pairs: Int, _ outOfRange: (String) -> TemplateFailure
    ) throws(TemplateFailure) -> Bool {
        if isZ, reader.rest.first == UInt8(ascii: "Z") {
            reader.rest = reader.rest.dropFirst()
            reader.offset = 0
            reader.zone = "UTC"
            return true
        }
        guard let sign = reader.rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return false }
        reader.rest = reader.rest.dropFirst()
        var numbers: [Int] = []
        for pair in 0..<pairs {
            if pair > 0, hasColons {
                guard reader.rest.first == UInt8(ascii: ":") else { return false }
                reader.rest = reader.rest.dropFirst()
            }
            guard let number = reader.digits(2) else { return false }
            numbers.append(number)
        }
        guard numbers[0] <= 24, numbers.dropFirst().allSatisfy({ $0 <= 60 }) else { throw outOfRange("time zone offset") }
        let total = zip(numbers, [3_600, 60, 1]).reduce(0) { $0 + $1.0 * $1.1 }
        reader.offset = Int32(sign == UInt8(ascii: "-") ? -total : total)
        return true
    }

    /// An abbreviation of three to five letters; only UTC says an offset, others count as UTC under their name.
    private static func zone(_ reader: inout Reader) -> Bool {
        let letters = reader.rest.prefix { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
        guard (3...5).contains(letters.count) else { return false }
        reader.zone = String(decoding: letters, as: UTF8.self)
        reader.rest = reader.rest.dropFirst(letters.count)
        if reader.zone == "GMT", let sign = reader.rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            let digits = reader.rest.dropFirst().prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            if let hours = Int32(String(decoding: digits, as: UTF8.self)), hours <= 23 {
                reader.zone = "GMT" + String(decoding: [sign] + digits, as: UTF8.self)
                reader.offset = (sign == UInt8(ascii: "-") ? -hours : hours) * 3_600
                reader.rest = reader.rest.dropFirst(1 + digits.count)
            }
        }
        return true
    }

    private static func moment(_ reader: Reader, _ outOfRange: (String) -> TemplateFailure) throws(TemplateFailure) -> Moment {
        var hour = reader.hour
        if let isAfternoon = reader.isAfternoon {
            if isAfternoon, hour < 12 { hour += 12 } else if !isAfternoon, hour == 12 { hour = 0 }
        }
        let isLeap = reader.year % 4 == 0 && (reader.year % 100 != 0 || reader.year % 400 == 0)
        var days: Int64
        if reader.yearDay >= 0 {
            guard reader.yearDay >= 1, reader.yearDay <= (isLeap ? 366 : 365) else { throw outOfRange("day-of-year") }
            days = Moment.days(reader.year, 1, 1) + Int64(reader.yearDay - 1)
        } else {
            let month = reader.month < 0 ? 1 : reader.month
            let day = reader.day < 0 ? 1 : reader.day
            let most = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            guard day >= 1, day <= most else { throw outOfRange("day") }
            days = Moment.days(reader.year, month, day)
        }
        days *= 86_400
        let local = days + Int64(hour * 3_600 + reader.minute * 60 + reader.second)
        let offset = reader.offset ?? 0
        let zone = reader.zone ?? (offset == 0 ? "UTC" : "")
        return Moment(seconds: local - Int64(offset), nanoseconds: reader.nanoseconds, offset: offset, zone: zone)
    }
}
