// SPDX-License-Identifier: Apache-2.0
import RegularExpressions

/// `.Files`: the files of a chart that are neither templates nor metadata, by path.
package final class ChartFiles: TemplateObject {
    private let files: [String: [UInt8]]

    package init(_ files: [String: [UInt8]]) { self.files = files }

    package var typeName: String { "engine.files" }
    package var kindName: String { "map" }
    package var isTrue: Bool { !files.isEmpty }

    package var members: [(String, Datum)]? {
        files.sorted { Dictionary.isBefore($0.key, $1.key) }.map { ($0.key, .bytes($0.value)) }
    }

    package func field(_ name: String) -> Datum? { files[name].map { .bytes($0) } }

    package func method(_ name: String) -> TemplateMethod? {
        switch name {
        case "Get": TemplateMethod([.string]) { arguments in .text(self.files[arguments[0].text] ?? []) }
        case "GetBytes": TemplateMethod([.string]) { arguments in .bytes(self.files[arguments[0].text] ?? []) }
        case "Glob": TemplateMethod([.string]) { arguments in .object(self.glob(arguments[0].text)) }
        case "Lines": TemplateMethod([.string]) { arguments in self.lines(arguments[0].text) }
        case "AsConfig": TemplateMethod { _ throws(TemplateFailure) in try self.yaml { .text($0) } }
        case "AsSecrets": TemplateMethod { _ throws(TemplateFailure) in try self.yaml { .text(Base64.encode($0)) } }
        default: nil
        }
    }

    private func glob(_ pattern: String) -> ChartFiles {
        guard let expression = Self.expression(pattern) else { return self }
        return ChartFiles(files.filter { expression.matches($0.key) })
    }

    private func lines(_ path: String) -> Datum {
        guard var bytes = files[path], !bytes.isEmpty else { return .list([], .string) }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return .list(Search.split(bytes, by: [UInt8(ascii: "\n")]).map { .text($0) }, .string)
    }

    private func yaml(_ value: ([UInt8]) -> Datum) throws(TemplateFailure) -> Datum {
        let map = Dictionary(typeName: "map[string]string")
        for (path, bytes) in files.sorted(by: { Dictionary.isBefore($0.key, $1.key) }) { map[PathFunctions.base(path)] = value(bytes) }
        return .string(try YAMLFormat.write(.map(map)))
    }

    /// A shell pattern as a regular expression: `*` and `?` stay within a folder, `**` does not; `[a-z]`, `[!a]` and `{a,b}` too.
    ///
    /// `nil`, which means everything, where the pattern is malformed.
    private static func expression(_ pattern: String) -> RegularExpression? {
        var text = "(?s)^"
        var rest = pattern.unicodeScalars[...]
        var depth = 0
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*":
                if rest.first == "*" {
                    rest = rest.drop { $0 == "*" }
                    text += ".*"
                } else {
                    text += "[^/]*"
                }
            case "?": text += "[^/]"
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                text += RegularExpression.quote(String(next))
            case "[":
                guard let end = rest.firstIndex(of: "]") else { return nil }
                var set = String(rest[..<end])
                rest = rest[end...].dropFirst()
                let isNegated = set.hasPrefix("!")
                if isNegated { set.removeFirst() }
                let escaped = set.replacing("\\", with: "\\\\").replacing("^", with: "\\^").replacing("[", with: "\\[")
                text += (isNegated ? "[^" : "[") + escaped + "]"
            case "{":
                depth += 1
                text += "(?:"
            case "}" where depth > 0:
                depth -= 1
                text += ")"
            case "," where depth > 0: text += "|"
            default: text += RegularExpression.quote(String(scalar))
            }
        }
        guard depth == 0 else { return nil }
        do throws(RegularExpressionError) { return try RegularExpression(text + "$") } catch { return nil }
    }
}
