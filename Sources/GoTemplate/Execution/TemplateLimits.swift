// SPDX-License-Identifier: Apache-2.0

/// How much a template may ask for before it is refused.
package struct TemplateLimits: Sendable, Hashable {
    /// Bytes of one template's text, those given to `tpl` included.
    package var templateBytesMax = 16 << 20
    /// How deep control structures and parentheses of a template may nest.
    package var nestingMax = 200
    /// Templates in a set, and definitions in a text.
    package var templatesMax = 50_000
    /// Steps of one rendering: statements, rounds of loops, calls, items that functions walk over.
    package var stepsMax = 50_000_000
    /// How many `include`, `tpl` and `template` may be under way at once.
    package var callDepthMax = 1_100
    /// Bytes of the stack that they may take together.
    package var stackBytesMax = 5 << 20
    /// Bytes of what one template writes.
    package var outputBytesMax = 64 << 20
    /// Bytes of one string, and items of one list that functions make out of little (`repeat`, `indent`, `until`, `seq`).
    package var stringBytesMax = 16 << 20
    package var itemsMax = 1_000_000
    /// Bytes of all strings that functions make in one rendering, whether kept or not.
    package var producedBytesMax = 4 << 30

    package init() {}

    package static let standard = TemplateLimits()
}
