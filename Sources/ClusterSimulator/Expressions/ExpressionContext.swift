// SPDX-License-Identifier: Apache-2.0

import Manifests

/// What went wrong with an expression's value.
enum ExpressionProblem: Error {
    /// A call that is not known here: nothing can be said of the value.
    case unknown
    /// A mistake at run time, such as a key that is not there.
    case failed(String)
}

/// The names that an expression may use, and what they stand for.
///
/// Known calls: `has`, `size`, `int`, `string`, `double`, `dyn`; on strings `startsWith`, `endsWith`, `contains`, `matches`, `lowerAscii`,
/// `upperAscii`, `trim`, `split`, `replace`, `substring`, `indexOf`; on lists `join`, `isSorted`, `sum`, `min`, `max`, `indexOf`; on lists and
/// maps `all`, `exists`, `exists_one`, `filter`, `map`.
struct ExpressionContext {
    var names: [String: Value]

    func value(_ expression: Expression) throws(ExpressionProblem) -> Value {
        switch expression {
        case .literal(let value): return value
        case .name(let name):
            guard let value = names[name] else { throw .unknown }
            return value
        case .member(let base, let name):
            guard let found = try value(base)[name] else { throw .failed("no such key: \(name)") }
            return found
        case .index(let base, let index): return try item(try value(base), try value(index))
        case .call(let target, let name, let arguments):
            if let target { return try method(target, name, arguments) }
            return try function(name, arguments)
        case .list(let items):
            var result: [Value] = []
            for item in items { result.append(try value(item)) }
            return .list(result)
        case .map(let entries):
            var result = Map()
            for (key, member) in entries { result[try text(key)] = try value(member) }
            return .map(result)
        case .not(let inner): return .bool(!(try flag(inner)))
        case .negative(let inner):
            switch try value(inner) {
            case .int(let number): return .int(0 &- number)
            case .decimal(let number): return try decimal(-number.double)
            default: throw .failed("no such overload")
            }
        case .binary(let sign, let left, let right): return try binary(sign, left, right)
        case .choice(let condition, let yes, let no): return try value(try flag(condition) ? yes : no)
        }
    }

    func flag(_ expression: Expression) throws(ExpressionProblem) -> Bool {
        guard let result = try value(expression).bool else { throw .failed("no such overload") }
        return result
    }

    private func text(_ expression: Expression) throws(ExpressionProblem) -> String {
        guard let result = try value(expression).string else { throw .failed("no such overload") }
        return result
    }

    private func decimal(_ number: Double) throws(ExpressionProblem) -> Value {
        guard let result = Decimal(number) else { throw .failed("no such overload") }
        return .decimal(result)
    }

    private func item(_ base: Value, _ index: Value) throws(ExpressionProblem) -> Value {
        switch (base, index) {
        case (.list(let items), .int(let position)):
            guard items.indices.contains(Int(clamping: position)) else { throw .failed("index out of bounds: \(position)") }
            return items[Int(position)]
        case (.map(let map), .string(let key)):
            guard let found = map[key] else { throw .failed("no such key: \(key)") }
            return found
        default: throw .failed("no such overload")
        }
    }

    // MARK: - Operators

    private func binary(_ sign: String, _ left: Expression, _ right: Expression) throws(ExpressionProblem) -> Value {
        if sign == "&&" || sign == "||" { return .bool(try connected(left, right, decisive: sign == "||")) }
        let one = try value(left)
        let other = try value(right)
        switch sign {
        case "==": return .bool(Self.equal(one, other))
        case "!=": return .bool(!Self.equal(one, other))
        case "in":
            switch other {
            case .list(let items): return .bool(items.contains { Self.equal($0, one) })
            case .map(let map): return .bool(one.string.map { map[$0] != nil } ?? false)
            default: throw .failed("no such overload")
            }
        case "<", "<=", ">", ">=": return .bool(try ordered(sign, one, other))
        default: return try arithmetic(sign, one, other)
        }
    }

