// SPDX-License-Identifier: Apache-2.0
import Foundation
import Kustomize
import Manifests
import Testing

/// Inputs with the outputs that `kubectl kustomize` gave for them, from the folder that FLOTILLA_CONFORMANCE names: the same bytes, or a refusal.
struct RecordedCasesTests {
    static let root = ProcessInfo.processInfo.environment["FLOTILLA_CONFORMANCE"].map { $0 + "/kustomize" }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let isNegative: Bool
        var testDescription: String { name }
    }

    static let cases: [Case] = {
        guard let root, let bytes = FileManager.default.contents(atPath: root + "/index.json"),
            let index = try? JSON.read(Array(bytes)).list
        else { return [] }
        return index.compactMap { item in
            item["case"]?.string.map { Case(name: $0, isNegative: item["kind"] == "negative") }
        }
    }()

    @Test(.enabled(if: root != nil, "FLOTILLA_CONFORMANCE is not set"), arguments: cases)
    func givesTheRecordedBytes(case recorded: Case) throws {
        let folder = try #require(Self.root) + "/" + recorded.name
        let start = try String(contentsOfFile: folder + "/root.txt", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let tree = FolderTree(root: folder)
        if recorded.isNegative {
            do {
                _ = try Kustomize.build(start, from: tree)
                Issue.record("was not refused")
            } catch {
                // What, and where: every refusal names a file.
                #expect(error.problems.allSatisfy { !$0.message.isEmpty && !$0.path.isEmpty }, "\(error)")
            }
            return
        }
        let expected = try String(contentsOfFile: folder + "/expected.yaml", encoding: .utf8)
        let text = YAML.write(documents: try Kustomize.build(start, from: tree).map(\.value))
        #expect(text == expected)
    }
}
