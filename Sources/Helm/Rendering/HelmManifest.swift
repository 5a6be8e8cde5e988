// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A document that a chart rendered.
package struct HelmManifest: Sendable {
    /// The template that wrote it: `chart/templates/deployment.yaml`.
    package var source: String
    /// As the template wrote it.
    package var text: String
    package var kind: String
    /// The events that a hook is for (`pre-install`, …); `nil` for what belongs to the release.
    package var hook: [String]?

    /// As Helm prints it.
    package var printed: String { "---\n# Source: \(source)\n\(text)\n" }
}

/// Cuts what templates write into documents, and finds the hooks among them.
enum ManifestSplitting {
    private static let hookEvents: Set<String> = [
        "pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback",
        "test", "test-success",
    ]

    /// The documents of a template's output; hooks of kinds that are not known are left out, as Helm does.
    static func manifests(_ output: [UInt8], source: String) throws(HelmFailure) -> [HelmManifest] {
        var manifests: [HelmManifest] = []
        for text in documents(String(decoding: output, as: UTF8.self)) {
            if let manifest = try manifest(text, source) { manifests.append(manifest) }
        }
        return manifests
    }

    private static func manifest(_ text: String, _ source: String) throws(HelmFailure) -> HelmManifest? {
        let head: Value
        do throws(DocumentError) {
            head = try YAML.documents(Array(text.utf8), duplicateKeys: .lastCounts).first ?? .null
        } catch {
            throw HelmFailure(.output, "YAML parse error on \(source): error converting YAML to JSON: yaml: \(error)")
        }
        guard head.isNull || head.map != nil else { throw wrong(source, head, "an object") }
        let kind = try member(head, "kind", source)
        _ = try member(head, "apiVersion", source)
        let metadata = head["metadata"] ?? .null
        guard metadata.isNull || metadata.map != nil else { throw wrong(source, metadata, "metadata to be an object") }
        _ = try member(metadata, "name", source)
        let annotations = metadata["annotations"] ?? .null
        guard annotations.isNull || annotations.map != nil else { throw wrong(source, annotations, "annotations to be an object") }
        for entry in annotations.map ?? Map() where entry.value.string == nil && !entry.value.isNull {
            throw wrong(source, entry.value, "annotation '\(entry.key)' to be a string")
        }
        guard let hook = annotations["helm.sh/hook"] else {
            return HelmManifest(source: source, text: text, kind: kind, hook: nil)
        }
        let events = (hook.string ?? "").split(separator: ",", omittingEmptySubsequences: false).map { event in
            event.drop { $0.isWhitespace }.lowercased().reversed().drop { $0.isWhitespace }.reversed()
        }.map { String($0) }
        guard events.allSatisfy(hookEvents.contains) else { return nil }
        return HelmManifest(source: source, text: text, kind: kind, hook: events)
    }

    private static func member(_ value: Value, _ key: String, _ source: String) throws(HelmFailure) -> String {
        guard let member = value[key], !member.isNull else { return "" }
        guard let text = member.string else { throw wrong(source, member, "'\(key)' to be a string") }
        return text
    }

    private static func wrong(_ source: String, _ value: Value, _ expected: String) -> HelmFailure {
        HelmFailure(.output, "YAML parse error on \(source): expected \(expected), found \(value.kindName)")
    }

    /// Cuts at every `---` that begins a line, with the white space around it; what is on its line behind it begins the next document.
    /// Empty documents are left out.
    static func documents(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var documents: [String] = []
        var start = 0
        while start < bytes.count, isSpace(bytes[start]) { start += 1 }
        var index = start
        func close(_ end: Int) { if start < end { documents.append(String(decoding: bytes[start..<end], as: UTF8.self)) } }
        while index < bytes.count {
            if bytes[index...].starts(with: separator) {
                var end = index
                while end > start, isSpace(bytes[end - 1]) { end -= 1 }
                close(end)
                index += separator.count
                while index < bytes.count, isSpace(bytes[index]) { index += 1 }
                start = index
                // Two marks in a row are one: the line break between them belongs to the first.
            }
            while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            index += 1
        }
        close(bytes.count)
        return documents
    }

    private static let separator = Array("---".utf8)

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
