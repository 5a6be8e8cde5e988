// SPDX-License-Identifier: Apache-2.0

/// Why a kustomization cannot be built: one or more problems, each with its place.
package struct KustomizeFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package let problems: [KustomizeProblem]

    package init(_ problems: [KustomizeProblem]) { self.problems = problems }
    package init(_ problem: KustomizeProblem) { problems = [problem] }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

package struct KustomizeProblem: Sendable, Hashable, CustomStringConvertible {
    /// A stable name in kebab case: `not-yet`, `unknown-field`, `cycle`, `outside`, `no-match`, …
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
