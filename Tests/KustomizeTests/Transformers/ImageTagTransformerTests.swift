// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct ImageTagTransformerTests {
    private func image(_ image: String, after entry: String) throws -> Value? {
        let map = try Samples.resources("{apiVersion: v1, kind: Farm, metadata: {name: a}, any: {containers: [{image: \"\(image)\"}]}}")
        let transformer = try ImageTagTransformer(try Samples.node(entry), fields: TransformerConfiguration.standard.images)
        return try map.after(transformer).values[0].at("any", "containers")?[0]?["image"]
    }

    @Test(
        arguments: [
            ("nginx", "{name: nginx, newTag: v1}", "nginx:v1"), ("nginx:v0@sha256:abc", "{name: nginx, newTag: v1}", "nginx:v1"),
            ("nginx:v0", "{name: nginx, digest: 'sha256:abc'}", "nginx@sha256:abc"),
            ("nginx:v0", "{name: nginx, newTag: v1, digest: 'sha256:abc'}", "nginx:v1@sha256:abc"),
            ("nginx:v0@sha256:abc", "{name: nginx, newName: r.io:5000/n}", "r.io:5000/n:v0@sha256:abc"),
            ("nginx:v0", "{name: nginx, tagSuffix: -x}", "nginx:v0-x"), ("nginxy:v0", "{name: nginx, newTag: v1}", "nginxy:v0"),
            ("r.io:5000/nginx:v0", "{name: 'r.io:5000/nginx', newTag: v1}", "r.io:5000/nginx:v1"),
            ("r.io:5000/nginx", "{name: nginx, newTag: v1}", "r.io:5000/nginx"), ("ngirx:v0", "{name: ngi.x, newTag: v1}", "ngirx:v1"),
            ("r.io/nginx:v0", "{name: '.*/nginx', newTag: v1}", "r.io/nginx:v1"), ("nginx:a/b", "{name: nginx, newTag: v1}", "nginx:a/b"),
            ("nginx@sha512:abc", "{name: nginx, newTag: v1}", "nginx@sha512:abc"), ("nginx:{x}", "{name: nginx, newTag: v1}", "nginx:v1"),
        ])
    func imagesOfAName(before: String, entry: String, after: String) throws {
        #expect(try image(before, after: entry) == .string(after))
    }

    @Test func bothWaysToAFieldCount() throws {
        let map = try Samples.resources("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{image: n:v1}]}}")
        let transformer = try ImageTagTransformer(
            try Samples.node("{name: n, tagSuffix: -x}"), fields: TransformerConfiguration.standard.images)
        #expect(try map.after(transformer).values[0].at("spec", "containers")?[0]?["image"] == "n:v1-x-x")
    }

    @Test func configuredFieldsAndNullLists() throws {
        let map = try Samples.resources(
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {initContainers: null, hull: [{image: n}, {image: null}, {}]}}")
        let fields = TransformerConfiguration.standard.images + [FieldSpec(kind: "Pod", path: "spec/hull/image")]
        let value = try map.after(try ImageTagTransformer(try Samples.node("{name: n, newTag: v1}"), fields: fields)).values[0]
        #expect(value["spec"] == ["initContainers": [], "hull": [["image": "n:v1"], ["image": .null], [:]]])
    }

    @Test func severalInOneWalk() throws {
        let map = try Samples.resources("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{image: a:1}, {image: b}]}}")
        let entries = try Samples.node("[{name: a, newName: b}, {name: b, newTag: v2}]")
        let transformer = try ImageTagTransformer(
            try entries.items(), fields: TransformerConfiguration.standard.images, at: entries)
        #expect(try map.after(transformer).values[0]["spec"] == ["containers": [["image": "b:v2"], ["image": "b:v2"]]])
    }

    @Test func definitionsOfKindsStay() throws {
        let map = try Samples.resources(
            "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {containers: [{image: n}]}}")
        let transformer = try ImageTagTransformer(try Samples.node("{name: n, newTag: v1}"), fields: [])
        #expect(try map.after(transformer).values == map.values)
    }

    @Test(
        arguments: ["{containers: [x]}", "{containers: [{image: {name: n}}]}", "{spec: x}"])
    func fieldsOfOtherShapesAreRefused(members: String) throws {
        let map = try Samples.resources("{apiVersion: v1, kind: Pod, metadata: {name: a}, \(members.dropFirst().dropLast())}")
        let transformer = try ImageTagTransformer(
            try Samples.node("{name: n, newTag: v1}"), fields: TransformerConfiguration.standard.images)
        #expect(throws: KustomizeFailure.self) { _ = try map.after(transformer) }
    }

    @Test(arguments: ["{name: 'n(', newTag: a}", "{name: n, newTag: 1.8}", "{name: n, tag: v1}"])
    func wrongEntriesAreRefused(entry: String) throws {
        #expect(throws: KustomizeFailure.self) { _ = try ImageTagTransformer(try Samples.node(entry), fields: []) }
    }
}
