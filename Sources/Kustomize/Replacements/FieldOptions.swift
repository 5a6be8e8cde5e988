// SPDX-License-Identifier: Apache-2.0
import Manifests

/// How a replacement takes a field apart: `options` of its source or of a target.
struct FieldOptions {
    static let fields = ["delimiter", "index", "encoding", "create"]

    /// What parts of the field's text are separated by; empty where the whole field is meant.
    let delimiter: String
    /// Which part, counted from 0. In a target, a negative one puts a part before all others, one beyond the last behind them.
    let index: Int
    let create: Bool

    init(_ node: Node?, strict: Bool) throws(KustomizeFailure) {
        if let node {
            _ = try node.map()
            if strict { try node.requireOnly(Self.fields) }
            _ = try node.text("encoding")
        }
        delimiter = try node?.text("delimiter") ?? ""
        index = Int(truncatingIfNeeded: try node?["index"]?.int() ?? 0)
        create = try node?.flag("create") ?? false
    }

    /// The parts of a text, at least one.
    func parts(of text: String) -> [String] {
        let bytes = Array(text.utf8)
        let separator = Array(delimiter.utf8)
        var parts: [String] = []
        var start = 0
        var index = 0
        while index + separator.count <= bytes.count {
            if bytes[index..<(index + separator.count)].elementsEqual(separator) {
                parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
                index += separator.count
                start = index
            } else {
                index += 1
            }
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        return parts
    }
}
