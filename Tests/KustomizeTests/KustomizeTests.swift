// SPDX-License-Identifier: Apache-2.0
import Kustomize
import Manifests
import Testing

struct KustomizeTests {
    private static let web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 1
          template: {spec: {containers: [{name: web, image: "registry.example:5000/web:1"}, {name: side, image: side}]}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: web}
        """

    private func build(_ files: [String: String], links: [String: String] = [:], at folder: String = "o") throws -> [Value] {
        try Kustomize.build(folder, from: MemoryTree(files: files, links: links)).map(\.value)
    }

    private func problems(_ files: [String: String], links: [String: String] = [:], at folder: String = "o") -> [String] {
        do {
            _ = try build(files, links: links, at: folder)
            return []
        } catch let failure as KustomizeFailure {
            return failure.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func transformsABase() throws {
        let objects = try build([
            "b/kustomization.yaml": "resources: [web.yaml]", "b/web.yaml": Self.web,
            "o/kustomization.yaml": """
            resources: [../b]
            namespace: shop
            images: [{name: registry.example:5000/web, newTag: "2"}, {name: side, newName: other, digest: "sha256:00"}]
            replicas: [{name: web, count: 3}]
            patches:
            - patch: |-
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web}
                spec: {template: {spec: {containers: [{name: web, args: [x]}]}}}
            """,
        ])
        #expect(objects.map { $0["kind"] } == ["ClusterRole", "Service", "Deployment"])
        #expect(objects[0].at("metadata", "namespace") == nil)
        #expect(objects[1].at("metadata", "namespace") == "shop")
        #expect(objects[2].at("spec", "replicas") == 3)
        let containers: Value = [
            ["name": "web", "image": "registry.example:5000/web:2", "args": ["x"]], ["name": "side", "image": "other@sha256:00"],
        ]
        #expect(objects[2].at("spec", "template", "spec", "containers") == containers)
    }

    @Test func namesWhatIsNotUnderstood() {
        #expect(
            problems(["o/kustomization.yaml": "resources: []\nnamePrefix: x-\nresorces: []\npatches: [{pach: x}]\n"]) == [
                "o/kustomization.yaml:3:1: error[unknown-field]: unknown field resorces (did you mean resources?)"
            ])
    }

    @Test func staysInTheRepositoryAndEndsCycles() {
        #expect(
            problems(["o/kustomization.yaml": "resources: [../../x]"]) == [
                "o/kustomization.yaml:1:13: error[outside]: ../../x is outside of the repository (paths are relative to the kustomization's folder)"
            ])
        #expect(
            problems(["o/kustomization.yaml": "resources: [../web.yaml]", "web.yaml": Self.web]) == [
                "o/kustomization.yaml:1:13: error[outside]: ../web.yaml is outside of o, the kustomization's folder (give that folder a "
                    + "kustomization of its own, and name the folder)"
            ])
        #expect(
            problems(["o/kustomization.yaml": "resources: [../p]", "p/kustomization.yaml": "resources: [../o]"]) == [
                "p/kustomization.yaml:1:13: error[cycle]: ../o leads back to o"
            ])
        #expect(
            problems(["o/kustomization.yaml": "resources: [x.yaml]"], links: ["o/x.yaml": "../secret.yaml"]).first?
                .contains("no such file") == true)
        #expect(
            problems(["o/kustomization.yaml": "resources: [x.yaml]"], links: ["o/x.yaml": "../../etc/passwd"]).first?
                .contains("points outside the repository") == true)
        #expect(
            problems(["o/kustomization.yaml": "resources: [https://example.com/x]"]).first?.contains("error[remote]") == true)
    }

    @Test func refusesTwoOfAKindAndPatchesWithoutTarget() {
        #expect(
            problems(["o/kustomization.yaml": "resources: [a.yaml, b.yaml]", "o/a.yaml": Self.web, "o/b.yaml": Self.web]) == [
                "o/kustomization.yaml:1:21: error[duplicate]: apps/v1 Deployment web is there twice: from o/a.yaml and from o/b.yaml"
            ])
        #expect(
            problems([
                "o/kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]", "o/a.yaml": Self.web,
                "o/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}",
            ]) == [
                "o/kustomization.yaml:2:11: error[no-match]: no resource matches the patch apps/v1 Deployment api "
                    + "(there is apps/v1 Deployment web)"
            ])
        #expect(
            problems(["o/kustomization.yaml": "resources: [a.yaml]\nreplicas: [{name: api, count: 2}]", "o/a.yaml": Self.web]) == [
                "o/kustomization.yaml:2:12: error[no-match]: there is no Deployment, ReplicaSet, ReplicationController, StatefulSet named api"
            ])
    }

    @Test func saysWhereADocumentIsWrong() {
        #expect(
            problems(["o/kustomization.yaml": "resources: [a.yaml]", "o/a.yaml": "kind: Pod\nmetadata: {}\n"]) == [
                "o/a.yaml:2:11: error[missing-name]: the Pod has no metadata.name"
            ])
        #expect(
            problems(["o/x": ""]) == [
                "o: error[not-found]: no kustomization file (one of kustomization.yaml, kustomization.yml, Kustomization)"
            ])
    }
}

/// What would grow without end, or take forever, is refused.
struct KustomizeBoundsTests {
    private func problem(_ kustomization: String, limits: KustomizeLimits = .standard) -> String? {
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: abcdefgh}\n"
        do {
            _ = try Kustomize.build(
                "", from: MemoryTree(files: ["kustomization.yaml": "resources: [a.yaml]\n" + kustomization, "a.yaml": map]), limits: limits)
            return nil
        } catch {
            return error.problems.first?.code
        }
    }

    @Test func aTextThatDoubles() {
        let doubling = """
            - source: {kind: ConfigMap, fieldPath: data.x}
              targets: [{select: {kind: ConfigMap}, fieldPaths: [data.x], options: {delimiter: "|", index: -1}}]\n
            """
        #expect(problem("replacements:\n" + String(repeating: doubling, count: 60)) == "no-field")
    }

    @Test func aTreeThatDoubles() {
        let doubling = """
            - source: {kind: ConfigMap, fieldPath: data}
              targets: [{select: {kind: ConfigMap}, fieldPaths: [data.y, data.z], options: {create: true}}]\n
            """
        #expect(problem("replacements:\n" + String(repeating: doubling, count: 60)) == "too-much-work")
    }

    @Test func copiesThatDouble() {
        let copy = "    - {op: copy, from: /data, path: /data/y}\n    - {op: copy, from: /data, path: /data/z}\n"
        #expect(problem("patches:\n- target: {kind: ConfigMap}\n  patch: |\n" + String(repeating: copy, count: 60)) == "patch-failed")
    }

    @Test func moreWorkThanAllowed() {
        var limits = KustomizeLimits.standard
        limits.workMax = 3
        #expect(problem("namePrefix: a-\nnameSuffix: -b\nnamespace: c\n", limits: limits) == "too-much-work")
    }
}
