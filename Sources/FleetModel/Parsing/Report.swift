// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Collects what is wrong while one set of files is read; used by one thread at a time.
final class Report {
    private(set) var diagnostics: [Diagnostic] = []

    func add(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }
}

/// One YAML document of a file, as a place that diagnostics point into.
struct DocumentPlace: Sendable {
    let file: SourceFile
    /// Counted from 0.
    let index: Int
    var subject: Subject?

    /// The document itself, read anew: few checks need more of it than its declaration.
    var value: Value? {
        guard let values = try? DocumentReader.documents(of: file), values.indices.contains(index) else { return nil }
        return values[index]
    }

    /// Where `path` stands; where it came in by an alias, the innermost place around it that stands in the text.
    func mark(at path: [PathStep], _ part: YAML.Part = .value) -> SourceMark {
        if let mark = YAML.locate(path, document: index, in: file.bytes, what: part) { return mark }
        var path = path
        while path.popLast() != nil {
            if let mark = YAML.locate(path, document: index, in: file.bytes, what: .value) { return mark }
        }
        return SourceMark(line: 1, column: 1)
    }
}

/// A document, and where what is found in it is reported.
struct SourceDocument {
    var place: DocumentPlace
    let report: Report

    func add(
        _ severity: Diagnostic.Severity, _ code: String, _ message: String, hint: String? = nil, at path: [PathStep],
        part: YAML.Part = .value
    ) {
        let mark = place.mark(at: path, part)
        report.add(
            Diagnostic(
                file: place.file.path, line: mark.line, column: mark.column, severity: severity, code: code, message: message, hint: hint,
                subject: place.subject))
    }
}
