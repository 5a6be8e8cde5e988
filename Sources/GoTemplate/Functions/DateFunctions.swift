// SPDX-License-Identifier: Apache-2.0

/// Functions on times and spans. The local zone is UTC; other zones are known by their offset only, never by name.
enum DateFunctions {
    static let functions: [Function] =
        [
            Function("now", [], .none { machine throws(TemplateFailure) in .time(try now(machine, "now")) }, trait: .notRepeatable),
            Function(
                "date", [.string, .any],
                .two { machine, layout, date throws(TemplateFailure) in
                    try format(machine, "date", layout, date, "Local")
                }),
            Function(
                "htmlDate", [.any],
                .one { machine, date throws(TemplateFailure) in
                    try format(machine, "htmlDate", .string("2006-01-02"), date, "Local")
                }),
            Function(
                "htmlDateInZone", [.any, .string],
                .two { machine, date, zone throws(TemplateFailure) in
                    try format(machine, "htmlDateInZone", .string("2006-01-02"), date, zone.text)
                }),
            Function(
                "toDate", [.string, .string],
                .two { _, layout, text in
                    do throws(TemplateFailure) { return .time(try TimeLayout.parse(text.text, layout.text)) } catch { return .time(.zero) }
                }),
            Function(
                "mustToDate", [.string, .string],
                .two { _, layout, text throws(TemplateFailure) in
                    .time(try TimeLayout.parse(text.text, layout.text))
                }),
            Function("unixEpoch", [.time], .one { _, date in .string(moment(date).map { String($0.seconds) } ?? "") }),
            Function("ago", [.any], .one(ago), trait: .notRepeatable),
            Function("duration", [.any], .one(duration)),
            Function("durationRound", [.any], .one(durationRound)),
            Function("mustToDuration", [.any], .one { _, value throws(TemplateFailure) in .integer(try span(value), .duration) }),
            Function("durationSeconds", [.any], .one { _, value in inUnits(value, 1_000_000_000) }),
            Function("durationMinutes", [.any], .one { _, value in inUnits(value, 60_000_000_000) }),
            Function("durationHours", [.any], .one { _, value in inUnits(value, 3_600_000_000_000) }),
            Function("durationDays", [.any], .one { _, value in scaled(inUnits(value, 3_600_000_000_000), 24) }),
            Function("durationWeeks", [.any], .one { _, value in scaled(scaled(inUnits(value, 3_600_000_000_000), 24), 7) }),
            Function("durationMilliseconds", [.any], .one { _, value in .int64(quietly(value) / 1_000_000) }),
            Function("durationMicroseconds", [.any], .one { _, value in .int64(quietly(value) / 1_000) }),
            Function("durationNanoseconds", [.any], .one { _, value in .int64(quietly(value)) }),
            Function("durationRoundTo", [.any, .any], .two { _, value, multiple in adjust(value, multiple, GoDuration.rounded) }),
            Function(
                "durationTruncateTo", [.any, .any],
                .two { _, value, multiple in
                    adjust(value, multiple) { $1 > 0 ? $0 - $0 % $1 : $0 }
                }),
        ]
        + ["dateInZone", "date_in_zone"].map { name in
            Function(
                name, [.string, .any, .string],
                .three { machine, layout, date, zone throws(TemplateFailure) in
                    try format(machine, name, layout, date, zone.text)
                })
        }
        + ["dateModify", "date_modify"].map { name in
            Function(
                name, [.string, .time],
                .two { _, span, date in
                    guard let nanoseconds = GoDuration.parse(span.text), let moment = moment(date) else { return date }
                    return .time(moment.adding(nanoseconds: nanoseconds))
                })
        }
        + ["mustDateModify", "must_date_modify"].map { name in
            Function(
                name, [.string, .time],
                .two { _, span, date throws(TemplateFailure) in
                    guard let nanoseconds = GoDuration.parse(span.text) else {
                        throw TemplateFailure("time: invalid duration \(Quoting.quote(span.text))")
                    }
                    return moment(date).map { .time($0.adding(nanoseconds: nanoseconds)) } ?? date
                })
        }

    private static func now(_ machine: Machine, _ function: String) throws(TemplateFailure) -> Moment {
        let (seconds, nanoseconds) = try machine.useEntropy(function).now()
        return Moment(seconds: seconds, nanoseconds: nanoseconds)
    }

    private static func moment(_ value: Datum) -> Moment? { if case .time(let moment) = value { moment } else { nil } }

    /// A time, or seconds since 1970; anything else stands for now.
    private static func moment(_ machine: Machine, _ function: String, _ value: Datum) throws(TemplateFailure) -> Moment {
        switch value {
        case .time(let moment): moment
        case .integer(let seconds, .int), .integer(let seconds, .int64), .integer(let seconds, .int32): Moment(seconds: seconds)
        default: try now(machine, function)
        }
    }

