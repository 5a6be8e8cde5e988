// SPDX-License-Identifier: Apache-2.0
import Foundation
import Kustomize
import Manifests
import Testing

/// Inputs with the outputs that `kubectl kustomize` gave for them, from the folder that FLOTILLA_CONFORMANCE names.
struct RecordedCasesTests {
    static let root = ProcessInfo.processInfo.environment["FLOTILLA_CONFORMANCE"].map { $0 + "/kustomize" }
    static let supported: Set<String> = ["resources", "namespace", "images", "replicas", "patches"]

    /// Cases that are refused: patches that change names, a component, and a key that is written twice (kustomize takes the last one).
    static let refused: Set<String> = [
        "gvknpatch-change-name", "gvknpatch-change-name-and-kind", "namespaces-namespace-not-added-to-validating-admission-policies",
        "nameupdateinroleref-name-update-in-role-ref", "real/node-feature-discovery-deployment-components-topology-updater",
    ]

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
            let features = (item["features"]?.list ?? []).compactMap(\.string)
            guard let name = item["case"]?.string, supported.isSuperset(of: features) else { return nil }
            return Case(name: name, isNegative: item["kind"] == "negative")
        }
    }()

    @Test(.enabled(if: root != nil, "FLOTILLA_CONFORMANCE is not set"), arguments: cases)
    func givesTheRecordedObjects(case recorded: Case) throws {
        let folder = try #require(Self.root) + "/" + recorded.name
        let start = try String(contentsOfFile: folder + "/root.txt", encoding: .utf8).split(separator: "\n").first.map(String.init) ?? ""
        let tree = FolderTree(root: folder)
        if recorded.isNegative {
            #expect(throws: KustomizeFailure.self) { try Kustomize.build(start, from: tree) }
            return
        }
        let expected = try YAML.documents(
            Array(try #require(FileManager.default.contents(atPath: folder + "/expected.yaml"))), scalars: .kustomize
        ).filter { !$0.isNull }
        let objects: [KustomizeObject]
        do {
            objects = try Kustomize.build(start, from: tree)
        } catch {
            #expect(error.problems.allSatisfy { $0.code == "not-yet" || $0.code == "duplicate-key" }, "\(error)")
            #expect(Self.refused.contains(recorded.name), "\(error)")
            return
        }
        #expect(objects.count == expected.count)
        for (object, wanted) in zip(objects, expected) where object.value != wanted {
            Issue.record("\(YAML.write(object.value))\n--- expected:\n\(YAML.write(wanted))")
        }
    }
}
