// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Annotations of a file's objects as they are written: `1.50` is the text 1.50, nothing at all is the empty text, and a folded text is as
/// YAML has it, because kustomize writes annotations anew.
///
/// How something is written takes another pass through the file: one for all of its objects, and only where an annotation asks for it.
struct AnnotationTexts {
    private let bytes: [UInt8]
    private var plain: [[[PathStep]: String]]?
    private var folded: [[[PathStep]: String]]?

    private static let field = ["metadata", "annotations"]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The object with its annotations as texts.
    /// - Parameters:
    ///   - document: which one of the file.
    ///   - steps: where in the document the object stands.
    mutating func texts(of object: Value, document: Int, steps: [PathStep]) -> Value {
        guard case .map(let annotations)? = object["metadata"]?["annotations"] else { return object }
        var object = object
        for entry in annotations where entry.value.map == nil && entry.value.list == nil {
            let place = steps + Self.field.map { .key($0) } + [.key(entry.key)]
            let text: String
            if let read = entry.value.string {
                guard read.utf8.contains(UInt8(ascii: "\n")), foldedTexts(document)[place] != nil else { continue }
                text = Self.unfolded(read)
            } else {
                text = plainTexts(document)[place] ?? entry.value.scalarText ?? ""
            }
            object["metadata"]?["annotations"]?[entry.key] = .string(text)
        }
        return object
    }

    private mutating func plainTexts(_ document: Int) -> [[PathStep]: String] {
        let texts = plain ?? YAML.texts(spelled: .plain, ending: Self.field, in: bytes)
        plain = texts
        return texts.indices.contains(document) ? texts[document] : [:]
    }

    private mutating func foldedTexts(_ document: Int) -> [[PathStep]: String] {
        let texts = folded ?? YAML.texts(spelled: .folded, ending: Self.field, in: bytes)
        folded = texts
        return texts.indices.contains(document) ? texts[document] : [:]
    }

    /// Takes the line breaks out that kustomize's writer adds to folded texts.
    private static func unfolded(_ text: String) -> String {
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
