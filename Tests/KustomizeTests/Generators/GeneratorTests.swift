// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct GeneratorTests {
    private let files = SampleFiles(texts: ["f.txt": "text", "e.env": "A=1"])
    private let source = Resource.Source(path: "kustomization.yaml", document: 0)

    private func configMap(_ entry: String, options: String? = nil) throws -> Resource {
        let generator = try ConfigMapGenerator(
            try Samples.node(entry), options: try options.map(Samples.node), files: files, source: source)
        return try #require(try generator.generate().first)
    }

    @Test(arguments: [
        ("[a=1]", ["a": "1"]), ("[a=]", ["a": ""]), ("[a=b=c]", ["a": "b=c"]), (#"['a="x"']"#, ["a": "x"]), (#"["a='x'"]"#, ["a": "x"]),
        (#"['a="x']"#, ["a": "\"x"]), (#"['a="']"#, ["a": "\""]), (#"['a=""']"#, ["a": ""]), (#"["a='x\""]"#, ["a": "'x\""]),
        (#"["a b=1"]"#, ["a b": "1"]),
    ])
    func literalsLoseOnePairOfQuotes(literals: String, data: [String: String]) throws {
        let made = try configMap("{name: c, literals: \(literals)}").value["data"]?.map
        #expect(made == Map(data.map { ($0.key, .string($0.value)) }))
    }

    @Test func filesAreCalledByTheirLastPartOrByAKey() throws {
        let made = try configMap("{name: c, files: [f.txt, other=f.txt], envs: [e.env], env: e2.env}", files: ["e2.env": "B=2"])
        #expect(made.value["data"] == ["A": "1", "B": "2", "f.txt": "text", "other": "text"])
    }

    private func configMap(_ entry: String, files more: [String: String]) throws -> Resource {
        let files = SampleFiles(texts: files.texts.merging(more) { $1 })
        return try #require(
            try ConfigMapGenerator(try Samples.node(entry), options: nil, files: files, source: source).generate().first)
    }

    @Test func optionsOfOneGeneratorGoBeforeThoseOfAll() throws {
        let made = try configMap(
            "{name: c, options: {labels: {a: own}, annotations: {x: '1'}, immutable: false, disableNameSuffixHash: false}}",
            options: "{labels: {a: all, b: all}, immutable: true, disableNameSuffixHash: true}")
        #expect(made.value["metadata"] == ["annotations": ["x": "1"], "labels": ["a": "own", "b": "all"], "name": "c"])
        #expect(made.value["immutable"] == true)
        #expect(!made.needsHash)
    }

    @Test func secretsAreInBase64AndHaveAType() throws {
        let generator = try SecretGenerator(
            try Samples.node("{name: s, literals: [a=1, b=], behavior: merge}"), options: nil, files: files, source: source)
        let made = try #require(try generator.generate().first)
        #expect(made.value["data"] == ["a": "MQ==", "b": ""])
        #expect(made.value["type"] == "Opaque")
        #expect(made.behavior == .merge)
        #expect(made.needsHash)
    }

    @Test(arguments: [(0, [0]), (1, [4]), (51, [68]), (52, [70, 2, 0]), (105, [70, 70, 0]), (106, [70, 70, 4, 0])])
    func longBase64IsFolded(bytes: Int, lines: [Int]) {
        let text = FoldedBase64.encode([UInt8](repeating: 1, count: bytes))
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).map(\.utf8.count) == lines)
    }

    @Test(arguments: [
        ("{literals: [a=1]}", "missing-name"), ("{name: c, literals: [a=1, a=2]}", "duplicate-key"),
        ("{name: c, literals: [f.txt=1], files: [f.txt]}", "duplicate-key"), ("{name: c, literals: ['=1']}", "invalid-literal"),
        ("{name: c, literals: [a]}", "invalid-literal"), ("{name: c, files: ['=f.txt']}", "invalid-file"),
        ("{name: c, files: ['a=']}", "invalid-file"), ("{name: c, files: ['a=b=f.txt']}", "invalid-file"),
        ("{name: c, files: [absent]}", "not-found"), ("{name: c, literals: [1]}", "wrong-type"), ("{name: 1}", "wrong-type"),
        ("{name: c, literals: a=1}", "wrong-type"), ("{name: c, type: Opaque}", "unknown-field"),
        ("{name: c, immutable: true}", "unknown-field"),
        ("{name: c, options: {labels: {a: 1}}}", "wrong-type"), ("{name: c, options: {label: {}}}", "unknown-field"),
    ])
    func whatKustomizeRefusesIsRefused(entry: String, code: String) throws {
        let failure = try #require(throws: KustomizeFailure.self) { _ = try configMap(entry) }
        #expect(failure.problems.first?.code == code)
        #expect(failure.problems.first?.line == 1)
    }

    @Test func pluginsMayHaveTheirNameInTheirMetadata() throws {
        let node = try Samples.node("{kind: ConfigMapGenerator, metadata: {name: m, namespace: n}, literals: [a=1], env: absent, more: 1}")
        let made = try #require(try ConfigMapGenerator(plugin: node, files: files).generate().first)
        #expect(made.value["metadata"] == ["name": "m", "namespace": "n"])
    }

    @Test func onlyOneCloudIsKnown() throws {
        let node = try Samples.node("{cloud: other, kubernetesService: {name: a}}")
        #expect(throws: KustomizeFailure.self) { try IAMPolicyGenerator(plugin: node, files: files) }
    }
}
