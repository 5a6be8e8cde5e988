// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct PrefixTransformerTests {
    private let fields = TransformerConfiguration.standard.namePrefix

    private func names(_ resources: String, prefix: String) throws -> [Value?] {
        let transformer = PrefixTransformer(prefix: prefix, fields: fields, at: try Samples.node("{}"))
        return try Samples.resources(resources).after(transformer).values.map { $0.at("metadata", "name") }
    }

    @Test func namesGetThePrefixUnlessOthersKnowThemExactly() throws {
        let names = try names(
            """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
            --- {apiVersion: v1, kind: Namespace, metadata: {name: b}}
            --- {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: c}}
            --- {apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: d}}
            --- {apiVersion: example.com/v1, kind: APIService, metadata: {name: e}}
            """, prefix: "p-")
        #expect(names == ["p-a", "b", "c", "d", "p-e"])
    }

    @Test func aNameMayBecomeANumberAsInKustomize() throws {
        #expect(try names("{apiVersion: v1, kind: ConfigMap, metadata: {name: e5}}", prefix: "0x") == [229])
        #expect(try names("{apiVersion: v1, kind: ConfigMap, metadata: {name: 12}}", prefix: "v") == ["v12"])
    }

    @Test func rememberWhatWasPutWhere() throws {
        let plugin = try Samples.node("{prefix: a-, suffix: -z, fieldSpecs: [{path: metadata/name}]}")
        let map = try Samples.resources("{apiVersion: v1, kind: ConfigMap, metadata: {name: n}}")
            .after(try PrefixSuffixTransformer(plugin: plugin, files: SampleFiles()))
        let resource = map.items[0]
        #expect(resource.name == "a-n-z")
        #expect(resource.prefixes == ["a-"])
        #expect(resource.suffixes == ["-z"])
        #expect(resource.formers.map(\.name) == ["n", "a-n"])
    }

    @Test func aPluginNeedsFields() throws {
        #expect(throws: KustomizeFailure.self) { try PrefixTransformer(plugin: try Samples.node("{prefix: a}"), files: SampleFiles()) }
    }

    @Test func aMapIsNoName() throws {
        let transformer = SuffixTransformer(suffix: "-z", fields: [FieldSpec(path: "spec/title")], at: try Samples.node("{}"))
        let map = try Samples.resources("{apiVersion: v1, kind: Book, metadata: {name: n}, spec: {title: {}}}")
        #expect(throws: KustomizeFailure.self) { _ = try map.after(transformer) }
    }
}
