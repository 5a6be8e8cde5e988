// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct AdmissionTests {
    private let cluster = TestCluster()

    private func policy(_ validations: Value, actions: Value = ["Deny"], variables: Value = []) {
        let group = "/apis/admissionregistration.k8s.io/v1"
        let rules: Value = [
            ["apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE", "DELETE"], "resources": ["configmaps"]]
        ]
        #expect(
            cluster.send(
                "POST", "\(group)/validatingadmissionpolicies",
                [
                    "metadata": ["name": "rule"],
                    "spec": ["matchConstraints": ["resourceRules": rules], "validations": validations, "variables": variables],
                ]
            ).status == 201)
        #expect(
            cluster.send(
                "POST", "\(group)/validatingadmissionpolicybindings",
                ["metadata": ["name": "bound"], "spec": ["policyName": "rule", "validationActions": actions]]
            ).status == 201)
    }

    @Test func deniesWhatAPolicyForbids() {
        policy(
            [["expression": "variables.small", "messageExpression": "'too big: ' + object.data.n", "reason": "Forbidden"]],
            variables: [["name": "small", "expression": "!has(object.data) || int(object.data.n) < 5"]])
        let refused = cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["n": "7"]))
        #expect(refused.status == 403)
        #expect(
            refused.body["message"]
                == "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'rule' with binding 'bound' denied request: too big: 7")
        #expect(cluster.apply("\(TestCluster.maps)/a", TestCluster.map("a", ["n": "3"])).status == 201)
    }

    @Test func asksAboutDeletionsAndWarnsOnly() {
        policy([["expression": "request.operation != 'DELETE' || oldObject.metadata.name != 'kept'"]])
        cluster.apply("\(TestCluster.maps)/kept", TestCluster.map("kept", [:]))
        cluster.apply("\(TestCluster.maps)/free", TestCluster.map("free", [:]))
        #expect(cluster.send("DELETE", "\(TestCluster.maps)/kept").status == 422)
        #expect(cluster.send("DELETE", "\(TestCluster.maps)/free").status == 200)
    }

    @Test func holdsPodsToTheStandardOfTheirNamespace() {
        #expect(
            cluster.send(
                "POST", "/api/v1/namespaces",
                ["metadata": ["name": "strict", "labels": ["pod-security.kubernetes.io/enforce": "restricted"]]]
            ).status == 201)
        let bad: Value = ["metadata": ["name": "p"], "spec": ["hostNetwork": true, "containers": [["name": "c", "image": "i"]]]]
        let refused = cluster.send("POST", "/api/v1/namespaces/strict/pods", bad)
        #expect(refused.status == 403)
        #expect(refused.body["message"]?.string?.contains("host namespaces (hostNetwork=true), allowPrivilegeEscalation != false") == true)
        let good: Value = [
            "metadata": ["name": "p"],
            "spec": [
                "securityContext": ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]],
                "containers": [
                    [
                        "name": "c", "image": "i",
                        "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]],
                    ]
                ],
            ],
        ]
        #expect(cluster.send("POST", "/api/v1/namespaces/strict/pods", good).status == 201)
    }
}
