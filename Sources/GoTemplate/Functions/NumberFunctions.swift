// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Sprig's functions on numbers.
enum NumberFunctions {
    static let functions: [Function] = [
        Function("int", [.any], .one { _, value in .integer(Casting.int64(value), .int) }),
        Function("int64", [.any], .one { _, value in .int64(Casting.int64(value)) }),
        Function("float64", [.any], .one { _, value in .float(Casting.double(value)) }),
        Function("atoi", [.string], .one { _, text in .integer(Int64(text.text) ?? 0, .int) }),
        Function("toDecimal", [.any], .one { _, value in .int64(Int64(Format.print(value), radix: 8) ?? 0) }),
        Function("add1", [.any], .one { _, value in .int64(Casting.int64(value) &+ 1) }),
        Function(
            "add", [], variadic: .any,
            .twoOrMany({ _, a, b in .int64(Casting.int64(a) &+ Casting.int64(b)) }) { _, values in
                .int64(values.reduce(0) { $0 &+ Casting.int64($1) })
            }),
        Function("sub", [.any, .any], .two { _, a, b in .int64(Casting.int64(a) &- Casting.int64(b)) }),
        Function("mul", [.any], variadic: .any, .many { _, values in .int64(values.reduce(1) { $0 &* Casting.int64($1) }) }),
        Function("div", [.any, .any], .two(divide)),
        Function("mod", [.any, .any], .two(remainder)),
        Function("max", [.any], variadic: .any, .many { _, values in .int64(values.map(Casting.int64).max() ?? 0) }),
        Function("biggest", [.any], variadic: .any, .many { _, values in .int64(values.map(Casting.int64).max() ?? 0) }),
        Function("min", [.any], variadic: .any, .many { _, values in .int64(values.map(Casting.int64).min() ?? 0) }),
        Function("maxf", [.any], variadic: .any, .many { _, values in .float(values.map(Casting.double).max() ?? 0) }),
        Function("minf", [.any], variadic: .any, .many { _, values in .float(values.map(Casting.double).min() ?? 0) }),
        Function("ceil", [.any], .one { _, value in .float(Casting.double(value).rounded(.up)) }),
        Function("floor", [.any], .one { _, value in .float(Casting.double(value).rounded(.down)) }),
        Function("round", [.any, .int], variadic: .float, .many(round)),
        Function("add1f", [.any], .many { _, values throws(TemplateFailure) in try exact(values + [.int(1)]) { a, b in a.adding(b) } }),
        Function(
            "addf", [], variadic: .any,
            .many { _, values throws(TemplateFailure) in
                try exact([.int(0)] + values) { a, b in a.adding(b) }
            }),
        Function(
            "subf", [.any], variadic: .any,
            .many { _, values throws(TemplateFailure) in
                try exact(values) { a, b in a.adding(b.negated) }
            }),
        Function(
            "mulf", [.any], variadic: .any, .many { _, values throws(TemplateFailure) in try exact(values) { a, b in a.multiplied(by: b) } }
        ),
        Function("divf", [.any], variadic: .any, .many(divideExactly)),
        Function(
            "until", [.int],
            .one { machine, count throws(TemplateFailure) in
                .list(try steps(machine, 0, count.integer, count.integer < 0 ? -1 : 1).map { .integer($0, .int) }, .int)
            }),
        Function(
            "untilStep", [.int, .int, .int],
            .three { machine, start, stop, step throws(TemplateFailure) in
                .list(try steps(machine, start.integer, stop.integer, step.integer).map { .integer($0, .int) }, .int)
            }),
        Function("seq", [], variadic: .int, .many(sequence)),
        Function("randInt", [.int, .int], .two(random), trait: .notRepeatable),
    ]

    private static func divide(_ machine: Machine, _ a: Datum, _ b: Datum) throws(TemplateFailure) -> Datum {
        let divisor = Casting.int64(b)
        guard divisor != 0 else { throw TemplateFailure("runtime error: integer divide by zero") }
        return .int64(Casting.int64(a).dividedReportingOverflow(by: divisor).partialValue)
    }

