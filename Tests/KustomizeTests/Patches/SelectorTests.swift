// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct SelectorTests {
    private func selector(_ yaml: String) throws -> Selector {
        let file = SourceFile(path: "kustomization.yaml", bytes: Array(yaml.utf8), documents: try YAML.documents(yaml))
        return try Selector(Node(try #require(file.documents.first), of: file))
    }

    private func resource(_ yaml: String) throws -> Resource {
        Resource(try #require(try YAML.documents(yaml, scalars: .kustomize).first), source: .init(path: "r.yaml", document: 0))
    }

    @Test(arguments: [
        ("{}", true), ("{kind: Deployment}", true), ("{kind: Deploy}", false), ("{kind: Deploy.*}", true),
        ("{kind: 'Service|Deployment'}", true),
        ("{name: web}", true), ("{name: we}", false), ("{name: 'w.b'}", true), ("{name: '^web$'}", true),
        ("{group: apps, version: v1}", true),
        ("{group: batch}", false), ("{version: 'v[12]'}", true), ("{namespace: shop}", true), ("{namespace: default}", false),
        ("{labelSelector: app=web}", true), ("{labelSelector: app!=web}", false), ("{annotationSelector: note}", true),
        ("{annotationSelector: other, kind: Deployment}", false), ("{name: ''}", true), ("{name: 'web|.*x'}", true),
    ])
    func matches(yaml: String, expected: Bool) throws {
        let resource = try resource(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web, namespace: shop, labels: {app: web}, annotations: {note: x}}
            """)
        #expect(try selector(yaml).matches(resource) == expected)
    }

    @Test func comparesWithTheFirstNameAndThePresentOne() throws {
        let resource = try resource("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
        for name in ["b", "c"] {
            resource.rememberIdentity()
            resource.name = name
        }
        #expect(try selector("{name: a}").matches(resource))
        #expect(try !selector("{name: b}").matches(resource))
        #expect(try selector("{name: c, namespace: default}").matches(resource))
    }

    @Test func matchesPatternsForNamespacesOnlyLooselyWhereThereAreNone() throws {
        let resource = try resource("{apiVersion: v1, kind: Namespace, metadata: {name: a}}")
        #expect(try selector("{namespace: .*}").matches(resource))
        #expect(try !selector("{namespace: default}").matches(resource))
    }

    @Test(arguments: ["{kind: '('}", "{name: 'a{2,1}'}", "{annotationSelector: 1}", "{name: 1}", "[a]"])
    func refuses(yaml: String) {
        #expect(throws: KustomizeFailure.self) { try selector(yaml) }
    }

    @Test func refusesMalformedLabelSelectorsWhenTheyAreNeeded() throws {
        let resource = try resource("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
        #expect(try !selector("{kind: Secret, labelSelector: 'a in b'}").matches(resource))
        #expect(throws: KustomizeFailure.self) { try selector("{kind: ConfigMap, labelSelector: 'a in b'}").matches(resource) }
        #expect(try !selector("{labelSelector: app, annotationSelector: '='}").matches(resource))
    }

    @Test func isFastForManyResources() throws {
        let resources = try (0..<5_000).map { try resource("{apiVersion: v1, kind: ConfigMap, metadata: {name: config-\($0)}}") }
        let selector = try selector("{kind: Config.*, name: 'config-.*7'}")
        #expect(try selector.select(from: resources).count == 500)
    }
}
