// SPDX-License-Identifier: Apache-2.0

/// Templates that know each other by name: all files of a chart and what they define.
package struct TemplateSet: Sendable {
    package private(set) var templates: [String: Template] = [:]
    package let limits: TemplateLimits

    package init(limits: TemplateLimits = .standard) { self.limits = limits }

    /// Reads a file; what it defines replaces what has the same name, unless it is empty.
    /// - Throws: a failure with code `syntax` or `limit`; nothing is added then.
    package mutating func add(name: String, text: [UInt8]) throws(TemplateFailure) {
        try add(Self.parse(name: name, text: text, limits: limits))
    }

    /// Reads a file's text without adding it, so that it can be read once and used in many sets.
    package static func parse(name: String, text: [UInt8], limits: TemplateLimits = .standard) throws(TemplateFailure) -> [Template] {
        try Parser.parse(name: name, text: text, limits: limits)
    }

    /// Adds what `parse` gave.
    package mutating func add(_ parsed: [Template]) throws(TemplateFailure) {
        for template in parsed where !(template.isEmpty && templates[template.name] != nil) { templates[template.name] = template }
        guard templates.count <= limits.templatesMax else {
            throw TemplateFailure("more templates than the limit of \(limits.templatesMax)", code: .limit)
        }
    }

    package subscript(name: String) -> Template? { templates[name] }
}
