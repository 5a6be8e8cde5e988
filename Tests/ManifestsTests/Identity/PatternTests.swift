// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("Patterns of namespaces and names of kinds") struct PatternTests {
    @Test(
        "a star stands for any characters, and nothing else is special",
        arguments: [
            ("shop", "shop", true), ("shop", "Shop", false), ("shop", "shop2", false), ("shop-*", "shop-eu", true),
            ("shop-*", "shop", false), ("shop-*", "shop-", true), ("shop-*", "myshop-eu", false), ("shop*", "shop", true),
            ("*-eu", "shop-eu", true), ("*-eu", "eu", false), ("s*p-*u", "shop-eu", true), ("s*p*p", "shopshop", true), ("*", "a", true),
            ("**", "a", true), ("*", "", false), ("shop.", "shopx", false), ("sh?p", "shop", false), ("[a-z]*", "shop", false),
            ("a*a", "a", false), ("*aab", "aaaab", true),
        ])
    func matching(_ pattern: String, _ name: String, _ matches: Bool) {
        #expect(NamespacePattern(pattern).matches(name) == matches)
    }

    @Test(
        "a star does not reach the namespaces of Kubernetes and Flotilla; their names do",
        arguments: ["kube-system", "kube-public", "kube-node-lease", "flotilla-system"])
    func system(_ name: String) {
        for pattern in ["*", "kube-*", "kube*", "flotilla-*", "*-system", "*\(name)"] {
            #expect(!NamespacePattern(pattern).matches(name), "\(pattern)")
        }
        #expect(NamespacePattern(name).matches(name))
    }

    @Test("a pattern with many stars takes no long time") func stars() {
        let pattern = NamespacePattern(String(repeating: "*a", count: 31) + "*b")
        #expect(!pattern.matches(String(repeating: "a", count: 63)))
    }

    @Test("what no namespace can be called is no pattern") func wellFormed() {
        #expect(["a", "*", "a-*-b", "0"].allSatisfy { NamespacePattern($0).isWellFormed })
        #expect(
            !["", "A", "a b", "a.b", "a/b", "ä", "a?", String(repeating: "a", count: 64)].contains { NamespacePattern($0).isWellFormed })
    }

    @Test(
        "a kind without a group is Kubernetes' own",
        arguments: [
            ("ClusterRole", "rbac.authorization.k8s.io", "ClusterRole", true), ("ClusterRole", "evil.example", "ClusterRole", false),
            ("Namespace", "", "Namespace", true), ("namespace", "", "Namespace", false), ("Widget", "example.dev", "Widget", false),
            ("Widget.example.dev", "example.dev", "Widget", true), ("Widget.example.dev", "dev", "Widget", false),
            ("ClusterRole.rbac.authorization.k8s.io", "rbac.authorization.k8s.io", "ClusterRole", true),
            ("Deployment", "apps", "Deployment", false),
        ])
    func kinds(_ text: String, _ group: String, _ kind: String, _ matches: Bool) {
        #expect(KindName(text).matchesClusterScoped(group: group, kind: kind) == matches)
    }

    @Test("a kind is named as it has to be listed") func naming() {
        #expect("\(KindName(group: "rbac.authorization.k8s.io", kind: "ClusterRole"))" == "ClusterRole")
        #expect("\(KindName(group: "example.dev", kind: "Widget"))" == "Widget.example.dev")
        #expect("\(KindName(group: "", kind: "Namespace"))" == "Namespace")
        #expect(KindScope.builtIn(kind: "Node") == .cluster && KindScope.builtIn(kind: "Pod") == .namespaced)
        #expect(KindScope.builtIn(kind: "Widget") == nil)
    }
}
