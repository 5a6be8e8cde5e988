// SPDX-License-Identifier: Apache-2.0

/// Why a template could not be read or carried out, in the words of Go's text/template.
package final class TemplateFailure: Error, Sendable, CustomStringConvertible {
    /// The whole text, for example `template: x.yaml:3:5: executing "x.yaml" at <.a.b>: nil pointer evaluating interface {}.b`.
    package let message: String
    /// What Go's `errors.Unwrap` gives: an inner failure whose text this one repeats at its end.
    package let cause: TemplateFailure?
    package let code: Code

    /// Who can do something about it.
    package enum Code: String, Sendable {
        /// The template cannot be read.
        case syntax
        /// The template was carried out and failed.
        case execution
        /// The template asks for more time or memory than it gets.
        case limit
        /// The template wants something that cannot be repeated, and the caller gives no entropy.
        case notRepeatable = "not-repeatable"
        /// The task was cancelled.
        case cancelled
    }

    package init(_ message: String, code: Code = .execution, cause: TemplateFailure? = nil) {
        self.message = message
        self.code = code
        self.cause = cause
    }

    package var description: String { message }
}

extension TemplateFailure {
    /// The message as Helm prints it: the places one below the other, `fail` and `required` without the way there.
    /// - Parameter file: the template that was read or rendered.
    package func helmMessage(file: String) -> String {
        switch code {
        case .syntax: parseMessage(file)
        case .execution, .limit, .notRepeatable, .cancelled: executionMessage(file)
        }
    }

    private func parseMessage(_ file: String) -> String {
        let parts = Self.split(message)
        guard parts.count > 1, let last = parts.last else { return "parse error in (\(file)): \(message)" }
        return "parse error at (\(parts[1])): \(last)"
    }

    private func executionMessage(_ file: String) -> String {
        let parts = Self.split(message, most: 3)
        guard parts.count == 3 else { return message }
        if let begin = parts[2].firstRange(of: Self.warningBegin), let end = parts[2].ranges(of: Self.warningEnd).last,
            begin.upperBound <= end.lowerBound
        {
            return "execution error at (\(parts[1])): \(parts[2][begin.upperBound..<end.lowerBound])"
        }
        var shown: [String] = []
        var next: TemplateFailure? = self
        while let failure = next {
            guard let lines = Self.traced(failure.message) else { return message }
            if shown.last != lines { shown.append(lines) }
            next = failure.cause
        }
        var text = shown.joined()
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    static let warningBegin = "HELM_ERR_START"
    static let warningEnd = "HELM_ERR_END"

    private static func split(_ text: String, most: Int = .max) -> [String] {
        var parts: [String] = []
        var rest = text[...]
        while parts.count < most - 1, let range = rest.firstRange(of: ": ") {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        parts.append(String(rest))
        return parts
    }

    /// One failure of the chain as lines: place, what was carried out, what went wrong; `nil` where it is none of a template.
    private static func traced(_ message: String) -> String? {
        let prefix = "template: "
        guard message.hasPrefix(prefix) else { return nil }
        let rest = message.dropFirst(prefix.count)
        if rest.hasPrefix("no template ") { return message + "\n" }
        if let executing = rest.firstRange(of: ": executing \"") {
            let after = rest[executing.upperBound...]
            guard let quote = after.firstIndex(of: "\"") else { return nil }
            let behind = after[quote...].dropFirst()
            guard behind.hasPrefix(" at <"), let end = behind.firstRange(of: ">: ") else { return nil }
            let place = behind[..<end.lowerBound].dropFirst(5)
            return "\(rest[..<executing.lowerBound])\n  executing \"\(after[..<quote])\" at <\(place)>:\n    "
                + cut(behind[end.upperBound...]) + "\n"
        }
        guard let last = rest.ranges(of: ": ").last else { return nil }
        return "\(rest[..<last.lowerBound])\n  \(cut(rest[last.upperBound...]))\n"
    }

    private static func cut(_ message: Substring) -> String {
        message.firstRange(of: " template:").map { String(message[..<$0.lowerBound]) } ?? String(message)
    }
}
