// SPDX-License-Identifier: Apache-2.0

extension RegularExpression {
    /// Replaces every match, as Go's `ReplaceAllString`.
    ///
    /// In `template`, `$1`, `${1}`, `$name` and `${name}` stand for captures, `$$` for a dollar sign. A name without
    /// braces is as long as possible (`$1x` is the capture `1x`). Captures that do not exist are empty.
    package func replaceAll(in text: String, with template: String) -> String {
        let parts = ReplacementTemplate(template, names: subexpressionNames)
        return replace(in: text) { match, bytes, result in parts.append(match, bytes, to: &result) }
    }

    /// Replaces every match by exactly `replacement`, as Go's `ReplaceAllLiteralString`.
    package func replaceAllLiteral(in text: String, with replacement: String) -> String {
        replace(in: text) { _, _, result in result.append(contentsOf: replacement.utf8) }
    }

    /// Replaces every match by what `replacement` makes of the matched text, as Go's `ReplaceAllStringFunc`.
    package func replaceAll(in text: String, by replacement: (String) -> String) -> String {
        replace(in: text) { match, bytes, result in
            result.append(contentsOf: replacement(String(decoding: bytes[match.range], as: UTF8.self)).utf8)
        }
    }

    private func replace(
        in text: String, _ append: (Match, UnsafeBufferPointer<UInt8>, inout [UInt8]) -> Void
    ) -> String {
        let replaced: [UInt8]? = Self.withUTF8(text) { text in
            var result: [UInt8] = []
            var lastEnd = 0
            var position = 0
            var isChanged = false
            while position <= text.count, let match = firstMatch(text, from: position) {
                isChanged = true
                let range = match.range
                result.append(contentsOf: text.bytes[lastEnd..<range.lowerBound])
                // Not for an empty match right behind another match.
                if range.upperBound > lastEnd || range.lowerBound == 0 { append(match, text.bytes, &result) }
                lastEnd = range.upperBound
                // One character at least is passed over.
                let width = position < text.count ? text.decode(at: position).width : 1
                position = max(position + width, lastEnd)
            }
            guard isChanged else { return nil }
            result.append(contentsOf: text.bytes[lastEnd...])
            return result
        }
        return replaced.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// The parts of `text` between matches, as Go's `Regexp.Split`.
    /// - Parameter limit: the most parts, the last of which is then the rest; nil or a negative number for all.
    package func split(_ text: String, limit: Int? = nil) -> [String] {
        let limit = limit.flatMap { $0 < 0 ? nil : $0 }
        if limit == 0 { return [] }
        if !pattern.isEmpty, text.isEmpty { return [""] }
        let matches = allMatches(in: text, limit: limit)
        return Self.withUTF8(text) { text in
            var parts: [String] = []
            var begin = 0
            var end = 0
            for match in matches {
                if let limit, parts.count == limit - 1 { break }
                end = match.range.lowerBound
                if match.range.upperBound != 0 { parts.append(String(decoding: text.bytes[begin..<end], as: UTF8.self)) }
                begin = match.range.upperBound
            }
            if end != text.count { parts.append(String(decoding: text.bytes[begin...], as: UTF8.self)) }
            return parts
        }
    }
}
