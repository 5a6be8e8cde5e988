// SPDX-License-Identifier: Apache-2.0

import Manifests

/// An expression of the Common Expression Language, as validation rules and admission policies write them.
///
/// Read are literals, members, indexes, operators, `? :` and calls; see `ExpressionContext` for what the calls may be.
indirect enum Expression {
    case literal(Value)
    case name(String)
    case member(Expression, String)
    case index(Expression, Expression)
    case call(Expression?, String, [Expression])
    case list([Expression])
    case map([(Expression, Expression)])
    case not(Expression)
    case negative(Expression)
    case binary(String, Expression, Expression)
    case choice(Expression, Expression, Expression)

    /// A text that is no expression, or one of a form that is not read.
    struct Unreadable: Error {}

    init(_ text: String) throws(Unreadable) {
        var parser = Parser(tokens: try Token.split(text))
        self = try parser.expression(depth: 0)
        guard parser.isAtEnd else { throw Unreadable() }
    }
}

private enum Token: Equatable {
    case sign(String)
    case word(String)
    case value(Value)

    private static let signs = [
        "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", "{", "}", "+", "-", "*", "/", "%", "?", ":", ".", ",",
    ]

    static func split(_ text: String) throws(Expression.Unreadable) -> [Token] {
        var result: [Token] = []
        var rest = Substring(text)
        scan: while let first = rest.first {
            if first.isWhitespace {
                rest = rest.dropFirst()
                continue
            }
            if rest.hasPrefix("//") {
                rest = rest.drop { $0 != "\n" }
                continue
            }
            let isRaw = (first == "r" || first == "R") && (rest.dropFirst().first == "'" || rest.dropFirst().first == "\"")
            if first == "'" || first == "\"" || isRaw {
                if isRaw { rest = rest.dropFirst() }
                result.append(.value(.string(try quoted(&rest, isRaw: isRaw))))
                continue
            }
            if first.isNumber {
                result.append(.value(try number(&rest)))
                continue
            }
            if first.isLetter || first == "_" {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest = rest.dropFirst(word.count)
                switch word {
                case "true": result.append(.value(true))
                case "false": result.append(.value(false))
                case "null": result.append(.value(.null))
                default: result.append(.word(String(word)))
                }
                continue
            }
            for sign in signs where rest.hasPrefix(sign) {
                result.append(.sign(sign))
                rest = rest.dropFirst(sign.count)
                continue scan
            }
            throw Expression.Unreadable()
        }
        return result
    }

    private static func quoted(_ rest: inout Substring, isRaw: Bool) throws(Expression.Unreadable) -> String {
        guard let mark = rest.popFirst() else { throw Expression.Unreadable() }
        var result = ""
        while let next = rest.popFirst() {
            if next == mark { return result }
            guard next == "\\", !isRaw else {
                result.append(next)
                continue
            }
            guard let escaped = rest.popFirst() else { break }
            switch escaped {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "\\", "'", "\"", "`", "?": result.append(escaped)
            default: throw Expression.Unreadable()
            }
        }
        throw Expression.Unreadable()
    }

    private static func number(_ rest: inout Substring) throws(Expression.Unreadable) -> Value {
        var digits = rest.prefix { $0.isNumber }
        var after = rest.dropFirst(digits.count)
        if after.first == ".", after.dropFirst().first?.isNumber == true {
            let fraction = after.dropFirst().prefix { $0.isNumber }
            digits = rest.prefix(digits.count + 1 + fraction.count)
            after = rest.dropFirst(digits.count)
            rest = after
            guard let value = Double(digits).flatMap(Decimal.init) else { throw Expression.Unreadable() }
            return .decimal(value)
        }
        rest = after
        if rest.first == "u" { rest = rest.dropFirst() }
        guard let value = Int64(digits) else { throw Expression.Unreadable() }
        return .int(value)
    }
}

private struct Parser {
    let tokens: [Token]
    var position = 0

    init(tokens: [Token]) { self.tokens = tokens }

    /// Rules are short: deeper nesting than this is not read.
    private static let depthMax = 64

    var isAtEnd: Bool { position == tokens.count }

    private mutating func take(_ sign: String) -> Bool {
        guard position < tokens.count, tokens[position] == .sign(sign) else { return false }
        position += 1
        return true
    }

