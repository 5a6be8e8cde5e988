// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct NameReferenceTransformerTests {
    private let place: Node

    init() throws { place = try Samples.node("{}") }

    private func prefixed(_ map: ResourceMap, _ prefix: String) throws -> ResourceMap {
        try map.after(PrefixTransformer(prefix: prefix, fields: [FieldSpec(path: "metadata/name")], at: place))
    }

    private func followed(_ map: ResourceMap) throws -> [Value] {
        try map.after(NameReferenceTransformer(TransformerConfiguration.standard.nameReferences)).values
    }

    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: pod}
        spec:
          serviceAccountName: bot
          containers:
          - {name: a, envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: settings}}, {configMapRef: {name: other}}]}
          volumes: [{name: v, configMap: {name: settings}}, null]
        """

    @Test func namesAreFollowedByKind() throws {
        let map = try Samples.resources(
            """
            \(Self.pod)
            --- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}
            --- {apiVersion: v1, kind: ServiceAccount, metadata: {name: bot}}
            """)
        let values = try followed(try prefixed(map, "p-"))
        #expect(values[0].at("spec", "serviceAccountName") == "p-bot")
        #expect(
            values[0].at("spec", "containers")?[0]?["envFrom"]
                == [["configMapRef": ["name": "p-settings"]], ["secretRef": ["name": "settings"]], ["configMapRef": ["name": "other"]]])
        #expect(values[0].at("spec", "volumes")?[0]?["configMap"]?["name"] == "p-settings")
    }

    @Test func onlyFormerNamesAreFollowed() throws {
        let map = try Samples.resources("\(Self.pod)\n--- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}")
        #expect(try followed(map) == map.values)
    }

    @Test func referrersAreRemembered() throws {
        let map = try prefixed(
            try Samples.resources("\(Self.pod)\n--- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}"), "p-")
        _ = try followed(map)
        #expect(map.items[1].referrers.map(\.name) == ["p-pod", "p-pod"])
    }

    @Test func namespacesDecideBetweenTwo() throws {
        let map = try Samples.resources(
            """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: b}, spec: {template: {spec: {volumes: [{configMap: {name: c}}]}}}}
            --- {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: a}}
            --- {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: b}}
            """)
        map.items[1].rememberIdentity()
        map.items[1].name = "in-a"
        map.items[2].rememberIdentity()
        map.items[2].name = "in-b"
        #expect(try followed(map)[0].at("spec", "template", "spec", "volumes")?[0]?["configMap"]?["name"] == "in-b")
    }

    @Test func prefixesDecideBetweenTwo() throws {
        func part(_ prefix: String) throws -> [Resource] {
            let map = try Samples.resources("\(Self.pod)\n--- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}")
            return try prefixed(map, prefix).items
        }
        let map = ResourceMap(try part("a-") + part("b-"))
        let values = try followed(map)
        #expect(values[0].at("spec", "volumes")?[0]?["configMap"]?["name"] == "a-settings")
        #expect(values[2].at("spec", "volumes")?[0]?["configMap"]?["name"] == "b-settings")
    }

    @Test func whatMayMeanSeveralIsRefused() throws {
        let map = try Samples.resources(
            """
            \(Self.pod)
            --- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}
            --- {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}
            """)
        for (index, resource) in map.items.enumerated().dropFirst() {
            resource.rememberIdentity()
            resource.name = "settings-\(index)"
        }
        let failure = try #require(throws: KustomizeFailure.self) { _ = try followed(map) }
        #expect(failure.problems.first?.path == "resources.yaml")
        #expect(failure.description.contains("v1 ConfigMap settings-1, v1 ConfigMap settings-2"))
    }

    private static let binding = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: b, namespace: a}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
        subjects: [{kind: ServiceAccount, name: bot, namespace: x}, {kind: ServiceAccount, name: bot}, {kind: Group, name: all}]
        """

    @Test func roleBindingsReachAccountsInOtherNamespaces() throws {
        let map = try Samples.resources(
            """
            \(Self.binding)
            --- {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: a}}
            --- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}
            --- {apiVersion: v1, kind: ServiceAccount, metadata: {name: bot, namespace: x}}
            """)
        let values = try followed(try prefixed(map, "p-"))
        #expect(values[0].at("roleRef", "name") == "p-r")
        #expect(
            values[0]["subjects"]
                == [
                    ["kind": "ServiceAccount", "name": "p-bot", "namespace": "x"],
                    ["kind": "ServiceAccount", "name": "p-bot", "namespace": "x"],
                    ["kind": "Group", "name": "all"],
                ])
    }

    @Test func theKindOfRoleCounts() throws {
        let map = try Samples.resources(
            "\(Self.binding)\n--- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}")
        #expect(try followed(try prefixed(map, "p-"))[0].at("roleRef", "name") == "r")
    }

    @Test func aServiceOfAWebhookFollowsIntoItsNamespace() throws {
        var map = try Samples.resources(
            """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingWebhookConfiguration
            metadata: {name: hooks}
            webhooks: [{clientConfig: {service: {name: hook, namespace: system}}}]
            --- {apiVersion: v1, kind: Service, metadata: {name: hook, namespace: system}}
            """)
        map = try map.after(NamespaceTransformer(namespace: "shop", fields: [], at: place))
        #expect(
            try followed(map)[0]["webhooks"]?[0]?["clientConfig"]?["service"] == ["name": "hook", "namespace": "shop"])
    }

    @Test(
        arguments: [
            ("subjects: [{kind: Group}]", "a map without a name"), ("subjects: [x]", "not a map"),
            ("subjects: [{kind: ServiceAccount, name: a, namespace: null}]", "is null"), ("subjects: [[]]", "not a map"),
            ("roleRef: x", "where a map or a list should be"),
        ])
    func otherShapesAreRefused(members: String, message: String) throws {
        let map = try Samples.resources("apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\n\(members)")
        let failure = try #require(throws: KustomizeFailure.self) { _ = try followed(map) }
        #expect(failure.description.contains(message))
    }

    @Test func timeGrowsWithTheNumberOfResources() throws {
        var map = ResourceMap()
        for index in 0..<3_000 {
            let more = try Samples.resources(
                """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: n\(index)}}
                --- {apiVersion: v1, kind: Pod, metadata: {name: pod, namespace: n\(index)}, spec: {volumes: [{configMap: {name: settings}}]}}
                """)
            for resource in more.items { map.appendUnchecked(resource) }
        }
        let values = try followed(try prefixed(map, "p-"))
        #expect(values.allSatisfy { $0["spec"] == nil || $0.at("spec", "volumes")?[0]?["configMap"]?["name"] == "p-settings" })
    }
}
