// SPDX-License-Identifier: Apache-2.0
import Kustomize

/// Why something cannot be rendered: every problem that was found, never none.
package struct RenderFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package let errors: [RenderError]

    package init(_ errors: [RenderError]) { self.errors = errors }
    package init(_ error: RenderError) { errors = [error] }

    init(_ failure: KustomizeFailure) {
        errors = failure.problems.map {
            RenderError(code: $0.code, path: $0.path, line: $0.line, column: $0.column, message: $0.message, hint: $0.hint)
        }
    }

    /// How many problems of one render are kept.
    static let errorsMax = 1_000

    /// The first problems and a word about the rest.
    var bounded: RenderFailure {
        guard errors.count > Self.errorsMax else { return self }
        let rest = errors.count - Self.errorsMax
        return RenderFailure(
            errors.prefix(Self.errorsMax) + [
                RenderError(code: "too-many-errors", path: errors[Self.errorsMax].path, message: "and \(rest) more problem(s)")
            ])
    }

    package var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// One problem: what, where, and how to mend it.
package struct RenderError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A stable name in kebab case: `not-yet`, `not-found`, `duplicate`, `clear-secret`, `undefined-variable`, `no-objects`, …
    package let code: String
    /// The file, from the tree's root.
    package let path: String
    /// Both counted from 1; `nil` where the problem has no place in the file.
    package let line: Int?
    package let column: Int?
    package let message: String
    package let hint: String?

    package init(code: String, path: String, line: Int? = nil, column: Int? = nil, message: String, hint: String? = nil) {
        self.code = code
        self.path = path
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
    }

    package var description: String {
        let place = line.map { "\(path):\($0):\(column ?? 1)" } ?? path
        return "\(place): error[\(code)]: \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}
