// SPDX-License-Identifier: Apache-2.0
import Foundation
import GoTemplate
import Helm
import Manifests
import Testing

/// Real charts with the manifests that Helm gave for them, from the folder that FLOTILLA_CONFORMANCE names: the same bytes, or a refusal.
struct RecordedCasesTests {
    static let root = ProcessInfo.processInfo.environment["FLOTILLA_CONFORMANCE"].map { $0 + "/helm" }

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
            item["case"]?.string.map { Case(name: $0, isNegative: item["expect"] == "error") }
        }
    }()

    @Test(.enabled(if: root != nil, "FLOTILLA_CONFORMANCE is not set"), arguments: cases)
    func givesTheRecordedBytes(case recorded: Case) throws {
        let folder = try #require(Self.root) + "/cases/" + recorded.name
        func bytes(_ name: String) throws -> [UInt8] { Array(try #require(FileManager.default.contents(atPath: "\(folder)/\(name)"))) }
        let description = try JSON.read(bytes("case.json"))
        let chartPath = folder + "/" + (description["chart"]?.string ?? "")
        var request = HelmRequest(
            releaseName: description["name"]?.string ?? "", namespace: description["namespace"]?.string ?? "",
            kubernetesVersion: "v" + (description["kubeVersion"]?.string ?? ""))
        request.apiVersions += (description["apiVersions"]?.list ?? []).compactMap(\.string)
        for name in (description["values"]?.list ?? []).compactMap(\.string) {
            request.values = ChartValues.merged(request.values, with: try ChartValues.read(bytes(name), file: name))
        }
        if recorded.isNegative {
            #expect(throws: HelmFailure.self) {
                try Helm.render(ChartReading.read(FolderTree(root: chartPath), at: ""), request, entropy: Self.entropy)
            }
            return
        }
        let render = try Helm.render(ChartReading.read(FolderTree(root: chartPath), at: ""), request, entropy: Self.entropy)
        let expected = String(decoding: try bytes("expected.yaml"), as: UTF8.self)
        #expect(render.manifests.map(\.printed).joined() == expected)
        if description["hooks"]?.int != nil, let hooks = FileManager.default.contents(atPath: folder + "/hooks.yaml") {
            // Their order says nothing.
            let wanted = try YAML.documents(Array(hooks), duplicateKeys: .lastCounts).filter { !$0.isNull }
            var found = try render.hooks.map { try YAML.documents(Array($0.text.utf8), duplicateKeys: .lastCounts).first ?? .null }
            for hook in wanted {
                let index = found.firstIndex(of: hook)
                #expect(index != nil, "a hook is missing: \(YAML.write(hook))")
                if let index { found.remove(at: index) }
            }
            #expect(found.isEmpty)
        }
    }

    static let entropy = Entropy(
        now: { (1_750_000_000, 0) }, randomBytes: { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) } })
}
