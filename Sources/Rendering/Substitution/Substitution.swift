// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Replaces `${name}` and `${name:=default}` in the text of a manifest; `$$` is a `$`, and any other `$` stays.
///
/// The text is changed before it is parsed, so `replicas: ${replicas}` becomes a number and `"${replicas}"` stays a string. A value that
/// has a line break or a control character would change the document's structure and is refused. Encrypted documents stay as they are.
enum Substitution {
    /// A place where text was put in for other text.
    struct Replacement {
        /// Where the text was that went.
        let mark: SourceMark
        /// What went and what came, in Unicode scalars.
        let length: Int
        let newLength: Int
        /// As it is written; `nil` for `$$`.
        let name: String?
        let value: String
        let isDefault: Bool
    }

    /// - Parameter onReplace: told each replacement, in order.
    static func apply(
        to bytes: [UInt8], path: String, variables: TracedVariables, errors: inout [RenderError],
        onReplace: (Replacement) -> Void = { _ in }
    ) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "$")) else { return bytes }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 64)
        var line = 1
        for document in documents(of: bytes, isJSON: path.hasSuffix(".json")) {
            let text = bytes[document.range]
            if document.isEncrypted {
                output += text
                line += text.lazy.filter { $0 == UInt8(ascii: "\n") }.count
            } else {
                replace(text, into: &output, line: &line, path, variables, &errors, onReplace)
            }
        }
        return output
    }

    private static func replace(
        _ text: ArraySlice<UInt8>, into output: inout [UInt8], line: inout Int, _ path: String, _ variables: TracedVariables,
        _ errors: inout [RenderError], _ onReplace: (Replacement) -> Void
    ) {
        var index = text.startIndex
        var lineStart = index
        while index < text.endIndex {
            let byte = text[index]
            if byte == UInt8(ascii: "\n") {
                line += 1
                lineStart = index + 1
            }
            guard byte == UInt8(ascii: "$"), index + 1 < text.endIndex else {
                output.append(byte)
                index += 1
                continue
            }
            let isLiteral = text[index + 1] == UInt8(ascii: "$")
            guard isLiteral || text[index + 1] == UInt8(ascii: "{") else {
                output.append(byte)
                index += 1
                continue
            }
            let column = String(decoding: text[lineStart..<index], as: UTF8.self).unicodeScalars.count + 1
            let mark = SourceMark(line: line, column: column)
            if isLiteral {
                onReplace(Replacement(mark: mark, length: 2, newLength: 1, name: nil, value: "$", isDefault: false))
                output.append(byte)
                index += 2
                continue
            }
            func refuse(_ code: String, _ message: String, _ hint: String?) {
                errors.append(RenderError(code: code, path: path, line: mark.line, column: mark.column, message: message, hint: hint))
            }
            let rest = text[(index + 2)...]
            guard let end = rest.firstIndex(where: { $0 == UInt8(ascii: "}") || $0 == UInt8(ascii: "\n") }), text[end] == UInt8(ascii: "}")
            else {
                refuse("syntax", "${ has no } on its line", "a literal $ is written $$")
                output.append(byte)
                index += 1
                continue
            }
            let expression = String(decoding: text[(index + 2)..<end], as: UTF8.self)
            index = end + 1
            guard let (name, fallback) = parse(expression) else {
                refuse("syntax", "${\(expression)} names no variable", "write ${name} or ${name:=default}; a literal $ is written $$")
                continue
            }
            let known = variables[name]
            guard let value = known ?? fallback else {
                refuse(
                    "undefined-variable", "variable \(name) is not defined",
                    variables.nearest(to: name).map { "there is \($0)" }
                        ?? "a default is written ${\(name):=value}, a literal $ is written $$")
                continue
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                refuse("unsuitable-variable", "the value of \(name) has a line break or a control character", nil)
                continue
            }
            onReplace(
                Replacement(
                    mark: mark, length: expression.unicodeScalars.count + 3, newLength: value.unicodeScalars.count, name: name,
                    value: value,
                    isDefault: known == nil))
            output += Array(value.utf8)
        }
    }

    /// Splits `name:=default`.
    private static func parse(_ expression: String) -> (name: String, fallback: String?)? {
        var name = expression[...]
        var fallback: String?
        if let colon = expression.firstIndex(of: ":") {
            let rest = expression[expression.index(after: colon)...]
            guard rest.first == "=" else { return nil }
            name = expression[..<colon]
            fallback = String(rest.dropFirst())
        }
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        return isName && !name.isEmpty ? (String(name), fallback) : nil
    }

    private struct Document {
        let range: Range<Int>
        var isEncrypted = false
    }

    /// The documents of a stream with their separators; an encrypted one has a member `sops` at its top.
    private static func documents(of bytes: [UInt8], isJSON: Bool) -> [Document] {
        if isJSON {
            let isEncrypted = (try? JSON.read(bytes))?["sops"] != nil
            return [Document(range: 0..<bytes.count, isEncrypted: isEncrypted)]
        }
        var documents: [Document] = []
        var start = 0
        var isEncrypted = false
        var lineStart = 0
        while lineStart < bytes.count {
            let rest = bytes[lineStart...]
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
            if lineStart > start, rest.starts(with: "---".utf8) {
                documents.append(Document(range: start..<lineStart, isEncrypted: isEncrypted))
                start = lineStart
                isEncrypted = false
            }
            if rest.starts(with: "sops:".utf8) || rest.starts(with: "\"sops\":".utf8) { isEncrypted = true }
            lineStart = end
        }
        documents.append(Document(range: start..<bytes.count, isEncrypted: isEncrypted))
        return documents
    }
}
