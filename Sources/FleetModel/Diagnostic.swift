// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong, or worth knowing, about a declaration.
package struct Diagnostic: Error, Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable {
        case error, warning
    }

    /// The file's path below the repository's root.
    package let file: String
    /// Counted from 1.
    package let line: Int
    /// In Unicode scalars, counted from 1.
    package let column: Int
    package let severity: Severity
    /// A stable name in kebab case; see `docs/reference/declarations.md`.
    package let code: String
    package let message: String
    /// How to mend it.
    package let hint: String?
    /// The declaration that it makes unusable; `nil` where a file could not be read so far.
    package let subject: Subject?

    package init(
        file: String, line: Int, column: Int, severity: Severity, code: String, message: String, hint: String? = nil,
        subject: Subject? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.code = code
        self.message = message
        self.hint = hint
        self.subject = subject
    }
}

/// A declaration, by kind and name.
package struct Subject: Sendable, Hashable, CustomStringConvertible {
    package let kind: Kind
    package let name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// `Cluster prod-eu-1`.
    package var description: String { "\(kind.rawValue) \(name)" }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error[code]: message`, and the hint on a line of its own.
    package var description: String {
        "\(file):\(line):\(column): \(severity.rawValue)[\(code)]: \(message)" + (hint.map { "\n  hint: \($0)" } ?? "")
    }
}

extension Diagnostic: Comparable {
    /// By place, then errors before warnings, then by code and message.
    package static func < (left: Diagnostic, right: Diagnostic) -> Bool {
        let places = ((left.file, left.line, left.column), (right.file, right.line, right.column))
        if places.0 != places.1 { return places.0 < places.1 }
        return (left.severity.rawValue, left.code, left.message) < (right.severity.rawValue, right.code, right.message)
    }
}
