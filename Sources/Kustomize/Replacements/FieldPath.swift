// SPDX-License-Identifier: Apache-2.0

/// A path as replacements and variables write it: parts between points, `\.` for a point inside one, and brackets for what is no plain name.
///
/// `[name=web]` chooses items of a list and is kept as it is; `[a.b/c]`, brackets around a name with points, is that name. Source of the
/// rules: kustomize `kyaml/utils/pathsplitter.go`.
enum FieldPath {
    static func split(_ path: String) -> [String] {
        var parts: [String] = []
        var rest = FieldSpec.split(path, separator: UInt8(ascii: "."))[...]
        while let part = rest.popFirst() {
            guard part.hasPrefix("["), !part.hasSuffix("]") else {
                parts.append(part)
                continue
            }
            // A point inside brackets has split them.
            var bracketed = [part]
            while let more = rest.popFirst() {
                bracketed.append(more)
                if more.hasSuffix("]") { break }
            }
            let whole = bracketed.joined(separator: ".")
            parts.append(whole.contains("=") ? whole : trimmed(whole))
        }
        return parts
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text.utf8[...]
        func isBracket(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") }
        while isBracket(rest.first) { rest.removeFirst() }
        while isBracket(rest.last) { rest.removeLast() }
        return String(Substring(rest))
    }

    /// `name[2]` as two parts, for paths of variables.
    static func splitIndices(_ parts: [String]) -> [String] {
        parts.flatMap { part -> [String] in
            guard part.hasSuffix("]"), let open = part.utf8.lastIndex(of: UInt8(ascii: "[")) else { return [part] }
            let index = part.utf8[part.utf8.index(after: open)...].dropLast()
            guard !index.isEmpty, index.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return [part] }
            let digits = String(Substring(index))
            return open == part.startIndex ? [digits] : [String(part[..<open]), digits]
        }
    }

    /// `[field=value]` of a list's items, `[=value]` of items that are no maps.
    static func selection(_ part: String) -> Result<(field: String, value: String), FieldFailure>? {
        guard part.hasPrefix("["), part.hasSuffix("]") else { return nil }
        let inner = part.utf8.count > 1 ? part.utf8.dropFirst().dropLast() : part.utf8.dropFirst()
        let text = String(Substring(inner))
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            return .failure(FieldFailure(message: "\(part) must be [field=value] or [=value]"))
        }
        return .success((String(text[..<equals]), String(text[text.utf8.index(after: equals)...])))
    }
}
