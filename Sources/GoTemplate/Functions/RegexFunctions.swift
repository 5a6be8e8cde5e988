// SPDX-License-Identifier: Apache-2.0
import RegularExpressions

/// Patterns compiled in a rendering, kept for the next call.
struct RegexCache {
    private var compiled: [String: RegularExpression] = [:]

    mutating func expression(_ pattern: String) throws(RegularExpressionError) -> RegularExpression {
        if let known = compiled[pattern] { return known }
        let expression = try RegularExpression(pattern)
        // Charts use a few dozen; templates that make patterns must not fill memory.
        if compiled.count > 1_000 { compiled.removeAll() }
        compiled[pattern] = expression
        return expression
    }
}

/// Sprig's functions on regular expressions.
enum RegexFunctions {
    static let functions: [Function] =
        [
            Function(
                "regexMatch", [.string, .string],
                .two { machine, pattern, text in
                    do throws(RegularExpressionError) {
                        return .bool(try machine.expressions.expression(pattern.text).matches(text.text))
                    } catch {
                        return .bool(false)
                    }
                }),
            Function(
                "mustRegexMatch", [.string, .string],
                .two { machine, pattern, text throws(TemplateFailure) in
                    .bool(try expression(machine, pattern, isMust: true).matches(text.text))
                }),
            Function("regexQuoteMeta", [.string], .one { _, text in .string(RegularExpression.quote(text.text)) }),
        ]
        + both("regexFind", [.string, .string]) { isMust in
            .two { machine, pattern, text throws(TemplateFailure) in
                let text = text.text
                return .string(try expression(machine, pattern, isMust: isMust).firstMatch(in: text)?.text(of: text) ?? "")
            }
        }
        + both("regexFindAll", [.string, .string, .int]) { isMust in
            .three { machine, pattern, text, count throws(TemplateFailure) in
                let text = text.text
                let matches = try expression(machine, pattern, isMust: isMust).allMatches(in: text, limit: limit(machine, count))
                try machine.charge(listOf: matches.count)
                return matches.isEmpty ? .list([], .nilString) : .list(matches.map { .string($0.text(of: text) ?? "") }, .string)
            }
        }
        + both("regexReplaceAll", [.string, .string, .string]) { isMust in
            .three { machine, pattern, text, replacement throws(TemplateFailure) in
                let expression = try expression(machine, pattern, isMust: isMust)
                try bound(machine, text, replacement)
                return .string(expression.replaceAll(in: text.text, with: replacement.text))
            }
        }
        + both("regexReplaceAllLiteral", [.string, .string, .string]) { isMust in
            .three { machine, pattern, text, replacement throws(TemplateFailure) in
                let expression = try expression(machine, pattern, isMust: isMust)
                try bound(machine, text, replacement)
                return .string(expression.replaceAllLiteral(in: text.text, with: replacement.text))
            }
        }
        + both("regexSplit", [.string, .string, .int]) { isMust in
            .three { machine, pattern, text, count throws(TemplateFailure) in
                let parts = try expression(machine, pattern, isMust: isMust).split(text.text, limit: limit(machine, count))
                try machine.charge(listOf: parts.count)
                return parts.isEmpty ? .list([], .nilString) : .strings(parts)
            }
        }

    private static func both(_ name: String, _ parameters: [Parameter], _ body: (Bool) -> Function.Body) -> [Function] {
        [
            Function(name, parameters, body(false)),
            Function("must" + name.prefix(1).uppercased() + name.dropFirst(), parameters, body(true)),
        ]
    }

    private static func expression(_ machine: Machine, _ pattern: Datum, isMust: Bool) throws(TemplateFailure) -> RegularExpression {
        do throws(RegularExpressionError) {
            return try machine.expressions.expression(pattern.text)
        } catch {
            if isMust { throw TemplateFailure(error.description) }
            let quoted = pattern.text.contains("`") ? Quoting.quote(pattern.text) : "`\(pattern.text)`"
            throw TemplateFailure("regexp: Compile(\(quoted)): \(error.description)")
        }
    }

    /// All, but no more than one too many.
    private static func limit(_ machine: Machine, _ count: Datum) -> Int {
        count.integer < 0 ? machine.limits.itemsMax + 1 : Int(count.integer)
    }

    /// Refuses replacements that could make a text too large before it is made.
    private static func bound(_ machine: Machine, _ text: Datum, _ replacement: Datum) throws(TemplateFailure) {
        let (count, size) = (text.text.utf8.count + 1, replacement.text.utf8.count)
        let (most, overflows) = count.multipliedReportingOverflow(by: size)
        if size > 4, overflows || most > machine.limits.stringBytesMax { try machine.charge(bytes: overflows ? .max / 2 : most) }
        try machine.charge(items: count / 64)
    }
}
