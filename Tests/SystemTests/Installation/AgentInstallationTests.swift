// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import flotilla

@Suite("Agent installation") struct AgentInstallationTests {
    private func installation(_ rights: AgentInstallation.Rights, authorities: String = "-----BEGIN CERTIFICATE-----\n")
        -> AgentInstallation
    {
        AgentInstallation(
            cluster: "edge", rights: rights, coordinator: "https://flotilla.example", token: "t0ken", authorities: authorities,
            image: "registry.example/agent:1", priorityClass: nil)
    }

    private static let secrets = [
        "Secret flotilla-system/coordinator-access", "Secret flotilla-system/flotilla-agent-identity",
    ]

    private func kinds(_ objects: [Value]) -> [String] {
        objects.map { object in
            let namespace = object.at("metadata", "namespace")?.string
            return "\(object["kind"]?.string ?? "") \(namespace.map { "\($0)/" } ?? "")\(object.at("metadata", "name")?.string ?? "")"
        }
    }

    @Test("all rights are one binding")
    func clusterAdmin() {
        #expect(
            kinds(installation(.clusterAdmin).objects) == [
                "Namespace flotilla-system", "ServiceAccount flotilla-system/flotilla-agent", "ClusterRoleBinding flotilla-agent",
                "Secret flotilla-system/coordinator-access", "Deployment flotilla-system/flotilla-agent",
            ])
        #expect(
            kinds(AgentInstallation.removal(.clusterAdmin)) == [
                "Deployment flotilla-system/flotilla-agent", "ClusterRoleBinding flotilla-agent",
            ] + Self.secrets + ["Namespace flotilla-system"])
    }

    @Test("rights in namespaces are roles there; nothing of a namespace that is managed is deleted with the agent but these")
    func namespaced() {
        let roles = [
            "Role flotilla-system/flotilla-agent", "RoleBinding flotilla-system/flotilla-agent", "Role a/flotilla-agent",
            "RoleBinding a/flotilla-agent", "Role b/flotilla-agent",
            "RoleBinding b/flotilla-agent",
        ]
        let objects = installation(.namespaces(["a", "b"])).objects
        #expect(Array(kinds(objects)[2..<8]) == roles)
        let removed = kinds(AgentInstallation.removal(.namespaces(["a", "b"])))
        #expect(removed == ["Deployment flotilla-system/flotilla-agent"] + roles.reversed() + Self.secrets + ["Namespace flotilla-system"])
        // No verb by which an agent could hand out, or take, more than it was given.
        for object in objects {
            for rule in object["rules"]?.list ?? [] {
                let verbs = (rule["verbs"]?.list ?? []).compactMap(\.string)
                #expect(Set(verbs).isDisjoint(with: ["*", "escalate", "bind", "approve", "sign"]))
            }
        }
    }

    @Test("the pod runs with nothing that it does not need")
    func pod() throws {
        let objects = installation(.clusterAdmin, authorities: "-----BEGIN CERTIFICATE-----\nAA==\n").objects
        let pod = try #require(objects.last?.at("spec", "template", "spec"))
        #expect(pod.at("securityContext", "runAsNonRoot") == true)
        #expect(pod.at("securityContext", "seccompProfile", "type") == "RuntimeDefault")
        let container = try #require(pod["containers"]?.list?.first)
        #expect(container.at("securityContext", "readOnlyRootFilesystem") == true)
        #expect(container.at("securityContext", "allowPrivilegeEscalation") == false)
        #expect(container.at("securityContext", "capabilities", "drop") == ["ALL"])
        #expect(container.at("resources", "limits", "cpu") == nil)
        #expect(container["args"]?.list?.contains("--coordinator-ca=/etc/flotilla-agent/ca.crt") == true)
        let secret = try #require(objects.first { $0["kind"] == "Secret" })
        #expect(secret.at("data", "token") == "dDBrZW4=")
        #expect(secret.at("data", "ca.crt") == "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0K")
        // Nowhere but in the Secret.
        #expect(objects.count { YAML.write($0).contains("t0ken") } == 0)
    }

    @Test("what is printed reads back as what was meant")
    func writing() throws {
        let objects = installation(.namespaces(["a"]), authorities: "-----BEGIN CERTIFICATE-----\n").objects
        #expect(try YAML.documents(Array(YAML.write(documents: objects).utf8)) == objects)
    }
}
