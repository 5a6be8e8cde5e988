// SPDX-License-Identifier: Apache-2.0
import Manifests
import RegularExpressions

/// One check of values against a schema.
struct SchemaCheck {
    /// Which members and items a schema has looked at: `unevaluatedProperties` and `unevaluatedItems` are about the others.
    struct Seen {
        var members: Set<String> = []
        var items = 0
        var single: Set<Int> = []

        mutating func add(_ other: Seen) {
            members.formUnion(other.members)
            items = max(items, other.items)
            single.formUnion(other.single)
        }
    }

    let schema: ValuesSchema
    private(set) var problems: [String] = []
    private var patterns: [String: RegularExpression?] = [:]
    private var steps = 0

    private static let depthMax = 200
    private static let stepsMax = 5_000_000
    private static let problemsMax = 200

    init(_ schema: ValuesSchema) { self.schema = schema }

    mutating func report(_ place: String, _ text: String) {
        if problems.count < Self.problemsMax { problems.append("- at '\(place)': \(text)") }
    }

    /// Whether the schema allows the value, and what it looked at; problems are added.
    mutating func run(_ rules: Value, _ value: Value, _ place: String, depth: Int) throws(HelmFailure) -> (fits: Bool, seen: Seen) {
        steps += 1
        guard steps < Self.stepsMax, depth < Self.depthMax else {
            throw HelmFailure(.limit, "values.schema.json: the schema is too deep or takes too long")
        }
        switch rules {
        case .bool(true): return (true, Seen())
        case .bool(false):
            report(place, "false schema")
            return (false, Seen())
        case .map(let map): return try check(map, value, place, depth)
        default: throw HelmFailure(.chart, "values.schema.json: a schema is an object or a boolean, not \(rules.kindName)")
        }
    }

