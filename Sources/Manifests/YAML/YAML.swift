// SPDX-License-Identifier: Apache-2.0

/// YAML 1.1 to and from the document tree, as Kubernetes' tools read and write it (sigs.k8s.io/yaml).
///
/// Reading goes through JSON's data model: keys are strings, dates are strings, `.inf` and `.nan` are errors, a whole number that
/// is written as a fraction (`1.0`, `1e3`) is an integer. Anchors, aliases and merge keys (`<<`) are expanded.
package enum YAML {
    /// Which plain scalars are booleans.
    package enum ScalarRules: Sendable {
        /// As `kubectl apply` and `helm` read: also `y`, `n`, `yes`, `no`, `on` and `off`.
        case kubernetes
        /// As Kustomize reads: only `true` and `false`; the others are strings.
        case kustomize
    }

    /// What becomes of a key that a map has twice.
    package enum DuplicateKeys: Sendable {
        case refused
        /// As the non-strict readers of Go have it.
        case lastCounts
    }

    /// Reads all documents of a stream; one without content is `.null`, so that indices count the documents as they stand.
    /// - Throws: codes `too-large`, `too-deep`, `too-many-aliases`, `too-many-documents`, `invalid-utf8`, `syntax`, `duplicate-key`,
    ///   `invalid-key`, `invalid-merge`, `unknown-anchor`, `invalid-scalar`.
    package static func documents(
        _ bytes: [UInt8], limits: Limits = .standard, scalars: ScalarRules = .kubernetes, duplicateKeys: DuplicateKeys = .refused
    ) throws(DocumentError) -> [Value] {
        try limits.check(bytes: bytes.count)
        return try bytes.withUnsafeBufferPointer { (buffer) throws(DocumentError) -> [Value] in
            var reader = try YAMLReader(buffer, limits: limits, rules: scalars, duplicateKeys: duplicateKeys)
            return try reader.readDocuments()
        }
    }

    package static func documents(
        _ text: String, limits: Limits = .standard, scalars: ScalarRules = .kubernetes
    ) throws(DocumentError) -> [Value] {
        try documents(Array(text.utf8), limits: limits, scalars: scalars)
    }

    /// Reads a stream of exactly one document; an empty one is `.null`.
    /// - Throws: as `documents`, and `too-many-documents` where there are more.
    package static func document(
        _ bytes: [UInt8], limits: Limits = .standard, scalars: ScalarRules = .kubernetes
    ) throws(DocumentError) -> Value {
        var limits = limits
        limits.documentsMax = 1
        return try documents(bytes, limits: limits, scalars: scalars).first ?? .null
    }

    /// Where the value at `path` (or the key that leads to it) begins.
    ///
    /// Reads the text again: values carry no places, which keeps the reader fast and costs only where there is something to report.
    /// `nil` where the path leads nowhere, or passes through an alias or a merge key to something written elsewhere.
    /// - Parameter document: counted from 0, as in `documents`.
    package static func locate(
        _ path: [PathStep], document: Int, in bytes: [UInt8], what: Part = .value
    ) -> SourceMark? {
        bytes.withUnsafeBufferPointer { buffer in
            guard var locator = try? YAMLLocator(buffer) else { return nil }
            return try? locator.find(path, document: document, part: what)
        }
    }

    /// Where the text of the node that begins at `mark` ends (the place after it); `nil` where none begins.
    package static func end(ofNodeAt mark: SourceMark, in bytes: [UInt8]) -> SourceMark? {
        bytes.withUnsafeBufferPointer { buffer in
            guard var locator = try? YAMLLocator(buffer) else { return nil }
            return try? locator.end(ofNodeAt: mark)
        }
    }

    package enum Part: Sendable {
        case key, value
    }

    /// How written values are laid out.
    package enum Layout: Sendable {
        /// As Kubernetes' tools: lists level with their key, long lines folded.
        case kubernetes
        /// As Helm's `toYamlPretty`: lists two spaces deeper than their key, nothing folded.
        case pretty
    }

    /// The value in block style, ending in a line break, byte for byte as Kubernetes' tools lay it out; keys in the order given.
    package static func write(_ value: Value, layout: Layout = .kubernetes) -> String {
        var writer = YAMLWriter(layout: layout)
        writer.writeDocument(value)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The documents in order, with `---` between them.
    package static func write(documents: some Sequence<Value>) -> String {
        var writer = YAMLWriter()
        for (index, value) in documents.enumerated() {
            if index > 0 { writer.bytes.append(contentsOf: "---\n".utf8) }
            writer.writeDocument(value)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// One step from a value to a value inside it.
package enum PathStep: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case key(String)
    case index(Int)

    package init(stringLiteral value: String) { self = .key(value) }
    package init(integerLiteral value: Int) { self = .index(value) }
}

extension YAML {
    /// What a text means that is written without quotes; a string where it is no other scalar, the empty text included.
    package static func plainScalar(_ text: String, scalars: ScalarRules) -> Value {
        var text = text
        guard !text.isEmpty else { return .string("") }
        let resolved = text.withUTF8 { PlainScalar.resolve($0, rules: scalars) }
        if case .value(let value)? = resolved { return value }
        return .string(text)
    }
}
