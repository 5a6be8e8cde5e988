// SPDX-License-Identifier: Apache-2.0
import Manifests
import Rendering
import Testing

struct RenderingTests {
    private static let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

    private func render(
        _ files: [String: String], _ path: String = "app", substitute: Bool = false, clear: Bool = false, variables: [String: String] = [:]
    ) throws -> Rendered {
        try Renderer.render(
            RenderRequest(path: path, namespace: "shop", substitute: substitute, allowClearSecrets: clear, variables: variables),
            from: MemoryTree(files: files))
    }

    private func errors(
        _ files: [String: String], _ path: String = "app", substitute: Bool = false, variables: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try render(files, path, substitute: substitute, variables: variables)
            return []
        } catch let failure as RenderFailure {
            return failure.errors.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    // MARK: - Engines

    @Test func readsAPlainFolderInByteOrder() throws {
        let rendered = try render([
            "app/b.yaml": Self.config, "app/a.json": #"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}"#,
            "app/B.yml": "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: p}}]\n", "app/notes.txt": "x",
            "app/deeper/c.yaml": "kind: broken",
        ])
        #expect(rendered.engine == .plain)
        #expect(rendered.objects.map(\.path) == ["app/B.yml", "app/a.json", "app/b.yaml"])
        #expect(rendered.objects.map(\.identity.description) == ["Pod shop/p", "Service shop/s", "ConfigMap shop/a"])
        #expect(
            String(decoding: rendered.objects[2].bytes, as: UTF8.self)
                == #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"shop"}}"#)
        #expect(rendered.objects[2].digest == .sha256(rendered.objects[2].bytes))
    }

    @Test func readsOneFile() throws {
        #expect(try render(["app/a.yaml": Self.config, "app/b.yaml": "x"], "app/a.yaml").objects.count == 1)
        #expect(
            errors(["app/a.txt": "x"], "app/a.txt") == [
                "app/a.txt: error[not-a-manifest]: neither a folder nor a .yaml, .yml or .json file"
            ])
    }

    @Test func buildsAKustomization() throws {
        let rendered = try render(["app/kustomization.yaml": "resources: [a.yaml]\nnamespace: other", "app/a.yaml": Self.config])
        #expect(rendered.engine == .kustomize)
        #expect(rendered.objects.map(\.identity.description) == ["ConfigMap other/a"])
    }

