// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Collects what is wrong while one set of files is read; used by one thread at a time.
final class Report {
    private(set) var diagnostics: [Diagnostic] = []

    func add(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }
}

/// One YAML document of a file, as the place that diagnostics point into.
struct SourceDocument {
    let file: SourceFile
    /// Counted from 0.
    let index: Int
    let value: Value
    let report: Report
    var subject: Subject?

    func add(
        _ severity: Diagnostic.Severity, _ code: String, _ message: String, hint: String? = nil, at path: [PathStep],
        part: YAML.Part = .value
    ) {
        let mark = self.mark(path, part)
        report.add(
            Diagnostic(
                file: file.path, line: mark.line, column: mark.column, severity: severity, code: code, message: message, hint: hint,
                subject: subject))
    }

    /// Where `path` stands; where it came in by an alias, the innermost place around it that stands in the text.
    private func mark(_ path: [PathStep], _ part: YAML.Part) -> SourceMark {
        if let mark = YAML.locate(path, document: index, in: file.bytes, what: part) { return mark }
        var path = path
        while path.popLast() != nil {
            if let mark = YAML.locate(path, document: index, in: file.bytes, what: .value) { return mark }
        }
        return SourceMark(line: 1, column: 1)
    }

    func mark(at path: [PathStep]) -> SourceMark { mark(path, .value) }
}
