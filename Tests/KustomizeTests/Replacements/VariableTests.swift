// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct VariableTests {
    private let references = VariableReferences(
        values: ["A": "x", "N": 5, "T": true, "E": "", "R": "$(A)", "F": .decimal(Decimal(json: "1e30"))], textBytesMax: 1_000)

    @Test(
        arguments: [
            ("plain", "plain"), ("$(A)", "x"), ("$(N)", 5), ("$(T)", true), ("n$(N)", "n5"), ("$(F)!", "1e+30!"), ("a$(E)b", "ab"),
            ("$(R)", "$(A)"),
            ("$(B)", "$(B)"), ("$$(A)", "$(A)"), ("$$$(A)", "$x"), ("$$$$(A)", "$$(A)"), ("$(A", "$(A"), ("$(A)$(A)", "xx"), ("$", "$"),
            ("a$", "a$"),
            ("$A", "$A"), ("${A}", "${A}"), ("$(A$(A))", "$(A$(A))"), ("$($(A)", "$($(A)"), ("$()", "$()"), ("$(\n)", "$(\n)"),
            ("$é", "JMODqQ=="),
        ] as [(String, Value)])
    func referencesAreResolved(text: String, value: Value) throws {
        #expect(try references.resolve(text) == value)
    }

    @Test func aTextDoesNotGrowWithoutEnd() {
        #expect(throws: FieldFailure.self) { try references.resolve(String(repeating: "$(F)", count: 300)) }
    }

    private func resolve(_ variables: String, _ resources: String) throws -> ResourceMap {
        var map = try Samples.resources(resources)
        var set = VariableSet()
        try set.add(try Samples.node(variables).items(), marking: &map)
        return try map.after(
            VariableResolution(set, fields: [FieldSpec(path: "data"), FieldSpec(path: "list"), FieldSpec(path: "items/text")]))
    }

    private static let resources = """
        {apiVersion: v1, kind: From, metadata: {name: from}, port: 80, m: {x: 1}, n: null, l: [{p: 7}]}
        --- {apiVersion: v1, kind: To, metadata: {name: to}, data: {a: $(V), b: 1, c: {d: $(V)}}, list: ["v$(V)", $$], items: [{text: $(V)}, {text: 1}], other: $(V)}
        """

    private func variable(_ path: String) -> String {
        "[{name: V, objref: {apiVersion: v1, kind: From, name: from}, fieldref: {fieldPath: \"\(path)\"}}]"
    }

    @Test func onlyFieldsOfTheConfigurationAreResolved() throws {
        let to = try resolve(variable("l[0].p"), Self.resources).items[1].value
        #expect(to["data"] == ["a": 7, "b": 1, "c": ["d": "$(V)"]])
        #expect(to["list"] == ["v7", "$"])
        #expect(to["items"] == [["text": 7], ["text": 1]])
        #expect(to["other"] == "$(V)")
    }

    @Test(arguments: [("port", 80), ("", "from"), ("m", "$(V)"), ("n", "null")] as [(String, Value)])
    func valuesKeepTheirType(path: String, value: Value) throws {
        #expect(try resolve(variable(path), Self.resources).items[1].value["data"]?["a"] == value)
    }

    @Test(arguments: [
        ("[{name: V, objref: {kind: From, name: from}}]", "no-match"), ("[{name: V}]", "no-match"),
        ("[{name: V, objref: {apiVersion: v1, kind: From, name: from, namespace: other}}]", "no-match"),
        ("[{name: V, objref: {apiVersion: v1, kind: From, name: from}, fieldref: {fieldPath: absent}}]", "no-field"),
        ("[{name: V, objref: {apiVersion: v1, kind: From, name: from}, fieldref: {fieldPath: port.x}}]", "no-field"),
        (
            "[{name: V, objref: {apiVersion: v1, kind: From, name: from}}, {name: V, objref: {apiVersion: v1, kind: From, name: from}}]",
            "duplicate-variable"
        ),
        ("[{name: V, object: {}}]", "unknown-field"), ("[{name: 1}]", "wrong-type"),
    ])
    func whatCannotBeResolvedIsRefused(variables: String, code: String) throws {
        let failure = try #require(throws: KustomizeFailure.self) { _ = try resolve(variables, Self.resources) }
        #expect(failure.problems.first?.code == code)
    }

    @Test func oneNameInTwoNamespacesIsAmbiguous() throws {
        let resources = """
            {apiVersion: v1, kind: From, metadata: {name: from, namespace: a}}
            --- {apiVersion: v1, kind: From, metadata: {name: from, namespace: b}}
            """
        let failure = try #require(throws: KustomizeFailure.self) { _ = try resolve(variable(""), resources) }
        #expect(failure.problems.first?.code == "ambiguous")
        _ = try resolve("[{name: V, objref: {apiVersion: v1, kind: From, name: from, namespace: b}}]", resources)
    }

    @Test func aListOfMoreThanTextsIsRefused() throws {
        #expect(throws: KustomizeFailure.self) {
            _ = try resolve(variable("port"), Self.resources + "\n--- {apiVersion: v1, kind: To, metadata: {name: more}, list: [a, 1]}")
        }
    }

    @Test func oneVariableFromTwoBasesIsRefused() throws {
        var map = try Samples.resources(Self.resources)
        var one = VariableSet()
        try one.add(try Samples.node(variable("port")).items(), marking: &map)
        var two = one
        #expect(throws: KustomizeFailure.self) { try two.merge(one) }
        try two.merge(VariableSet())
        #expect(two.sorted.map(\.name) == ["V"])
    }
}
