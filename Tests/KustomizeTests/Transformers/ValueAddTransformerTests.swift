// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct ValueAddTransformerTests {
    private static let bucket = """
        {apiVersion: example.com/v1, kind: Bucket, metadata: {name: a}, spec: {path: /data/in, tags: [{name: x, value: y}], size: 3}}
        """

    private func value(after plugin: String, files: SampleFiles = SampleFiles()) throws -> Value {
        try Samples.resources(Self.bucket).after(try ValueAddTransformer(plugin: try Samples.node(plugin), files: files)).values[0]
    }

    @Test func theValueGoesIntoAField() throws {
        #expect(try value(after: "{value: p1, targets: [{fieldPath: spec/project}]}").at("spec", "project") == "p1")
        #expect(try value(after: "{value: '7', targets: [{fieldPath: spec/size}]}").at("spec", "size") == 7)
        #expect(
            try value(after: "{value: p1, targets: [{fieldPath: metadata/annotations/a.b\\/c}]}").at("metadata", "annotations") == [
                "a.b/c": "p1"
            ])
        #expect(
            try value(after: "{value: p1, targets: [{fieldPath: 'spec/tags/[name=x]/value'}]}").at("spec", "tags")?[0]?["value"] == "p1")
        #expect(try value(after: "{value: p1, targets: [{fieldPath: metadata/namespace}]}").at("metadata", "namespace") == "p1")
    }

    @Test func theFolderGivesTheValueWhereNoneIsSaid() throws {
        #expect(try value(after: "{targets: [{fieldPath: spec/project}]}").at("spec", "project") == "app")
    }

    @Test func targetsMayBeInAFileAndAreSelected() throws {
        let files = SampleFiles(texts: ["t.yaml": "targets: [{selector: {kind: Farm}, fieldPath: spec/a}, {fieldPath: spec/b}]"])
        let value = try value(after: "{value: v, targetFilePath: t.yaml}", files: files)
        #expect(value.at("spec", "a") == nil)
        #expect(value.at("spec", "b") == "v")
    }

    @Test(
        arguments: [
            ("", 1, "P"), ("/", 1, "/P"), ("pie", 1, "P/pie"), ("/pie", 1, "/P/pie"), ("raw", 2, "raw/P"), ("/raw", 99, "/raw/P"),
            ("a/nice/warm/pie", 4, "a/nice/warm/P/pie"), ("/a/nice/warm/pie", 4, "/a/nice/warm/P/pie"),
        ])
    func partsOfPaths(path: String, position: Int64, result: String) {
        #expect(ValueAddTransformer.inserting("P", at: position - 1, into: path) == result)
    }

    @Test(
        arguments: [
            "{value: v}", "{value: v, targets: [{}]}", "{value: v, targets: [{fieldPath: a, filePathPosition: -1}]}",
            "{value: v, targetFilePath: none.yaml}",
        ])
    func wrongConfigurationsAreRefused(plugin: String) throws {
        #expect(throws: KustomizeFailure.self) { _ = try value(after: plugin) }
    }

    @Test func aMapIsNoPlaceForIt() throws {
        #expect(throws: KustomizeFailure.self) { _ = try value(after: "{value: v, targets: [{fieldPath: spec}]}") }
    }
}
