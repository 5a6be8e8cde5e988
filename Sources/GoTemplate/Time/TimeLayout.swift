// SPDX-License-Identifier: Apache-2.0

/// Go's layouts for dates and times, in which the parts of `Mon Jan 2 15:04:05 MST 2006` stand for themselves.
enum TimeLayout {
    enum Part: Equatable {
        case literal([UInt8])
        case longMonth, month, numericMonth, zeroMonth, longWeekday, weekday, day, underscoreDay, zeroDay, underscoreYearDay, zeroYearDay
        case hour, hour12, zeroHour12, minute, zeroMinute, second, zeroSecond, longYear, year, largeHalf, smallHalf, zone
        /// `Z07:00` and the like: whether UTC is `Z`, whether with colons, and how many pairs of digits.
        case offset(isZ: Bool, hasColons: Bool, pairs: Int)
        /// Digits after the mark; with `trims`, without zeros at the end.
        case fraction(mark: UInt8, digits: Int, trims: Bool)
    }

    /// The words of layouts, longest first where one begins another.
    private static let words: [(word: String, part: Part)] = [
        ("January", .longMonth), ("Monday", .longWeekday), ("MST", .zone), ("2006", .longYear), ("002", .zeroYearDay),
        ("__2", .underscoreYearDay), ("01", .zeroMonth), ("02", .zeroDay), ("03", .zeroHour12), ("04", .zeroMinute), ("05", .zeroSecond),
        ("06", .year), ("15", .hour), ("PM", .largeHalf), ("pm", .smallHalf),
        ("-07:00:00", .offset(isZ: false, hasColons: true, pairs: 3)), ("-070000", .offset(isZ: false, hasColons: false, pairs: 3)),
        ("-07:00", .offset(isZ: false, hasColons: true, pairs: 2)), ("-0700", .offset(isZ: false, hasColons: false, pairs: 2)),
        ("-07", .offset(isZ: false, hasColons: false, pairs: 1)),
        ("Z07:00:00", .offset(isZ: true, hasColons: true, pairs: 3)), ("Z070000", .offset(isZ: true, hasColons: false, pairs: 3)),
        ("Z07:00", .offset(isZ: true, hasColons: true, pairs: 2)), ("Z0700", .offset(isZ: true, hasColons: false, pairs: 2)),
        ("Z07", .offset(isZ: true, hasColons: false, pairs: 1)),
        ("1", .numericMonth), ("2", .day), ("3", .hour12), ("4", .minute), ("5", .second),
    ]

    static func parts(_ layout: String) -> [(part: Part, text: [UInt8])] {
        let bytes = Array(layout.utf8)
        var parts: [(part: Part, text: [UInt8])] = []
        var literal: [UInt8] = []
        var index = 0
        func has(_ word: String, _ index: Int) -> Bool { bytes[index...].starts(with: word.utf8) }
        func isLower(_ index: Int) -> Bool { index < bytes.count && bytes[index] >= UInt8(ascii: "a") && bytes[index] <= UInt8(ascii: "z") }
        func isDigit(_ index: Int) -> Bool { index < bytes.count && bytes[index] >= UInt8(ascii: "0") && bytes[index] <= UInt8(ascii: "9") }
        while index < bytes.count {
            var found: (part: Part, count: Int)?
            if let match = words.first(where: { has($0.word, index) }) {
                found = (match.part, match.word.utf8.count)
            } else if has("Jan", index), !isLower(index + 3) {
                found = (.month, 3)
            } else if has("Mon", index), !isLower(index + 3) {
                found = (.weekday, 3)
            } else if has("_2", index), !has("_2006", index) {
                found = (.underscoreDay, 2)
            } else if bytes[index] == UInt8(ascii: ".") || bytes[index] == UInt8(ascii: ","), index + 1 < bytes.count,
                bytes[index + 1] == UInt8(ascii: "0") || bytes[index + 1] == UInt8(ascii: "9")
            {
                var end = index + 1
                while end < bytes.count, bytes[end] == bytes[index + 1] { end += 1 }
                if !isDigit(end) {
                    found = (
                        .fraction(mark: bytes[index], digits: end - index - 1, trims: bytes[index + 1] == UInt8(ascii: "9")), end - index
                    )
                }
            }
            guard let found else {
                literal.append(bytes[index])
                index += 1
                continue
            }
            if !literal.isEmpty { parts.append((.literal(literal), literal)) }
            literal = []
            parts.append((found.part, Array(bytes[index..<(index + found.count)])))
            index += found.count
        }
        if !literal.isEmpty { parts.append((.literal(literal), literal)) }
        return parts
    }