    /// One side may settle the matter even where the other cannot be told.
    private func connected(_ left: Expression, _ right: Expression, decisive: Bool) throws(ExpressionProblem) -> Bool {
        let first: Bool
        do {
            first = try flag(left)
        } catch {
            if let second = try? flag(right), second == decisive { return decisive }
            throw error
        }
        return first == decisive ? decisive : try flag(right)
    }

    private static func equal(_ one: Value, _ other: Value) -> Bool {
        if one == other { return true }
        if let left = one.double, let right = other.double { return left == right }
        return false
    }

    private func ordered(_ sign: String, _ one: Value, _ other: Value) throws(ExpressionProblem) -> Bool {
        let isLess: Bool
        let isSame: Bool
        if let left = one.double, let right = other.double {
            (isLess, isSame) = (left < right, left == right)
        } else if let left = one.string, let right = other.string {
            (isLess, isSame) = (left.utf8.lexicographicallyPrecedes(right.utf8), left == right)
        } else if let left = one.bool, let right = other.bool {
            (isLess, isSame) = (!left && right, left == right)
        } else {
            throw .failed("no such overload")
        }
        switch sign {
        case "<": return isLess
        case "<=": return isLess || isSame
        case ">": return !isLess && !isSame
        default: return !isLess
        }
    }

    private func arithmetic(_ sign: String, _ one: Value, _ other: Value) throws(ExpressionProblem) -> Value {
        switch (sign, one, other) {
        case ("+", .string(let left), .string(let right)): return .string(left + right)
        case ("+", .list(let left), .list(let right)): return .list(left + right)
        case (_, .int(let left), .int(let right)):
            if right == 0, sign == "/" || sign == "%" { throw .failed(sign == "/" ? "division by zero" : "modulus by zero") }
            let result: (partialValue: Int64, overflow: Bool) =
                switch sign {
                case "+": left.addingReportingOverflow(right)
                case "-": left.subtractingReportingOverflow(right)
                case "*": left.multipliedReportingOverflow(by: right)
                case "/": left.dividedReportingOverflow(by: right)
                default: left.remainderReportingOverflow(dividingBy: right)
                }
            if result.overflow { throw .failed("return error for overflow") }
            return .int(result.partialValue)
        default:
            guard let left = one.double, let right = other.double else { throw .failed("no such overload") }
            switch sign {
            case "+": return try decimal(left + right)
            case "-": return try decimal(left - right)
            case "*": return try decimal(left * right)
            case "/": return try decimal(left / right)
            default: throw .failed("no such overload")
            }
        }
    }

    // MARK: - Calls

    private func function(_ name: String, _ arguments: [Expression]) throws(ExpressionProblem) -> Value {
        guard arguments.count == 1, let argument = arguments.first else { throw .unknown }
        switch name {
        case "has":
            guard case .member(let base, let member) = argument else { throw .unknown }
            return .bool(try value(base)[member] != nil)
        case "size": return try size(try value(argument))
        case "dyn": return try value(argument)
        case "int":
            let given = try value(argument)
            guard
                let number = given.int ?? given.double.flatMap({ Int64(exactly: $0.rounded(.towardZero)) })
                    ?? given.string.flatMap({ Int64($0) })
            else { throw .failed("type conversion error") }
            return .int(number)
        case "double":
            let given = try value(argument)
            guard let number = given.double ?? given.string.flatMap({ Double($0) }) else { throw .failed("type conversion error") }
            return try decimal(number)
        case "string":
            let given = try value(argument)
            return .string(given.string ?? JSON.text(given))
        default: throw .unknown
        }
    }

    private func size(_ value: Value) throws(ExpressionProblem) -> Value {
        switch value {
        case .string(let text): .int(Int64(text.unicodeScalars.count))
        case .list(let items): .int(Int64(items.count))
        case .map(let map): .int(Int64(map.count))
        default: throw .failed("no such overload")
        }
    }

    private func method(_ target: Expression, _ name: String, _ arguments: [Expression]) throws(ExpressionProblem) -> Value {
        let subject = try value(target)
        if ["all", "exists", "exists_one", "filter", "map"].contains(name) { return try comprehension(subject, name, arguments) }
        if name == "size", arguments.isEmpty { return try size(subject) }
        var given: [Value] = []
        for argument in arguments { given.append(try value(argument)) }
        switch subject {
        case .string(let text): return try onText(text, name, given)
        case .list(let items): return try onList(items, name, given)
        default: throw .unknown
        }
    }

