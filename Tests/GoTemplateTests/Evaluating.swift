// SPDX-License-Identifier: Apache-2.0
import GoTemplate
import Manifests

/// What a template gives, or its failure's message.
func evaluate(
    _ template: String, _ values: Value = .map(Map()), entropy: Entropy? = .test, limits: TemplateLimits = .standard
) -> String {
    do throws(TemplateFailure) { return try render(template, values, entropy: entropy, limits: limits) } catch { return error.message }
}

func render(
    _ template: String, _ values: Value = .map(Map()), entropy: Entropy? = .test, limits: TemplateLimits = .standard
) throws(TemplateFailure) -> String {
    var set = TemplateSet(limits: limits)
    try set.add(name: "t", text: Array(template.utf8))
    let renderer = TemplateRenderer(set, limits: limits, entropy: entropy)
    return String(decoding: try renderer.render("t", .map([("Values", Datum(values))])), as: UTF8.self)
}
