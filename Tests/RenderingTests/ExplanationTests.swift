// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Rendering

@Suite("Explanations") struct ExplanationTests {
    /// `step place value`, with a variable's name, place and value behind it.
    private func steps(
        _ field: String, path: String, _ files: [String: String], namespace: String? = nil, variables: [String: String]? = nil
    ) throws -> [String] {
        let request = RenderRequest(
            path: path, namespace: namespace, substitute: variables != nil, allowClearSecrets: true, variables: variables ?? [:])
        let explanation = try Renderer.explain(try ObjectField(parsing: field), of: request, from: MemoryTree(files: files))
        return explanation.steps.map { step in
            let kind =
                switch step.kind {
                case .engine(let name): name
                case .namespace: "namespace"
                }
            let uses = step.variables.map { " | \($0.name) \($0.variable ?? "default") \($0.place) \($0.value)" }
            return "\(kind) \(step.place?.description ?? "-") \(step.value.map { JSON.text($0) } ?? "gone")" + uses.joined()
        }
    }

    private static let plain = [
        "app/list.yaml": """
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
          kind: Namespace
          metadata: {name: shop, namespace: wrong}
        - apiVersion: apps/v1
          kind: Deployment
          metadata:
            name: web
          spec:
            replicas: 2
            template:
              spec:
                containers:
                - name: sidecar
                  image: side:1
                - {name: web, image: "web:${tag}-${flavour:=slim}", args: ["$$HOME", "${tag}"]}
        """,
        "app/map.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: texts
          annotations:
            a/b: x
        data:
          script: |
            echo ${cluster.name}
            echo ${tag}
          after: ${tag}
        """,
    ]

    private static let variables = ["cluster.name": "eu", "environment.variables.tag": "v7"]

    @Test("plain manifests: the line in the file, through lists and by items' names")
    func plainManifests() throws {
        #expect(try steps("Deployment/web:/spec/replicas", path: "app", Self.plain) == ["read app/list.yaml:12:15 2"])
        #expect(
            try steps("apps/Deployment/web:/spec/template/spec/containers/[name=sidecar]/image", path: "app", Self.plain)
                == ["read app/list.yaml:17:18 \"side:1\""])
        #expect(
            try steps("Deployment/web:/spec/template/spec/containers[name=sidecar]/image", path: "app", Self.plain)
                == steps("Deployment/web:/spec/template/spec/containers/0/image", path: "app", Self.plain))
        #expect(
            try steps("ConfigMap/texts:/metadata/annotations/a~1b", path: "app/map.yaml", Self.plain) == ["read app/map.yaml:6:10 \"x\""])
    }

    @Test("namespaces that the application gives or takes")
    func namespaces() throws {
        #expect(
            try steps("Deployment/shop/web:/metadata/namespace", path: "app", Self.plain, namespace: "shop") == ["namespace - \"shop\""])
        #expect(
            try steps("Namespace/shop:/metadata/namespace", path: "app", Self.plain, namespace: "shop")
                == ["read app/list.yaml:6:37 \"wrong\"", "namespace - gone"])
    }

    @Test("variables: which, where it is used, and the place as it is written")
    func substitution() throws {
        #expect(
            try steps("Deployment/web:/spec/template/spec/containers/1/image", path: "app", Self.plain, variables: Self.variables) == [
                "read app/list.yaml:18:30 \"web:v7-slim\" | tag environment.variables.tag app/list.yaml:18:35 v7"
                    + " | flavour default app/list.yaml:18:42 slim"
            ])
        #expect(
            try steps("Deployment/web:/spec/template/spec/containers/1/args/1", path: "app", Self.plain, variables: Self.variables) == [
                "read app/list.yaml:18:78 \"v7\" | tag environment.variables.tag app/list.yaml:18:79 v7"
            ])
        #expect(
            try steps("ConfigMap/texts:/data/script", path: "app", Self.plain, variables: Self.variables) == [
                "read app/map.yaml:8:11 \"echo eu\\necho v7\\n\" | cluster.name cluster.name app/map.yaml:9:10 eu"
                    + " | tag environment.variables.tag app/map.yaml:10:10 v7"
            ])
        #expect(
            try steps("ConfigMap/texts:/data/after", path: "app", Self.plain, variables: Self.variables) == [
                "read app/map.yaml:11:10 \"v7\" | tag environment.variables.tag app/map.yaml:11:10 v7"
            ])
    }

    private static let kustomized = [
        "base/web.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 1
          paused: true
          template:
            spec:
              containers:
              - name: web
                image: web:1
        """,
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "over/kustomization.yaml": """
        resources:
        - ../base
        namespace: shop
        patches:
        - path: more.yaml
        replicas:
        - name: web
          count: 5
        images:
        - name: web
          newTag: ${tag}
        """,
        "over/more.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 3
          paused: null
        """,
    ]

    @Test("kustomizations: what was read, then each transformer that changed it, in order")
    func kustomize() throws {
        #expect(
            try steps("Deployment/shop/web:/spec/replicas", path: "over", Self.kustomized) == [
                "read base/web.yaml:6:13 1", "PatchTransformer over/more.yaml:6:13 3",
                "ReplicaCountTransformer over/kustomization.yaml:7:3 5",
            ])
        #expect(
            try steps("Deployment/web:/spec/paused", path: "over", Self.kustomized) == [
                "read base/web.yaml:7:11 true", "PatchTransformer over/more.yaml:7:11 gone",
            ])
        let image = try steps(
            "Deployment/web:/spec/template/spec/containers/[name=web]/image", path: "over", Self.kustomized, variables: Self.variables)
        #expect(image.first == "read base/web.yaml:12:16 \"web:1\"")
        #expect(image.last?.hasPrefix("ImageTagTransformer over/kustomization.yaml:") == true)
        #expect(image.last?.contains("\"web:v7\" | tag environment.variables.tag over/kustomization.yaml:11:11 v7") == true)
        let namespace = try steps("Deployment/web:/metadata/namespace", path: "over", Self.kustomized, namespace: "other")
        #expect(namespace == ["NamespaceTransformer over/kustomization.yaml:3:12 \"shop\""])
    }

    @Test(
        "what is asked about has to be there",
        arguments: [
            ("Deployment/api:/spec", "no-object", "apps/Deployment/web"), ("Pod/web", "no-object", "apps/Deployment/web"),
            ("Deployment/web:/spec/replica", "no-field", "/spec has only replicas, template"),
            ("Deployment/web:/spec/template/spec/containers/[name=db]/image", "no-field", "only [name=sidecar], [name=web]"),
            ("Deployment/web:/spec/template/spec/containers/7", "no-field", "only 0, 1"),
            ("Deployment/web:/spec/replicas/x", "no-field", "/spec/replicas has nothing below it"),
        ])
    func missing(_ field: String, _ code: String, _ hint: String) throws {
        do {
            _ = try steps(field, path: "app", Self.plain)
            Issue.record("nothing was refused")
        } catch let failure as RenderFailure {
            #expect(failure.errors.map(\.code) == [code])
            #expect(failure.description.contains(hint), "\(failure)")
        }
    }

    @Test("several objects of one name want a namespace")
    func ambiguous() throws {
        let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: NS}\ndata: {x: NS}\n"
        let files = ["d/m.yaml": ["one", "two"].map { object.replacing("NS", with: $0) }.joined(separator: "---\n")]
        #expect(throws: RenderFailure.self) { try steps("ConfigMap/a:/data/x", path: "d", files) }
        #expect(try steps("ConfigMap/two/a:/data/x", path: "d", files) == ["read d/m.yaml:9:11 \"two\""])
    }

    @Test(
        "fields are named like objects",
        arguments: [
            ("Deployment/web:/spec/replicas", "Deployment/web:/spec/replicas"), ("apps/Deployment/shop/web", "apps/Deployment/shop/web"),
            ("ClusterRole/system:node:/rules/0", "ClusterRole/system:node:/rules/0"), ("Deployment/web:/a~1b", "Deployment/web:/a~1b"),
        ])
    func parsing(_ text: String, _ same: String) throws { #expect(try ObjectField(parsing: text).description == same) }

    @Test(
        "what names no field is refused",
        arguments: [
            "", "web", "deployment/web", "a/b/Deployment/web", "Deployment/a/b/c", "Deployment//web", "Deployment/web:/a~", "Deployment",
        ])
    func wrong(_ text: String) { #expect(throws: ObjectFieldError.self) { try ObjectField(parsing: text) } }
}