    private func onText(_ text: String, _ name: String, _ given: [Value]) throws(ExpressionProblem) -> Value {
        let first = given.first?.string
        switch (name, given.count) {
        case ("startsWith", 1): if let first { return .bool(text.hasPrefix(first)) }
        case ("endsWith", 1): if let first { return .bool(text.hasSuffix(first)) }
        case ("contains", 1): if let first { return .bool(first.isEmpty || text.contains(first)) }
        case ("matches", 1): if let first { return .bool(Pattern.matches(first, text)) }
        case ("lowerAscii", 0): return .string(text.lowercased())
        case ("upperAscii", 0): return .string(text.uppercased())
        case ("trim", 0): return .string(text.trimmed)
        case ("split", 1):
            if let first, !first.isEmpty {
                return .list(text.split(separator: first, omittingEmptySubsequences: false).map { .string(String($0)) })
            }
        case ("replace", 2): if let first, let new = given[1].string { return .string(text.replacing(first, with: new)) }
        case ("indexOf", 1):
            if let first, let range = text.firstRange(of: first) {
                return .int(Int64(text.distance(from: text.startIndex, to: range.lowerBound)))
            }
            return -1
        case ("substring", 1), ("substring", 2):
            let end = given.count == 2 ? given[1].int : Int64(text.count)
            guard let start = given[0].int, let end, start >= 0, start <= end, end <= text.count else {
                throw .failed("index out of range")
            }
            return .string(String(text.dropFirst(Int(start)).prefix(Int(end - start))))
        default: throw .unknown
        }
        throw .failed("no such overload")
    }

    private func onList(_ items: [Value], _ name: String, _ given: [Value]) throws(ExpressionProblem) -> Value {
        switch (name, given.count) {
        case ("join", 0), ("join", 1): return .string(items.compactMap(\.string).joined(separator: given.first?.string ?? ""))
        case ("indexOf", 1): return .int(Int64(items.firstIndex { Self.equal($0, given[0]) } ?? -1))
        case ("isSorted", 0):
            for (left, right) in zip(items, items.dropFirst()) { if try ordered(">", left, right) { return false } }
            return true
        case ("sum", 0):
            var result: Value = 0
            for item in items { result = try arithmetic("+", result, item) }
            return result
        case ("min", 0), ("max", 0):
            guard var result = items.first else { throw .failed("\(name) called on empty list") }
            for item in items.dropFirst() { if try ordered(name == "min" ? "<" : ">", item, result) { result = item } }
            return result
        default: throw .unknown
        }
    }

    /// The longest list that one expression goes through.
    private static let itemsMax = 100_000

    private func comprehension(_ subject: Value, _ name: String, _ arguments: [Expression]) throws(ExpressionProblem) -> Value {
        let items: [Value]
        switch subject {
        case .list(let list): items = list
        case .map(let map): items = map.keys.map { .string($0) }
        default: throw .failed("no such overload")
        }
        guard items.count <= Self.itemsMax, arguments.count == 2 || name == "map" && arguments.count == 3,
            case .name(let variable)? = arguments.first
        else { throw .unknown }
        var inner = self
        var kept: [Value] = []
        var matching = 0
        for item in items {
            inner.names[variable] = item
            switch name {
            case "map":
                if arguments.count == 3, !(try inner.flag(arguments[1])) { continue }
                kept.append(try inner.value(arguments[arguments.count - 1]))
            case "filter": if try inner.flag(arguments[1]) { kept.append(item) }
            default:
                let holds = try inner.flag(arguments[1])
                if holds { matching += 1 }
                if name == "all", !holds { return false }
                if name == "exists", holds { return true }
            }
        }
        switch name {
        case "all": return true
        case "exists": return false
        case "exists_one": return .bool(matching == 1)
        default: return .list(kept)
        }
    }
}
