// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct CustomResourceTests {
    private static let definition: Value = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "widgets.example.com"],
        "spec": [
            "group": "example.com", "scope": "Namespaced", "names": ["plural": "widgets", "kind": "Widget"],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "schema": [
                        "openAPIV3Schema": [
                            "type": "object",
                            "properties": [
                                "spec": [
                                    "type": "object", "required": ["size"],
                                    "properties": [
                                        "size": ["type": "integer", "minimum": 1], "mode": ["type": "string", "default": "fast"],
                                    ],
                                    "x-kubernetes-validations": [["rule": "self.mode != 'none'", "message": "needs a mode"]],
                                ]
                            ],
                        ]
                    ],
                ]
            ],
        ],
    ]

    private static let widgets = "/apis/example.com/v1/namespaces/default/widgets"

    private func widget(_ spec: Value) -> Value {
        ["apiVersion": "example.com/v1", "kind": "Widget", "metadata": ["name": "w"], "spec": spec]
    }

    @Test func isServedAMomentLater() {
        let cluster = TestCluster()
        cluster.apply("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com", Self.definition)
        #expect(cluster.send("GET", Self.widgets).status == 404)
        cluster.pass(.milliseconds(200))
        #expect(cluster.send("GET", Self.widgets).status == 200)
        let made = cluster.apply("\(Self.widgets)/w", widget(["size": 2]))
        #expect(made.status == 201)
        #expect(made.body["spec"] == ["size": 2, "mode": "fast"])
        #expect(cluster.apply("\(Self.widgets)/w", widget(["size": 0])).status == 422)
        #expect(cluster.apply("\(Self.widgets)/w", widget(["size": 1, "mode": "none"])).status == 422)
        let pruned = cluster.send("POST", Self.widgets, ["metadata": ["name": "p"], "spec": ["size": 1, "extra": true]])
        #expect(pruned.body.at("spec", "extra") == nil)
        cluster.send("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com")
        cluster.pass(.seconds(1))
        #expect(cluster.send("GET", Self.widgets).status == 404)
    }

    @Test(arguments: [
        ("^[a-z]+$", "abc", true), ("^[a-z]+$", "aBc", false), ("b", "abc", true), ("^(a|b){2,3}$", "abab", false),
        ("^(a|b){2,3}$", "aba", true),
        ("^v\\d+(\\.\\d+)?$", "v1.2", true), ("^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false), ("[[:alpha:]]", "1", true),
    ])
    func matchesPatterns(_ pattern: String, _ text: String, _ expected: Bool) {
        #expect(Pattern.matches(pattern, text) == expected)
    }

    @Test func ordersVersions() {
        let sorted = ["v1beta1", "v2", "foo", "v1", "v1alpha1", "v10"].sorted(by: CustomResource.precedes)
        #expect(sorted == ["v10", "v2", "v1", "v1beta1", "v1alpha1", "foo"])
    }
}
