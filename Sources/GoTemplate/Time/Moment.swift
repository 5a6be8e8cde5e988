// SPDX-License-Identifier: Apache-2.0

/// A point in time with the zone that it is shown in; Go's `time.Time`. Zones are UTC and fixed offsets.
package struct Moment: Sendable {
    /// Since 1970-01-01 00:00:00 UTC.
    let seconds: Int64
    let nanoseconds: Int32
    /// Seconds east of UTC.
    let offset: Int32
    /// `UTC`, an abbreviation, or empty.
    let zone: String

    init(seconds: Int64, nanoseconds: Int32 = 0, offset: Int32 = 0, zone: String = "UTC") {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.offset = offset
        self.zone = zone
    }

    /// The first of January of year 1, Go's zero.
    static let zero = Moment(seconds: -62_135_596_800)

    /// In the order of calendars.
    struct Civil {
        var year: Int64
        var month: Int
        var day: Int
        var hour: Int
        var minute: Int
        var second: Int
        /// 0 is Sunday.
        var weekday: Int
        /// Counted from 1.
        var yearDay: Int
    }

    var civil: Civil {
        let local = seconds &+ Int64(offset)
        let days = Self.floor(local, 86_400)
        let rest = Int(local - days * 86_400)
        let (year, month, day) = Self.date(days: days)
        let weekday = Int(((days + 4) % 7 + 7) % 7)
        return Civil(
            year: year, month: month, day: day, hour: rest / 3_600, minute: rest / 60 % 60, second: rest % 60, weekday: weekday,
            yearDay: Int(days - Self.days(year, 1, 1)) + 1)
    }

    private static func floor(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((-a + b - 1) / b) }

    /// The days from 1970-01-01 to a date of the Gregorian calendar.
    static func days(_ year: Int64, _ month: Int, _ day: Int) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = floor(year, 400)
        let ofEra = year - era * 400
        let shifted = Int64((month + 9) % 12)
        let ofYear = (153 * shifted + 2) / 5 + Int64(day) - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func date(days: Int64) -> (year: Int64, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floor(shifted, 146_097)
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * month + 2) / 5 + 1
        let isLate = month >= 10
        return (year + era * 400 + (isLate ? 1 : 0), Int(isLate ? month - 9 : month + 3), Int(day))
    }

    func adding(nanoseconds added: Int64) -> Moment {
        let whole = Self.floor(added, 1_000_000_000)
        var rest = Int64(nanoseconds) + added - whole * 1_000_000_000
        var seconds = seconds &+ whole
        if rest >= 1_000_000_000 {
            rest -= 1_000_000_000
            seconds += 1
        }
        return Moment(seconds: seconds, nanoseconds: Int32(rest), offset: offset, zone: zone)
    }

    var utc: Moment { Moment(seconds: seconds, nanoseconds: nanoseconds) }

    /// Nanoseconds from `other` to this, kept within the range.
    func since(_ other: Moment) -> Int64 {
        let (whole, overflows) = (seconds &- other.seconds).multipliedReportingOverflow(by: 1_000_000_000)
        if overflows { return seconds > other.seconds ? .max : .min }
        return whole &+ Int64(nanoseconds) &- Int64(other.nanoseconds)
    }

    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]
    static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    var rfc3339: String { TimeLayout.format(self, "2006-01-02T15:04:05.999999999Z07:00") }
}

extension Moment: Equatable, CustomStringConvertible {
    package static func == (left: Moment, right: Moment) -> Bool { left.seconds == right.seconds && left.nanoseconds == right.nanoseconds }

    package var description: String { TimeLayout.format(self, "2006-01-02 15:04:05.999999999 -0700 MST") }

    static func isBefore(_ left: Moment, _ right: Moment) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    func method(_ name: String) -> TemplateMethod? {
        let civil = civil
        func plain(_ value: Datum) -> TemplateMethod { TemplateMethod { _ in value } }
        switch name {
        case "Format": return TemplateMethod([.string]) { arguments in .string(TimeLayout.format(self, arguments[0].text)) }
        case "String": return plain(.string(description))
        case "Unix": return plain(.int64(seconds))
        case "UnixMilli": return plain(.int64(seconds &* 1_000 &+ Int64(nanoseconds / 1_000_000)))
        case "UnixMicro": return plain(.int64(seconds &* 1_000_000 &+ Int64(nanoseconds / 1_000)))
        case "UnixNano": return plain(.int64(seconds &* 1_000_000_000 &+ Int64(nanoseconds)))
        case "Year": return plain(.integer(civil.year, .int))
        case "Month": return plain(.string(Self.months[civil.month - 1]))
        case "Day": return plain(.int(civil.day))
        case "Hour": return plain(.int(civil.hour))
        case "Minute": return plain(.int(civil.minute))
        case "Second": return plain(.int(civil.second))
        case "Nanosecond": return plain(.int(Int(nanoseconds)))
        case "YearDay": return plain(.int(civil.yearDay))
        case "Weekday": return plain(.string(Self.weekdays[civil.weekday]))
        case "IsZero": return plain(.bool(self == .zero))
        case "UTC", "Local": return plain(.time(utc))
        case "AddDate":
            return TemplateMethod([.int, .int, .int]) { arguments in
                let month = Int64(civil.month - 1) + arguments[1].integer
                let year = civil.year + arguments[0].integer + Self.floor(month, 12)
                let days = Self.days(year, Int(month - Self.floor(month, 12) * 12) + 1, 1) + Int64(civil.day - 1) + arguments[2].integer
                let ofDay = seconds + Int64(offset) - Self.floor(seconds + Int64(offset), 86_400) * 86_400
                return .time(Moment(seconds: days * 86_400 + ofDay - Int64(offset), nanoseconds: nanoseconds, offset: offset, zone: zone))
            }
        case "After": return comparison { Self.isBefore($0, self) }
        case "Before": return comparison { Self.isBefore(self, $0) }
        case "Equal": return comparison { $0 == self }
        case "Sub":
            return TemplateMethod([.time]) { arguments in
                guard case .time(let other) = arguments[0] else { return .none }
                return .integer(since(other), .duration)
            }
        default: return nil
        }
    }

    private func comparison(_ body: @escaping (Moment) -> Bool) -> TemplateMethod {
        TemplateMethod([.time]) { arguments in
            guard case .time(let other) = arguments[0] else { return .bool(false) }
            return .bool(body(other))
        }
    }
}
