// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import KubernetesAPI

@Suite("ListScanner") struct ListScannerTests {
    private static let list = """
        {"kind": "ConfigMapList", "metadata": {"resourceVersion": "7", "x": {"items": [{"not": "one"}]}}, "columns": [{"items": [{}]}],
        "items": [{"a": "}]\\"{"}, {"b": {"metadata": {"c": [1, {"d": 2}]}}} , {}], "tail": {"items": []}}

        """

    private func scan(_ text: String, step: Int, limit: Int = 1_000) throws -> (items: [String], metadata: String?, isComplete: Bool) {
        var scanner = ListScanner(pieceBytesMax: limit)
        var items: [String] = []
        var metadata: String?
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: step) {
            try scanner.scan(Array(bytes[start..<min(start + step, bytes.count)])) { piece in
                switch piece {
                case .item(let item): items.append(String(decoding: item, as: UTF8.self))
                case .metadata(let bytes): metadata = String(decoding: bytes, as: UTF8.self)
                }
            }
        }
        return (items, metadata, scanner.isComplete)
    }

    @Test("cuts out items and metadata, however the bytes arrive", arguments: [1, 2, 3, 7, 10_000]) func cuts(step: Int) throws {
        let found = try scan(Self.list, step: step)
        #expect(found.items == ["{\"a\": \"}]\\\"{\"}", "{\"b\": {\"metadata\": {\"c\": [1, {\"d\": 2}]}}}", "{}"])
        #expect(found.metadata == "{\"resourceVersion\": \"7\", \"x\": {\"items\": [{\"not\": \"one\"}]}}")
        #expect(found.isComplete)
    }

    @Test("an empty list, null items, and metadata after the items") func emptyLists() throws {
        for text in ["{\"items\": [], \"metadata\": {}}", "{\"metadata\": {}, \"items\": null}"] {
            let found = try scan(text, step: 1)
            #expect(found.items.isEmpty)
            #expect(found.metadata == "{}")
            #expect(found.isComplete)
        }
    }

    @Test("a cut-off list is not complete") func incomplete() throws {
        for length in 0..<(Self.list.utf8.count - 2) {
            let part = String(decoding: Array(Self.list.utf8)[..<length], as: UTF8.self)
            #expect(try scan(part, step: 64).isComplete == false)
        }
    }

    @Test(
        "what is no list, or too large, is refused",
        arguments: ["[]", "]", "\"text\"", "{}{", "{\"\(String(repeating: "k", count: 300))\": 1}"])
    func refused(_ text: String) {
        #expect(throws: ListScanner.Failure.notAList) { try scan(text, step: 1) }
        #expect(throws: ListScanner.Failure.pieceTooLarge) { try scan(Self.list, step: 1, limit: 20) }
    }
}