    private static func format(
        _ machine: Machine, _ function: String, _ layout: Datum, _ date: Datum, _ zone: String
    ) throws(TemplateFailure) -> Datum {
        let moment = try moment(machine, function, date)
        guard !isNamedZone(zone) else {
            throw TemplateFailure("time zone \(Quoting.quote(zone)) is not known here: only UTC is, so that every render gives the same")
        }
        // Names that are no zone mean UTC, as in Sprig.
        return .string(TimeLayout.format(moment.utc, layout.text))
    }

    private static func isNamedZone(_ zone: String) -> Bool {
        let regions = [
            "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Brazil", "Canada", "Chile", "Europe", "Indian",
            "Mexico", "Pacific", "US",
        ]
        if let slash = zone.firstIndex(of: "/") {
            return regions.contains(String(zone[..<slash])) || (zone.hasPrefix("Etc/GMT") && zone.utf8.count > 7 && !zone.hasSuffix("0"))
        }
        return [
            "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "GB", "HST", "Hongkong", "Iceland", "Iran", "Israel",
            "Jamaica", "Japan", "Kwajalein", "Libya", "MET", "MST", "MST7MDT", "NZ", "Navajo", "PRC", "PST8PDT", "Poland", "Portugal",
            "ROC", "ROK", "Singapore", "Turkey", "WET",
        ].contains(zone)
    }

    private static func ago(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        let now = try now(machine, "ago")
        let moment = try moment(machine, "ago", value)
        return .string(GoDuration.text(GoDuration.rounded(now.since(moment), to: 1_000_000_000)))
    }

    private static func duration(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        let seconds: Int64 =
            switch value {
            case .string(let text): Int64(text) ?? 0
            case .integer(let number, .int64): number
            default: 0
            }
        return .string(GoDuration.text(seconds &* 1_000_000_000))
    }

    private static func durationRound(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        let nanoseconds: Int64
        switch value {
        case .string(let text): nanoseconds = GoDuration.parse(text) ?? 0
        case .integer(let number, .int64): nanoseconds = number
        case .time(let moment): nanoseconds = try now(machine, "durationRound").since(moment)
        default: nanoseconds = 0
        }
        let size = nanoseconds.magnitude / 1_000_000_000
        let rest = nanoseconds.magnitude % 1_000_000_000
        for (unit, letters) in [
            (UInt64(31_536_000), "y"), (2_592_000, "mo"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"),
        ] where size > unit || (size == unit && rest > 0) {
            return .string("\(size / unit)\(letters)")
        }
        return .string("0s")
    }

    // MARK: Spans

    private static func span(_ value: Datum) throws(TemplateFailure) -> Int64 {
        switch value {
        case .integer(let number, .duration): return number
        case .string(let given):
            let text = String(decoding: StringFunctions.trimSpace(Array(given.utf8)), as: UTF8.self)
            if text.isEmpty { throw TemplateFailure("empty duration") }
            if let nanoseconds = GoDuration.parse(text) { return nanoseconds }
            guard let seconds = NumberLiteral.parseFloat(text) else {
                throw TemplateFailure("could not parse duration \(Quoting.quote(given))")
            }
            return try span(seconds: seconds)
        case .none, .null: throw TemplateFailure("invalid duration")
        case .integer(let seconds, _):
            let (nanoseconds, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            if overflows { throw TemplateFailure("duration seconds overflow: \(seconds)") }
            return nanoseconds
        case .float(let seconds): return try span(seconds: seconds)
        default: throw TemplateFailure("unsupported duration type \(value.typeName)")
        }
    }

    private static func span(seconds: Double) throws(TemplateFailure) -> Int64 {
        guard seconds.isFinite else { throw TemplateFailure("invalid duration seconds: \(FloatText.general(seconds))") }
        guard let nanoseconds = Int64(exactly: (seconds * 1e9).rounded(.towardZero)) else {
            throw TemplateFailure("duration seconds overflow: \(FloatText.general(seconds))")
        }
        return nanoseconds
    }

    private static func quietly(_ value: Datum) -> Int64 {
        do throws(TemplateFailure) { return try span(value) } catch { return 0 }
    }

    private static func inUnits(_ value: Datum, _ unit: Int64) -> Datum { .float(in: quietly(value), unit: unit) }

    private static func scaled(_ value: Datum, _ divisor: Double) -> Datum {
        if case .float(let number) = value { .float(number / divisor) } else { value }
    }

    private static func adjust(_ value: Datum, _ multiple: Datum, _ body: (Int64, Int64) -> Int64) -> Datum {
        do throws(TemplateFailure) {
            let span = try span(value)
            do throws(TemplateFailure) { return .integer(body(span, try self.span(multiple)), .duration) } catch {
                return .integer(span, .duration)
            }
        } catch {
            return .integer(0, .duration)
        }
    }
}
