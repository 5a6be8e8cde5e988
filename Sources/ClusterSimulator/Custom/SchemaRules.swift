// SPDX-License-Identifier: Apache-2.0

import Manifests

/// The rules of `x-kubernetes-validations`, as far as they compare fields: `self.a <= self.b`, `self == oldSelf`, `has(self.a)`, joined by
/// `&&`, `||` and `!`. A rule that says more holds: a simulated cluster rather lets an object pass than refuses what a real one takes.
enum SchemaRules {
    static func check(_ value: Value, old: Value?, _ schema: Value, _ path: String, _ causes: inout [StatusError.Cause]) {
        for rule in schema["x-kubernetes-validations"]?.list ?? [] {
            guard let text = rule["rule"]?.string else { continue }
            if text.contains("oldSelf"), old == nil { continue }
            var evaluator = RuleEvaluator(text, value: value, old: old ?? .null)
            guard evaluator.holds() == false else { continue }
            let message = rule["message"]?.string ?? "failed rule: \(text)"
            causes.append(.init(reason: "FieldValueInvalid", message: "Invalid value: \(message)", field: path))
        }
        switch value {
        case .map(let map):
            for entry in map {
                let below = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                guard let inner = schema["properties"]?[entry.key] ?? schema["additionalProperties"], inner.map != nil else { continue }
                check(entry.value, old: old?[entry.key], inner, below, &causes)
            }
        case .list(let items):
            guard let inner = schema["items"] else { return }
            for (index, item) in items.enumerated() { check(item, old: nil, inner, "\(path)[\(index)]", &causes) }
        default: break
        }
    }
}

/// Reads and evaluates one rule; what it does not understand is neither true nor false.
private struct RuleEvaluator {
    private struct Unknown: Error {}

    private var tokens: [String] = []
    private var position = 0
    private let value: Value
    private let old: Value

    init(_ text: String, value: Value, old: Value) {
        self.value = value
        self.old = old
        tokens = Self.split(text)
    }

    mutating func holds() -> Bool? {
        guard let result = try? disjunction(), position == tokens.count else { return nil }
        return result.bool
    }

    private static func split(_ text: String) -> [String] {
        var result: [String] = []
        var rest = Substring(text)
        scan: while let first = rest.first {
            if first.isWhitespace {
                rest = rest.dropFirst()
                continue
            }
            for sign in ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "+", "-"] where rest.hasPrefix(sign) {
                result.append(sign)
                rest = rest.dropFirst(sign.count)
                continue scan
            }
            if first == "'" || first == "\"" {
                let inside = rest.dropFirst().prefix { $0 != first }
                result.append("'" + inside)
                rest = rest.dropFirst(inside.count + 2)
                continue
            }
            let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
            if word.isEmpty {
                result.append(String(first))
                rest = rest.dropFirst()
            } else {
                result.append(String(word))
                rest = rest.dropFirst(word.count)
            }
        }
        return result
    }

    private mutating func take(_ token: String) -> Bool {
        guard position < tokens.count, tokens[position] == token else { return false }
        position += 1
        return true
    }

    private mutating func disjunction() throws(Unknown) -> Value {
        var left = try conjunction()
        while take("||") {
            let right = try conjunction()
            guard let one = left.bool, let other = right.bool else { throw Unknown() }
            left = .bool(one || other)
        }
        return left
    }

    private mutating func conjunction() throws(Unknown) -> Value {
        var left = try comparison()
        while take("&&") {
            let right = try comparison()
            guard let one = left.bool, let other = right.bool else { throw Unknown() }
            left = .bool(one && other)
        }
        return left
    }

    private mutating func comparison() throws(Unknown) -> Value {
        let left = try sum()
        for sign in ["==", "!=", "<=", ">=", "<", ">"] where take(sign) {
            let right = try sum()
            if sign == "==" { return .bool(left == right) }
            if sign == "!=" { return .bool(left != right) }
            guard let one = left.double, let other = right.double else { throw Unknown() }
            switch sign {
            case "<=": return .bool(one <= other)
            case ">=": return .bool(one >= other)
            case "<": return .bool(one < other)
            default: return .bool(one > other)
            }
        }
        return left
    }

    private mutating func sum() throws(Unknown) -> Value {
        var left = try primary()
        while position < tokens.count, ["+", "-"].contains(tokens[position]) {
            let isPlus = take("+") || !take("-")
            let right = try primary()
            guard let one = left.int, let other = right.int else { throw Unknown() }
            left = .int(isPlus ? one &+ other : one &- other)
        }
        return left
    }

    private mutating func primary() throws(Unknown) -> Value {
        if take("!") {
            guard let flag = try primary().bool else { throw Unknown() }
            return .bool(!flag)
        }
        if take("(") {
            let inner = try disjunction()
            guard take(")") else { throw Unknown() }
            return inner
        }
        if take("has") {
            guard take("("), position < tokens.count else { throw Unknown() }
            let found = lookUp(tokens[position])
            position += 1
            guard take(")") else { throw Unknown() }
            return .bool(found != nil)
        }
        guard position < tokens.count else { throw Unknown() }
        let token = tokens[position]
        position += 1
        if token.hasPrefix("'") { return .string(String(token.dropFirst())) }
        if token == "true" || token == "false" { return .bool(token == "true") }
        if let number = Int64(token) { return .int(number) }
        guard token == "self" || token.hasPrefix("self.") || token == "oldSelf" || token.hasPrefix("oldSelf.") else { throw Unknown() }
        guard let found = lookUp(token) else { throw Unknown() }
        return found
    }

    private func lookUp(_ token: String) -> Value? {
        var parts = token.split(separator: ".").map(String.init)[...]
        let root = parts.popFirst()
        return (root == "oldSelf" ? old : value).at(path: parts)
    }
}
