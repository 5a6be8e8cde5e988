// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

@Suite("YAML writer") struct YAMLWriterTests {
    @Test("the layout is that of Kubernetes' tools, byte for byte") func layout() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "Fixtures/yaml-layout")
        let expected = try String(contentsOf: folder.appending(path: "expected.yaml"), encoding: .utf8)
        let document = try YAML.document(Array(expected.utf8))
        let input = try JSON.read(Array(Data(contentsOf: folder.appending(path: "input.json"))))
        for key in ["data", "list", "deep"] {
            for change in StructuralDiff.changes(from: input[key] ?? .null, to: document[key] ?? .null) {
                Issue.record("read differently: \(key)\(change)")
            }
        }
        let written = YAML.write(document)
        let pairs = zip(
            written.split(separator: "\n", omittingEmptySubsequences: false),
            expected.split(separator: "\n", omittingEmptySubsequences: false))
        for (line, (ours, theirs)) in pairs.enumerated() where ours.utf8.elementsEqual(theirs.utf8) == false {
            Issue.record("line \(line + 1): wrote  \(ours)\nexpected     \(theirs)")
            break
        }
        #expect(written.utf8.count == expected.utf8.count)
    }

    @Test(
        "whatever is written reads back as the same value",
        arguments: [
            "top", .null, 12, [], [:], ["<<": "<<"], "multi\nline", " lead\n", "\n", ["a\nb": 1, "": ""], [[[["x\ny"]]]], "\u{7F}\u{FEFF}",
            "a\u{2028}b\u{85}\rc",
            .decimal(Decimal(json: "123456789012345678901234567890.5")), .decimal(Decimal(json: "-1.5e-300")), ["a": ["b": [[:], []]]],
            .decimal(Decimal(json: "0.000012345")), .decimal(Decimal(json: "123456789012345678901234567890")),
        ] as [Value])
    func roundTrip(_ value: Value) throws {
        #expect(try YAML.documents(YAML.write(value)) == [value])
        #expect(try YAML.documents(YAML.write(documents: [value, value])) == [value, value])
    }
}
