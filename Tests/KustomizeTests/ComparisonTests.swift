// SPDX-License-Identifier: Apache-2.0
import Foundation
import Kustomize
import Manifests
import Testing

/// The same kustomizations through `kubectl kustomize`, where it is installed.
struct ComparisonTests {
    static let kubectl = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].first { FileManager.default.isExecutableFile(atPath: $0) }
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "Fixtures/Kustomize")
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: fixtures.path)) ?? []).filter { name in
        FileManager.default.fileExists(atPath: fixtures.appending(path: "\(name)/expected.yaml").path)
    }.sorted()

    @Test(.enabled(if: kubectl != nil, "kubectl is not installed"), arguments: names)
    func givesTheSameObjects(name: String) throws {
        let expected = try kubectlOutput(Self.fixtures.appending(path: "\(name)/overlay"))
        compare(try build(name), expected)
    }

    @Test(arguments: names)
    func givesTheRecordedObjects(name: String) throws {
        let path = Self.fixtures.appending(path: "\(name)/expected.yaml").path
        let expected = try YAML.documents(Array(try #require(FileManager.default.contents(atPath: path))), scalars: .kustomize)
        compare(try build(name), expected)
    }

    /// The example that people copy must stay what kubectl also builds.
    @Test(
        .enabled(if: kubectl != nil, "kubectl is not installed"),
        arguments: ["staging", "production"].flatMap { environment in
            ["api", "platform", "storefront"].map { "environments/\(environment)/\($0)" }
        })
    func buildsTheExampleFleet(path: String) throws {
        let root = Self.fixtures.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let expected = try kubectlOutput(root.appending(path: path))
        compare(try Kustomize.build(path, from: FolderTree(root: root.path)).map(\.value), expected)
    }

    private func kubectlOutput(_ folder: URL) throws -> [Value] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: try #require(Self.kubectl))
        process.arguments = ["kustomize", folder.path]
        process.standardOutput = output
        try process.run()
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try YAML.documents(bytes, scalars: .kustomize).filter { !$0.isNull }
    }

    private func compare(_ objects: [Value], _ expected: [Value]) {
        #expect(objects.count == expected.count)
        for (object, wanted) in zip(objects, expected) where object != wanted {
            Issue.record("\(YAML.write(object))\n--- expected:\n\(YAML.write(wanted))")
        }
    }

    private func build(_ name: String) throws -> [Value] {
        try Kustomize.build("\(name)/overlay", from: FolderTree(root: Self.fixtures.path)).map(\.value)
    }
}
