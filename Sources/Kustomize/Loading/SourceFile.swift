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
}
