// SPDX-License-Identifier: Apache-2.0

/// Texts with variables, such as `environments/${environment.name}/shop`; `$$` is a literal `$`.
package enum Template {
    /// Puts the variables' values in.
    /// - Parameter onRead: told each variable that was looked up and what was found, in order; what a render's reads are traced with.
    package static func expand(
        _ text: String, _ variables: Variables, onRead: (_ name: String, _ value: String?) -> Void = { _, _ in }
    ) throws(TemplateError) -> String {
        var result = ""
        for part in try parse(text) {
            switch part {
            case .text(let literal): result += literal
            case .variable(let name):
                let value = variables[name]
                onRead(name, value)
                guard let value else {
                    throw TemplateError(code: "undefined-variable", message: "'\(name)' is not defined", name: name)
                }
                result += value
            }
        }
        return result
    }

    /// The variables that the text names, in order, each once.
    package static func names(in text: String) throws(TemplateError) -> [String] {
        var names: [String] = []
        for case .variable(let name) in try parse(text) where !names.contains(name) { names.append(name) }
        return names
    }

    enum Part: Hashable {
        case text(String)
        case variable(String)
    }

    static func parse(_ text: String) throws(TemplateError) -> [Part] {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            literal += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            switch rest.first {
            case "$":
                literal += "$"
                rest = rest.dropFirst()
            case "{":
                guard let end = rest.firstIndex(of: "}") else {
                    throw TemplateError(code: "invalid-template", message: "'${' without its '}'", name: nil)
                }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                guard Variables.isName(name) else {
                    throw TemplateError(
                        code: "undefined-variable", message: "there is no variable '\(name)'", name: name,
                        hint: "there are \(Variables.forms.map { "${\($0)}" }.joined(separator: ", "))")
                }
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                parts.append(.variable(name))
                rest = rest[rest.index(after: end)...]
            default:
                throw TemplateError(code: "invalid-template", message: "'$' without '{'", name: nil, hint: "a literal '$' is written '$$'")
            }
        }
        literal += rest
        if !literal.isEmpty { parts.append(.text(literal)) }
        return parts
    }
}

package struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `undefined-variable` or `invalid-template`.
    package let code: String
    package let message: String
    /// The variable that it is about, if any.
    package let name: String?
    package let hint: String?

    init(code: String, message: String, name: String?, hint: String? = nil) {
        self.code = code
        self.message = message
        self.name = name
        self.hint = hint
    }

    package var description: String { message }
}
