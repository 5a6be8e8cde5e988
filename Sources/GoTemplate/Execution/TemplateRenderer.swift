// SPDX-License-Identifier: Apache-2.0

/// Carries out the templates of a set, as Helm does for one chart.
///
/// One rendering of one chart: it counts recursion over all files, keeps what `tpl` has parsed, and remembers what cannot be repeated.
/// The data belong to it: templates may change maps (`set`), and maps that they put into each other are emptied in the end.
package final class TemplateRenderer {
    private let machine: Machine

    /// - Parameter entropy: without it, functions that cannot be repeated fail.
    package init(_ templates: TemplateSet, limits: TemplateLimits = .standard, entropy: Entropy? = nil) {
        machine = Machine(templates, limits: limits, entropy: entropy)
    }

    /// The functions called so far whose results cannot be repeated, in the order of their names.
    package var nonRepeatableFunctions: [String] { machine.nonRepeatable.sorted() }

    /// The output of a template of the set.
    ///
    /// Absent values print as nothing, as Helm has it (`<no value>` is removed from the output).
    /// - Throws: a failure of any code but `syntax`.
    package func render(_ name: String, _ data: Datum) throws(TemplateFailure) -> [UInt8] {
        guard let template = machine.template(named: name) else {
            throw TemplateFailure("template: no template \(Quoting.quote(name)) associated with template \"gotpl\"")
        }
        return try machine.render(template, data)
    }
}
