// SPDX-License-Identifier: Apache-2.0

/// A piece of a template's text: its place alone, as most texts of tokens are never looked at.
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
    /// Behind the last byte.
    let end: Int
    /// Counted from 1.
    let line: Int
}
