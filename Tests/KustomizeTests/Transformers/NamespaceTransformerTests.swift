// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct NamespaceTransformerTests {
    private func after(_ resources: String, namespace: String = "shop") throws -> [Value] {
        let transformer = NamespaceTransformer(
            namespace: namespace, fields: TransformerConfiguration.standard.namespace, at: try Samples.node("namespace: \(namespace)"))
        return try Samples.resources(resources).after(transformer).values
    }

    @Test func resourcesMoveAndWhatHasNoNamespaceStays() throws {
        let values = try after(
            """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
            --- {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: old}}
            --- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: c}}
            --- {apiVersion: example.com/v1, kind: Farm, metadata: {name: d}}
            """)
        #expect(values.map { $0.at("metadata", "namespace") } == ["shop", "shop", nil, "shop"])
    }

    @Test func theNamespaceItselfIsRenamed() throws {
        let values = try after(
            """
            {apiVersion: v1, kind: Namespace, metadata: {name: old}}
            --- {apiVersion: example.com/v1, kind: Namespace, metadata: {name: other}}
            """)
        #expect(values.map { $0.at("metadata", "name") } == ["shop", "other"])
        #expect(values.map { $0.at("metadata", "namespace") } == [nil, "shop"])
    }

    @Test func servicesInConfigurationsOfTheServerFollow() throws {
        let values = try after(
            """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: farms.example.com}
            spec: {conversion: {webhook: {clientConfig: {service: {name: hook, namespace: old}}}}}
            ---
            {apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.example.com}, spec: {}}
            """)
        #expect(values[0].at("spec", "conversion", "webhook", "clientConfig", "service", "namespace") == "shop")
        #expect(values[1].at("spec", "service", "namespace") == "shop")
    }

    private static let binding = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: b}
        subjects: [{kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: bot}, {kind: User, name: eve, namespace: x}]
        """

    @Test(
        arguments: [
            ("defaultOnly", ["shop", nil, "x"]), ("allServiceAccounts", ["shop", "shop", "x"]), ("none", [nil, nil, "x"]),
        ] as [(String, [Value?])])
    func subjectsOfRoleBindings(mode: String, namespaces: [Value?]) throws {
        let plugin = try Samples.node("{metadata: {name: n, namespace: shop}, setRoleBindingSubjects: \(mode)}")
        let values = try Samples.resources(Self.binding).after(try NamespaceTransformer(plugin: plugin, files: SampleFiles())).values
        #expect(values[0]["subjects"]?.list?.map { $0["namespace"] } == namespaces)
        #expect(values[0].at("metadata", "namespace") == nil)
    }

    @Test func onlyUnsetOnes() throws {
        let plugin = try Samples.node("{metadata: {namespace: shop}, unsetOnly: true}")
        let map = try Samples.resources(
            """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
            --- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: old}}
            """)
        let values = try map.after(try NamespaceTransformer(plugin: plugin, files: SampleFiles())).values
        #expect(values.map { $0.at("metadata", "namespace") } == ["shop", "old"])
    }

    @Test func twoResourcesMustNotMeet() throws {
        let failure = try #require(throws: KustomizeFailure.self) {
            _ = try after(
                """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: x}}
                --- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: y}}
                """)
        }
        #expect(failure.problems.first?.code == "duplicate")
        #expect(failure.problems.first?.path == "kustomization.yaml")
    }

    @Test func fieldsThatAreNoTextsAreRefused() throws {
        let plugin = try Samples.node("{metadata: {namespace: shop}, fieldSpecs: [{path: spec/place}]}")
        let map = try Samples.resources("{apiVersion: v1, kind: Farm, metadata: {name: a}, spec: {place: {x: y}}}")
        #expect(throws: KustomizeFailure.self) { _ = try map.after(try NamespaceTransformer(plugin: plugin, files: SampleFiles())) }
        let wrong = try Samples.node("{metadata: {namespace: shop}, setRoleBindingSubjects: some}")
        #expect(throws: KustomizeFailure.self) { _ = try NamespaceTransformer(plugin: wrong, files: SampleFiles()) }
    }
}