    // MARK: Writing

    static func format(_ moment: Moment, _ layout: String) -> String {
        let civil = moment.civil
        var text: [UInt8] = []
        func put(_ string: some StringProtocol) { text.append(contentsOf: string.utf8) }
        func padded(_ number: Int, _ width: Int, with pad: Character = "0") {
            let digits = String(abs(number))
            if number < 0 { put("-") }
            put(String(repeating: pad, count: max(0, width - digits.count)) + digits)
        }
        let hour12 = civil.hour % 12 == 0 ? 12 : civil.hour % 12
        for (part, _) in parts(layout) {
            switch part {
            case .literal(let bytes): text.append(contentsOf: bytes)
            case .longMonth: put(Moment.months[civil.month - 1])
            case .month: put(Moment.months[civil.month - 1].prefix(3))
            case .numericMonth: padded(civil.month, 1)
            case .zeroMonth: padded(civil.month, 2)
            case .longWeekday: put(Moment.weekdays[civil.weekday])
            case .weekday: put(Moment.weekdays[civil.weekday].prefix(3))
            case .day: padded(civil.day, 1)
            case .underscoreDay: padded(civil.day, 2, with: " ")
            case .zeroDay: padded(civil.day, 2)
            case .underscoreYearDay: padded(civil.yearDay, 3, with: " ")
            case .zeroYearDay: padded(civil.yearDay, 3)
            case .hour: padded(civil.hour, 2)
            case .hour12: padded(hour12, 1)
            case .zeroHour12: padded(hour12, 2)
            case .minute: padded(civil.minute, 1)
            case .zeroMinute: padded(civil.minute, 2)
            case .second: padded(civil.second, 1)
            case .zeroSecond: padded(civil.second, 2)
            case .longYear: padded(Int(civil.year), 4)
            case .year: padded(Int(abs(civil.year) % 100), 2)
            case .largeHalf: put(civil.hour >= 12 ? "PM" : "AM")
            case .smallHalf: put(civil.hour >= 12 ? "pm" : "am")
            case .zone:
                if !moment.zone.isEmpty {
                    put(moment.zone)
                } else {
                    put(offset(Int(moment.offset), hasColons: false, pairs: moment.offset % 3_600 == 0 ? 1 : 2))
                }
            case .offset(let isZ, let hasColons, let pairs):
                put(isZ && moment.offset == 0 ? "Z" : offset(Int(moment.offset), hasColons: hasColons, pairs: pairs))
            case .fraction(let mark, let digits, let trims):
                let all = String(moment.nanoseconds)
                var shown = (String(repeating: "0", count: 9 - all.count) + all + String(repeating: "0", count: max(0, digits - 9))).prefix(
                    digits)
                if trims { while shown.last == "0" { shown.removeLast() } }
                if !shown.isEmpty { put(String(Character(Unicode.Scalar(mark))) + shown) }
            }
        }
        return UTF8Bytes.repaired(text)
    }

    private static func offset(_ seconds: Int, hasColons: Bool, pairs: Int) -> String {
        let total = abs(seconds)
        let numbers = [total / 3_600, total / 60 % 60, total % 60].prefix(pairs)
        return (seconds < 0 ? "-" : "+")
            + numbers.map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: hasColons ? ":" : "")
    }
}