    @Test func refusesWhatItCannotRender() {
        #expect(errors([:]) == ["app: error[not-found]: no such file or folder (see source.path of the application)"])
        #expect(
            errors(["app/Chart.yaml": "name: x"]) == [
                "app/Chart.yaml: error[not-yet]: Helm charts: not yet (use a kustomization or plain manifests)"
            ])
        #expect(
            errors(["app/readme.md": ""]) == [
                "app: error[no-objects]: nothing to apply (an empty render is never taken for the wish to delete everything)"
            ])
        #expect(errors(["app/kustomization.yaml": "nonsense: x"]).first?.hasPrefix("app/kustomization.yaml:1:1: error[") == true)
        #expect(errors(["a": ""], "../x") == ["../x: error[outside]: the path leads out of the repository"])
    }

    // MARK: - Objects

    @Test func reportsEveryUnsoundObject() {
        let found = errors([
            "app/a.yaml": """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              generateName: x-
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: a
              labels:
                port: 80
            ---
            - 1
            """, "app/b.yaml": "kind: ConfigMap\nmetadata: {name: b}",
        ])
        #expect(
            found == [
                "app/a.yaml:4:3: error[missing-field]: metadata.name must be a text (generateName is for hooks: anything else would be made anew each time)",
                "app/a.yaml:11:11: error[wrong-type]: metadata.labels.port must be a text, not an integer (write \"80\")",
                "app/a.yaml:13:1: error[not-an-object]: an object is a map, not a list",
                "app/b.yaml:1:1: error[missing-field]: apiVersion must be like v1 or apps/v1",
            ])
    }

    @Test func refusesDuplicates() {
        #expect(
            errors(["app/a.yaml": Self.config, "app/b.yaml": Self.config.replacing("v1", with: "v1")]) == [
                "app/b.yaml:3:18: error[duplicate]: ConfigMap shop/a is there twice: in app/a.yaml and in app/b.yaml"
            ])
    }

    @Test func refusesClearSecrets() throws {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
        let message =
            "app/s.yaml:4:24: error[clear-secret]: Secret s has readable values in Git "
            + "(encrypt it, or set allowClearSecrets of the application)"
        #expect(errors(["app/s.yaml": secret]) == [message])
        #expect(try render(["app/s.yaml": secret], clear: true).objects.count == 1)
        #expect(try render(["app/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"]).objects.count == 1)
        #expect(
            errors(["app/s.yaml": secret + "sops: {mac: x}\n"]) == [
                "app/s.yaml:5:7: error[not-decryptable]: names no keys"
            ])
    }

    @Test func setsNamespacesWhereTheKindHasOne() throws {
        let rendered = try render([
            "app/a.yaml": """
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop, namespace: odd}
            ---
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: widgets.example.dev}
            spec: {group: example.dev, scope: Namespaced, names: {kind: Widget}}
            ---
            apiVersion: example.dev/v1
            kind: Widget
            metadata: {name: w}
            ---
            apiVersion: other.dev/v1
            kind: Gadget
            metadata: {name: g}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d, namespace: elsewhere}
            """
        ])
        #expect(rendered.objects.map(\.identity.namespace) == ["", "", "shop", "", "elsewhere"])
        #expect(rendered.warnings == ["app/a.yaml: Namespace lives in no namespace; odd is left out"])
    }

    // MARK: - Variables

    @Test func substitutesVariables() throws {
        let rendered = try render(
            [
                "app/a.yaml": """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: "${cluster.name}"}
                data:
                  level: ${logLevel}
                  text: "$HOME $$ ${absent:=a b}"
                spec:
                  replicas: ${replicas}
                  quoted: "${replicas}"
                """
            ], substitute: true,
            variables: [
                "cluster.name": "eu-1", "cluster.variables.replicas": "6", "environment.variables.replicas": "2",
                "environment.variables.logLevel": "info",
            ])
        let object = rendered.objects[0].value
        #expect(rendered.objects[0].identity.name == "eu-1")
        #expect(object["data"] == ["level": "info", "text": "$HOME $ a b"])
        #expect(object["spec"] == ["replicas": 6, "quoted": "6"])
        let answers: [String: String?] = [
            "cluster.name": "eu-1", "replicas": nil, "cluster.variables.replicas": "6", "logLevel": nil, "cluster.variables.logLevel": nil,
            "environment.variables.logLevel": "info", "absent": nil, "cluster.variables.absent": nil, "environment.variables.absent": nil,
        ]
        #expect(rendered.trace.variables == answers)
    }

    @Test func namesUndefinedVariables() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: ${replica}, b: ${x.y}, c: \"${\n\"}\n"
        #expect(
            errors(["app/a.yaml": text], substitute: true, variables: ["cluster.variables.replicas": "1"]) == [
                "app/a.yaml:4:11: error[undefined-variable]: variable replica is not defined (there is replicas)",
                "app/a.yaml:4:26: error[undefined-variable]: variable x.y is not defined "
                    + "(a default is written ${x.y:=value}, a literal $ is written $$)",
                "app/a.yaml:4:38: error[syntax]: ${ has no } on its line (a literal $ is written $$)",
            ])
    }

    @Test func leavesEncryptedDocumentsAndUnaskedOnesAlone() throws {
        let found = errors(
            ["app/a.yaml": Self.config + "data: {a: \"${x}\"}\nsops:\n  mac: x\n---\n" + Self.config + "data: {a: ${y}}\n"],
            substitute: true)
        #expect(found.count == 1 && found[0].contains("app/a.yaml:11:11: error[undefined-variable]: variable y"))
        #expect(try render(["app/a.yaml": Self.config + "data: {a: \"${x}\"}"]).objects[0].value.at("data", "a") == "${x}")
    }

    @Test func refusesValuesThatChangeTheStructure() {
        #expect(
            errors(["app/a.yaml": Self.config + "data: {a: ${x}}"], substitute: true, variables: ["x": "1\nb: 2"]).first?
                .contains("error[unsuitable-variable]") == true)
    }
}
