// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("Object identity") struct ObjectIdentityTests {
    @Test(
        "is read from an object, without its version",
        arguments: [
            (
                ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "shop"]],
                "apps/Deployment shop/web"
            ),
            (["apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": ["name": "web"]], "apps/Deployment web"),
            (["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]], "Namespace shop"),
        ] as [(Value, String)])
    func reads(_ object: Value, _ description: String) { #expect(ObjectIdentity(object)?.description == description) }

    @Test(
        "needs apiVersion, kind and name",
        arguments: [
            .null, "x", ["kind": "A", "metadata": ["name": "x"]], ["apiVersion": "v1", "metadata": ["name": "x"]],
            ["apiVersion": "v1", "kind": "A"], ["apiVersion": "v1", "kind": "A", "metadata": ["name": 1]],
            ["apiVersion": "v1", "kind": "A", "metadata": ["name": ""]],
        ] as [Value])
    func refuses(_ object: Value) { #expect(ObjectIdentity(object) == nil) }

    @Test("orders by group, kind, namespace, name") func order() {
        let identities = [("", "B", "", "a"), ("", "B", "x", "a"), ("", "B", "x", "b"), ("a", "A", "", "")].map {
            ObjectIdentity(group: $0.0, kind: $0.1, namespace: $0.2, name: $0.3)
        }
        #expect(identities.reversed().sorted() == identities)
    }
}
