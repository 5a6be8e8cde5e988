// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A chart's `values.schema.json`, checked as Helm checks it: JSON Schema, drafts 4, 6, 7, 2019-09 and 2020-12.
///
/// Nothing is fetched: a reference to another document allows everything, and is told of in `ignored`.
struct ValuesSchema {
    enum Draft: Int, Comparable {
        case four = 4
        case six = 6
        case seven = 7
        case year2019 = 2019
        case year2020 = 2020

        static func < (left: Draft, right: Draft) -> Bool { left.rawValue < right.rawValue }
    }

    let root: Value
    let draft: Draft
    /// Schemas by the names that references within the document use: `#name` and absolute identifiers.
    let named: [String: Value]

    /// Bytes of a schema.
    static let bytesMax = 5 << 20

    init(_ bytes: [UInt8]) throws(HelmFailure) {
        guard bytes.count <= Self.bytesMax else {
            throw HelmFailure(.limit, "values.schema.json is larger than \(Self.bytesMax) bytes")
        }
        do throws(DocumentError) { root = try JSON.read(bytes) } catch {
            throw HelmFailure(.chart, "values.schema.json: \(error)")
        }
        draft = Self.draft(root["$schema"]?.string)
        var named: [String: Value] = [:]
        Self.collect(root, draft, &named, depth: 0)
        self.named = named
    }

    private static func draft(_ name: String?) -> Draft {
        guard var name else { return .year2020 }
        for prefix in ["http://json-schema.org/", "https://json-schema.org/"] where name.hasPrefix(prefix) {
            name = String(name.dropFirst(prefix.utf8.count))
        }
        if name.hasSuffix("#") { name.removeLast() }
        return switch name {
        case "draft-04/schema": .four
        case "draft-06/schema": .six
        case "draft-07/schema": .seven
        case "draft/2019-09/schema": .year2019
        default: .year2020
        }
    }

    private static func collect(_ value: Value, _ draft: Draft, _ named: inout [String: Value], depth: Int) {
        guard depth < 64 else { return }
        switch value {
        case .map(let map):
            if let id = map[draft == .four ? "id" : "$id"]?.string {
                named[id] = value
                if id.hasSuffix("#") { named[String(id.dropLast())] = value }
            }
            for key in ["$anchor", "$dynamicAnchor"] { if let anchor = map[key]?.string { named["#\(anchor)"] = value } }
            for entry in map where entry.key != "enum" && entry.key != "const" { collect(entry.value, draft, &named, depth: depth + 1) }
        case .list(let items): for item in items { collect(item, draft, &named, depth: depth + 1) }
        default: break
        }
    }

    /// What is wrong with the values, a line each; empty where they fit.
    func problems(_ values: Map) throws(HelmFailure) -> [String] {
        var check = SchemaCheck(self)
        _ = try check.run(root, .map(values), "", depth: 0)
        return check.problems
    }

    /// The schema that a reference within the document names; `nil` where it leads out of the document.
    func resolve(_ reference: String) throws(HelmFailure) -> Value? {
        if let found = named[reference] { return found }
        var fragment = reference
        if let hash = reference.firstIndex(of: "#") {
            let document = reference[..<hash]
            let base = root[draft == .four ? "id" : "$id"]?.string.map { $0.hasSuffix("#") ? String($0.dropLast()) : $0 }
            guard document.isEmpty || document == "file:///values.schema.json" || String(document) == base else { return nil }
            fragment = String(reference[hash...].dropFirst())
        } else {
            return nil
        }
        guard !fragment.isEmpty else { return root }
        guard fragment.hasPrefix("/") else { throw unresolved(reference) }
        var place = root
        for part in fragment.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = Self.decoded(part).replacing("~1", with: "/").replacing("~0", with: "~")
            switch place {
            case .map(let map):
                guard let next = map[name] else { throw unresolved(reference) }
                place = next
            case .list(let items):
                guard let index = Int(name), items.indices.contains(index) else { throw unresolved(reference) }
                place = items[index]
            default: throw unresolved(reference)
            }
        }
        return place
    }

    private func unresolved(_ reference: String) -> HelmFailure {
        HelmFailure(.chart, "values.schema.json: \"\(reference)\" leads to nothing")
    }

    private static func decoded(_ text: Substring) -> String {
        guard text.contains("%") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