    private mutating func need(_ sign: String) throws(Expression.Unreadable) {
        guard take(sign) else { throw Expression.Unreadable() }
    }

    mutating func expression(depth: Int) throws(Expression.Unreadable) -> Expression {
        guard depth < Self.depthMax else { throw Expression.Unreadable() }
        let condition = try binary(0, depth)
        guard take("?") else { return condition }
        let yes = try expression(depth: depth + 1)
        try need(":")
        return .choice(condition, yes, try expression(depth: depth + 1))
    }

    private static let levels: [[String]] = [
        ["||"], ["&&"], ["==", "!=", "<=", ">=", "<", ">", "in"], ["+", "-"], ["*", "/", "%"],
    ]

    private mutating func binary(_ level: Int, _ depth: Int) throws(Expression.Unreadable) -> Expression {
        guard level < Self.levels.count else { return try unary(depth) }
        var left = try binary(level + 1, depth)
        while let sign = operation(Self.levels[level]) {
            left = .binary(sign, left, try binary(level + 1, depth))
        }
        return left
    }

    private mutating func operation(_ allowed: [String]) -> String? {
        guard position < tokens.count else { return nil }
        let text: String
        switch tokens[position] {
        case .sign(let sign): text = sign
        case .word("in"): text = "in"
        default: return nil
        }
        guard allowed.contains(text) else { return nil }
        position += 1
        return text
    }

    private mutating func unary(_ depth: Int) throws(Expression.Unreadable) -> Expression {
        guard depth < Self.depthMax else { throw Expression.Unreadable() }
        if take("!") { return .not(try unary(depth + 1)) }
        if take("-") { return .negative(try unary(depth + 1)) }
        var result = try primary(depth)
        while true {
            if take(".") {
                guard position < tokens.count, case .word(let name) = tokens[position] else { throw Expression.Unreadable() }
                position += 1
                result = take("(") ? .call(result, name, try arguments(")", depth)) : .member(result, Self.unescaped(name))
            } else if take("[") {
                let index = try expression(depth: depth + 1)
                try need("]")
                result = .index(result, index)
            } else {
                return result
            }
        }
    }

    private mutating func primary(_ depth: Int) throws(Expression.Unreadable) -> Expression {
        if take("(") {
            let inner = try expression(depth: depth + 1)
            try need(")")
            return inner
        }
        if take("[") { return .list(try arguments("]", depth)) }
        if take("{") { return try map(depth) }
        guard position < tokens.count else { throw Expression.Unreadable() }
        let token = tokens[position]
        position += 1
        switch token {
        case .value(let value): return .literal(value)
        case .word(let name): return take("(") ? .call(nil, name, try arguments(")", depth)) : .name(name)
        case .sign: throw Expression.Unreadable()
        }
    }

    private mutating func arguments(_ end: String, _ depth: Int) throws(Expression.Unreadable) -> [Expression] {
        var result: [Expression] = []
        while !take(end) {
            result.append(try expression(depth: depth + 1))
            if take(",") { continue }
            try need(end)
            break
        }
        return result
    }

    private mutating func map(_ depth: Int) throws(Expression.Unreadable) -> Expression {
        var result: [(Expression, Expression)] = []
        while !take("}") {
            let key = try expression(depth: depth + 1)
            try need(":")
            result.append((key, try expression(depth: depth + 1)))
            if take(",") { continue }
            try need("}")
            break
        }
        return .map(result)
    }

    /// Property names that are no identifiers are written with marks: `__dot__`, `__dash__`, `__slash__`, `__namespace__`.
    private static func unescaped(_ name: String) -> String {
        guard name.contains("__") else { return name }
        if name.hasPrefix("__"), name.hasSuffix("__"), name.count > 4 {
            let inner = String(name.dropFirst(2).dropLast(2))
            if ["in", "namespace", "package", "return", "var", "void", "while", "true", "false", "null", "as", "for"].contains(inner) {
                return inner
            }
        }
        return name.replacing("__underscores__", with: "__").replacing("__dot__", with: ".").replacing("__dash__", with: "-")
            .replacing("__slash__", with: "/")
    }
}