    private mutating func check(_ rules: Map, _ value: Value, _ place: String, _ depth: Int) throws(HelmFailure) -> (fits: Bool, seen: Seen)
    {
        var seen = Seen()
        var fits = true
        for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
            guard let reference = rules[key]?.string else { continue }
            if let target = try schema.resolve(reference) {
                let result = try run(target, value, place, depth: depth + 1)
                fits = fits && result.fits
                seen.add(result.seen)
            }
            // Before 2019 nothing counts beside a reference.
            if schema.draft <= .seven { return (fits, seen) }
        }
        fits = checkValue(rules, value, place) && fits
        switch value {
        case .string(let text): fits = try checkText(rules, text, place) && fits
        case .int, .decimal: fits = checkNumber(rules, value, place) && fits
        case .list(let items): fits = try checkItems(rules, items, place, depth, &seen) && fits
        case .map(let map): fits = try checkMembers(rules, map, place, depth, &seen) && fits
        default: break
        }
        fits = try checkCombined(rules, value, place, depth, &seen) && fits
        fits = try checkUnevaluated(rules, value, place, depth, &seen) && fits
        return (fits, seen)
    }

    /// As `run`, without adding problems.
    mutating func probe(_ rules: Value, _ value: Value, _ place: String, _ depth: Int) throws(HelmFailure) -> (fits: Bool, seen: Seen) {
        let kept = problems
        defer { problems = kept }
        return try run(rules, value, place, depth: depth + 1)
    }

    // MARK: - Any value

    private mutating func checkValue(_ rules: Map, _ value: Value, _ place: String) -> Bool {
        var fits = true
        if let type = rules["type"] {
            let wanted = type.list?.compactMap(\.string) ?? type.string.map { [$0] } ?? []
            if !wanted.contains(where: { Self.isOf($0, value) }) {
                report(place, "got \(Self.type(value)), want \(wanted.joined(separator: " or "))")
                fits = false
            }
        }
        if let allowed = rules["enum"]?.list, !allowed.contains(where: { Self.equal($0, value) }) {
            report(place, "value must be one of \(allowed.map(Self.shown).joined(separator: ", "))")
            fits = false
        }
        if schema.draft >= .six, let constant = rules["const"], !Self.equal(constant, value) {
            report(place, "value must be \(Self.shown(constant))")
            fits = false
        }
        return fits
    }

    static func type(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .int, .decimal: "number"
        case .string: "string"
        case .list: "array"
        case .map: "object"
        }
    }

    private static func isOf(_ type: String, _ value: Value) -> Bool {
        switch (type, value) {
        case ("integer", .int): true
        case ("integer", .decimal(let number)): number.double.rounded() == number.double
        default: type == self.type(value)
        }
    }

    static func equal(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.int, .decimal), (.decimal, .int): left.double == right.double
        case (.list(let left), .list(let right)): left.count == right.count && zip(left, right).allSatisfy(equal)
        case (.map(let left), .map(let right)):
            left.count == right.count && left.allSatisfy { entry in right[entry.key].map { equal(entry.value, $0) } ?? false }
        default: left == right
        }
    }

    static func shown(_ value: Value) -> String {
        if case .string(let text) = value { return "'\(text)'" }
        return JSON.text(value)
    }

    // MARK: - Texts and numbers

    private mutating func checkText(_ rules: Map, _ text: String, _ place: String) throws(HelmFailure) -> Bool {
        var fits = true
        let count = text.unicodeScalars.count
        if let least = rules["minLength"]?.double, Double(count) < least {
            report(place, "minLength: got \(count), want \(Self.number(least))")
            fits = false
        }
        if let most = rules["maxLength"]?.double, Double(count) > most {
            report(place, "maxLength: got \(count), want \(Self.number(most))")
            fits = false
        }
        if let pattern = rules["pattern"]?.string, try !matches(pattern, text) {
            report(place, "'\(text)' does not match pattern '\(pattern)'")
            fits = false
        }
        if schema.draft <= .seven, let format = rules["format"]?.string, !SchemaFormat.fits(format, text) {
            report(place, "'\(text)' is not valid \(format)")
            fits = false
        }
        return fits
    }

    mutating func matches(_ pattern: String, _ text: String) throws(HelmFailure) -> Bool {
        if let known = patterns[pattern] { return known?.matches(text) ?? true }
        do throws(RegularExpressionError) {
            let expression = try RegularExpression(pattern)
            patterns[pattern] = expression
            return expression.matches(text)
        } catch {
            throw HelmFailure(.chart, "values.schema.json: '\(pattern)' is no regular expression: \(error)")
        }
    }

    private mutating func checkNumber(_ rules: Map, _ value: Value, _ place: String) -> Bool {
        guard let number = value.double else { return true }
        var fits = true
        func bound(_ key: String, _ exclusive: String, _ isBelow: (Double, Double) -> Bool, _ isAt: (Double, Double) -> Bool) -> [String] {
            var problems: [String] = []
            if let limit = rules[key]?.double {
                let isExclusive = rules[exclusive]?.bool == true
                if isBelow(number, limit) || (isExclusive && isAt(number, limit)) {
                    problems.append("\(isExclusive ? exclusive : key): got \(Self.number(number)), want \(Self.number(limit))")
                }
            }
            if let limit = rules[exclusive]?.double, isBelow(number, limit) || isAt(number, limit) {
                problems.append("\(exclusive): got \(Self.number(number)), want \(Self.number(limit))")
            }
            return problems
        }
        for problem in bound("minimum", "exclusiveMinimum", <, ==) + bound("maximum", "exclusiveMaximum", >, ==) {
            report(place, problem)
            fits = false
        }
        if let factor = rules["multipleOf"]?.double, factor > 0 {
            let quotient = number / factor
            if abs(quotient - quotient.rounded()) > 1e-9 * max(1, abs(quotient)) {
                report(place, "multipleOf: got \(Self.number(number)), want \(Self.number(factor))")
                fits = false
            }
        }
        return fits
    }

    static func number(_ number: Double) -> String { Int64(exactly: number).map { "\($0)" } ?? "\(number)" }
}
