// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A file that was read and parsed, or a text inside one, kept so that an error can say where in it something is.
struct SourceFile: Sendable {
    let path: String
    let bytes: [UInt8]
    let documents: [Value]
    /// For a text that stands inside another file: where that begins.
    private let outer: SourceMark?

    init(path: String, bytes: [UInt8], documents: [Value]) {
        self.path = path
        self.bytes = bytes
        self.documents = documents
        outer = nil
    }

    /// Parses the text at `node`, such as an inline patch.
    init(inline text: String, at node: Node, scalars: YAML.ScalarRules = .kustomize) throws(KustomizeFailure) {
        path = node.file.path
        bytes = Array(text.utf8)
        let place = node.problem("", "")
        outer = SourceMark(line: place.line ?? 1, column: place.column ?? 1)
        do throws(DocumentError) {
            documents = try YAML.documents(bytes, scalars: scalars)
        } catch {
            throw node.failure(error.code, "line \(error.line) of the text here: \(error.message)")
        }
    }

    /// A problem with what is at `steps` of a document.
    func problem(
        _ code: String, _ message: String, at steps: [PathStep] = [], document: Int = 0, key: Bool = false, hint: String? = nil
    ) -> KustomizeProblem {
        let mark = place(of: steps, document: document, key: key)
        if let outer {
            let line = mark.map { "line \($0.line) of the text here: " } ?? ""
            return KustomizeProblem(
                code: code, path: path, line: outer.line, column: outer.column, message: line + message, hint: hint)
        }
        return KustomizeProblem(code: code, path: path, line: mark?.line, column: mark?.column, message: message, hint: hint)
    }

    /// Where what is at `steps` stands, or the nearest that it is inside of.
    private func place(of steps: [PathStep], document: Int, key: Bool) -> SourceMark? {
        var steps = steps[...]
        if let mark = YAML.locate(Array(steps), document: document, in: bytes, what: key ? .key : .value) { return mark }
        while steps.popLast() != nil {
            if let mark = YAML.locate(Array(steps), document: document, in: bytes, what: .value) { return mark }
        }
        return nil
    }

    /// Where exactly the value at `steps` stands; `nil` where it is not written in this text.
    func mark(of steps: [PathStep], document: Int) -> SourceMark? {
        outer == nil ? YAML.locate(steps, document: document, in: bytes) : nil
    }

    /// The plain scalar at `steps` as it is written; `nil` where it is not written there in one line.
    func plainText(at steps: [PathStep], document: Int) -> String? {
        guard let key = YAML.locate(steps, document: document, in: bytes, what: .key),
            let mark = YAML.locate(steps, document: document, in: bytes)
        else { return nil }
        guard key.line == mark.line else { return "" }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(mark.line - 1) else { return nil }
        var text = String(decoding: lines[mark.line - 1], as: UTF8.self).unicodeScalars.dropFirst(mark.column - 1)[...]
        if let first = text.first, "\"'&*!|>".unicodeScalars.contains(first) { return nil }
        if let comment = text.indices.first(where: { text[$0] == "#" && ($0 == text.startIndex || text[text.index(before: $0)] == " ") }) {
            text = text[..<comment]
        }
        if let end = text.firstIndex(where: { $0 == "," || $0 == "}" || $0 == "]" }) { text = text[..<end] }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text = text.dropLast() }
        return String(text)
    }

    /// A folded text without the line breaks that kustomize's writer adds to those; `nil` where the text at `steps` is not folded.
    func unfolded(_ text: String, at steps: [PathStep], document: Int) -> String? {
        guard let mark = YAML.locate(steps, document: document, in: bytes) else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(mark.line - 1), case let line = Array(lines[mark.line - 1]), mark.column <= line.count,
            line[mark.column - 1] == UInt8(ascii: ">")
        else { return nil }
        let isBlank = { (character: Character?) in character == " " || character == "\t" }
        var parts: [Substring] = []
        var wasIndented = isBlank(text.first)
        for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if isBlank(part.first), !wasIndented, parts.last?.isEmpty == true { parts.removeLast() }
            if !part.isEmpty { wasIndented = isBlank(part.first) }
            parts.append(part)
        }
        return parts.joined(separator: "\n")
    }
}
