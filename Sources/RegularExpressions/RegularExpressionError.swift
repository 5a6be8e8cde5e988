// SPDX-License-Identifier: Apache-2.0

/// Why a pattern is not a regular expression of the RE2 syntax.
package struct RegularExpressionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is the wording of Go's `regexp/syntax`, which users of Kubernetes tools know.
    package enum Code: String, Sendable, CaseIterable {
        case invalidCharacterRange = "invalid character class range"
        case invalidEscape = "invalid escape sequence"
        case invalidNamedCapture = "invalid named capture"
        case invalidPerlOperator = "invalid or unsupported Perl syntax"
        case invalidRepeatOperator = "invalid nested repetition operator"
        case invalidRepeatSize = "invalid repeat count"
        case invalidUTF8 = "invalid UTF-8"
        case missingBracket = "missing closing ]"
        case missingParenthesis = "missing closing )"
        case missingRepeatArgument = "missing argument to repetition operator"
        case trailingBackslash = "trailing backslash at end of expression"
        case unexpectedParenthesis = "unexpected )"
        case nestingDepth = "expression nests too deeply"
        case tooLarge = "expression too large"
    }

    package let code: Code

    /// The part of the pattern that is wrong; of an expression that is too large, only its beginning.
    package let offendingText: String

    package init(_ code: Code, _ offendingText: String) {
        self.code = code
        self.offendingText = offendingText
    }

    /// The text as Go prints it, for example "error parsing regexp: missing closing ): `(a`".
    package var description: String { "error parsing regexp: \(code.rawValue): `\(offendingText)`" }
}
