// SPDX-License-Identifier: Apache-2.0

/// A piece of a template's text.
struct Token {
    enum Kind {
        case error, bool, char, charConstant, complex, assign, declare, end, field, identifier, leftDelimiter, leftParenthesis, number
        case pipe, rawString, rightDelimiter, rightParenthesis, space, string, text, variable
        // Keywords.
        case block, `break`, `continue`, dot, define, `else`, endKeyword, `if`, range, `nil`, template, with

        var isKeyword: Bool {
            switch self {
            case .block, .break, .continue, .dot, .define, .else, .endKeyword, .if, .range, .nil, .template, .with: true
            default: false
            }
        }
    }

    let kind: Kind
    /// In bytes from the template's beginning.
    let position: Int
    let value: String
    /// Counted from 1.
    let line: Int

    /// As errors show it.
    var shown: String {
        if kind == .end { return "EOF" }
        if kind == .error { return value }
        if kind.isKeyword { return "<\(value)>" }
        let scalars = value.unicodeScalars
        if value.utf8.count > 10 { return Quoting.quote(String(String.UnicodeScalarView(scalars.prefix(10)))) + "..." }
        return Quoting.quote(value)
    }
}