    private static func remainder(_ machine: Machine, _ a: Datum, _ b: Datum) throws(TemplateFailure) -> Datum {
        let divisor = Casting.int64(b)
        guard divisor != 0 else { throw TemplateFailure("runtime error: integer divide by zero") }
        return .int64(Casting.int64(a).remainderReportingOverflow(dividingBy: divisor).partialValue)
    }

    private static func round(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        let number = Casting.double(values[0])
        let power = pow(10, Double(values[1].integer))
        var threshold = 0.5
        if values.count > 2, case .float(let given) = values[2] { threshold = given }
        let digit = power * number
        let fraction = digit - digit.rounded(.towardZero)
        return .float((fraction >= threshold ? digit.rounded(.up) : digit.rounded(.down)) / power)
    }

    /// Numbers as people write them: sums in decimal digits, not binary ones.
    private static func exact(
        _ values: [Datum], _ operation: (DecimalNumber, DecimalNumber) -> DecimalNumber
    ) throws(TemplateFailure) -> Datum {
        var result = try decimal(values[0])
        for value in values.dropFirst() { result = operation(result, try decimal(value)) }
        return .float(result.double)
    }

    private static func decimal(_ value: Datum) throws(TemplateFailure) -> DecimalNumber {
        let number = Casting.double(value)
        guard let decimal = DecimalNumber(number) else {
            throw TemplateFailure("Cannot create a Decimal from \(FloatText.general(number))")
        }
        return decimal
    }

    private static func divideExactly(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        var result = try decimal(values[0])
        for value in values.dropFirst() {
            let divisor = try decimal(value)
            guard !divisor.isZero else { throw TemplateFailure("decimal division by 0") }
            result = result.divided(by: divisor)
        }
        return .float(result.double)
    }

    private static func steps(_ machine: Machine, _ start: Int64, _ stop: Int64, _ step: Int64) throws(TemplateFailure) -> [Int64] {
        guard stop < start ? step < 0 : step > 0, start != stop else { return [] }
        let (distance, overflows) = stop.subtractingReportingOverflow(start)
        let count = overflows ? UInt64.max : (distance.magnitude - 1) / step.magnitude + 1
        guard count <= UInt64(machine.limits.itemsMax) else {
            throw TemplateFailure("a list of \(count) numbers, more than the limit of \(machine.limits.itemsMax)", code: .limit)
        }
        try machine.charge(items: Int(count))
        return (0..<Int64(count)).map { start + $0 * step }
    }

    private static func sequence(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        let numbers = values.map(\.integer)
        let made: [Int64]
        switch numbers.count {
        case 1:
            let increment: Int64 = numbers[0] < 1 ? -1 : 1
            made = try steps(machine, 1, numbers[0] &+ increment, increment)
        case 2:
            let increment: Int64 = numbers[1] < numbers[0] ? -1 : 1
            made = try steps(machine, numbers[0], numbers[1] &+ increment, increment)
        case 3:
            let isDown = numbers[2] < numbers[0]
            if isDown, numbers[1] > 0 { return .string("") }
            made = try steps(machine, numbers[0], numbers[2] &+ (isDown ? -1 : 1), numbers[1])
        default: return .string("")
        }
        var bytes: [UInt8] = []
        for (index, number) in made.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: " ")) }
            Format.append(number, to: &bytes)
        }
        return .text(bytes)
    }

    private static func random(_ machine: Machine, _ least: Datum, _ end: Datum) throws(TemplateFailure) -> Datum {
        let entropy = try machine.useEntropy("randInt")
        let (span, overflows) = end.integer.subtractingReportingOverflow(least.integer)
        guard span > 0, !overflows else { throw TemplateFailure("invalid argument to Intn") }
        let number = entropy.randomBytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return .integer(least.integer + Int64(number % UInt64(span)), .int)
    }
}
