// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct LabelTransformerTests {
    private static let web = """
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {tier: front}}, spec: {replicas: 1}}
        """

    private func transformers(_ kustomization: String) throws -> [LabelTransformer] {
        try LabelTransformer.entries(of: try Samples.node(kustomization), rules: .standard).map(\.transformer)
    }

    private func web(after kustomization: String) throws -> Value {
        var map = try Samples.resources(Self.web)
        for transformer in try transformers(kustomization) { map = try map.after(transformer) }
        return map.values[0]
    }

    @Test func commonLabelsReachSelectorsAndTemplates() throws {
        let value = try web(after: "commonLabels: {app: shop}")
        #expect(value.at("metadata", "labels") == ["tier": "front", "app": "shop"])
        #expect(value.at("spec", "selector", "matchLabels") == ["app": "shop"])
        #expect(value.at("spec", "template", "metadata", "labels") == ["app": "shop"])
    }

    @Test func labelsStayInTheMetadataUnlessToldOtherwise() throws {
        let value = try web(after: "labels: [{pairs: {app: shop}}]")
        #expect(value.at("metadata", "labels", "app") == "shop")
        #expect(value.at("spec") == ["replicas": 1])
    }

    @Test func templatesAndOwnFieldsAreAdded() throws {
        let value = try web(after: "labels: [{pairs: {app: shop}, includeTemplates: true, fields: [{path: spec/extra, create: true}]}]")
        #expect(value.at("spec", "template", "metadata", "labels", "app") == "shop")
        #expect(value.at("spec", "extra", "app") == "shop")
        #expect(value.at("spec", "selector") == nil)
    }

    @Test func entriesComeBeforeCommonLabels() throws {
        let value = try web(after: "{commonLabels: {app: last}, labels: [{pairs: {app: first}}, {pairs: {app: second}}]}")
        #expect(value.at("metadata", "labels", "app") == "last")
    }

    @Test func textsStayTexts() throws {
        let value = try web(after: #"commonLabels: {enabled: "true", version: "1.0"}"#)
        #expect(value.at("metadata", "labels", "enabled") == "true")
        #expect(value.at("metadata", "labels", "version") == "1.0")
    }

    @Test(
        arguments: [
            ("labels: [{pairs: {a: b}, includeSelector: true}]", "unknown-field"), ("labels: [{pairs: {a: 1}}]", "wrong-type"),
            ("commonLabels: [a]", "wrong-type"),
            ("labels: [{pairs: {a: b}, fields: [{path: metadata/labels}]}]", "conflict"),
        ])
    func refusesWrongEntries(kustomization: String, code: String) throws {
        let failure = #expect(throws: KustomizeFailure.self) { _ = try transformers(kustomization) }
        #expect(failure?.problems.first?.code == code)
        #expect(failure?.problems.first?.line == 1)
    }

    @Test func labelsThatAreNoMapAreRefused() throws {
        let map = try Samples.resources("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: [x]}}")
        let failure = try #require(throws: KustomizeFailure.self) { _ = try map.after(try transformers("commonLabels: {a: b}")[0]) }
        #expect(failure.description.contains("metadata/labels of v1 ConfigMap a: there is a list where a map should be"))
    }

    @Test func aLaterChangeReachesAllFieldsThatGotTheLabelTogether() throws {
        var map = try Samples.resources(Self.web)
        map = try map.after(try transformers("commonLabels: {app: shop, tier: back}")[0])
        map = try map.after(try transformers("labels: [{pairs: {app: store, tier: middle}}]")[0])
        let value = map.values[0]
        #expect(value.at("spec", "selector", "matchLabels", "app") == "store")
        #expect(value.at("spec", "template", "metadata", "labels", "app") == "store")
        // This one was there before, and is a field of its own.
        #expect(value.at("metadata", "labels", "tier") == "middle")
        #expect(value.at("spec", "selector", "matchLabels", "tier") == "back")
    }

    @Test func aPluginTakesScalarsAsTexts() throws {
        let plugin = try Samples.node("{labels: {a: 1, b: true, c: 1.50}, fieldSpecs: [{path: metadata/labels, create: true}], other: 1}")
        let map = try Samples.resources(Self.web).after(try LabelTransformer(plugin: plugin, files: SampleFiles()))
        #expect(map.values[0].at("metadata", "labels") == ["tier": "front", "a": "1", "b": "true", "c": "1.5"])
    }

    @Test func annotationsReachTemplates() throws {
        let transformer = AnnotationsTransformer(
            annotations: [("note", "12")], fields: TransformerConfiguration.standard.commonAnnotations, at: try Samples.node("{}"))
        let value = try Samples.resources(Self.web).after(transformer).values[0]
        #expect(value.at("metadata", "annotations") == ["note": "12"])
        #expect(value.at("spec", "template", "metadata", "annotations") == ["note": "12"])
    }
}
