// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct CRDConfigurationTests {
    private static let farm = """
        {
          "example.com/v1.Farm": {"Schema": {"properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "k8s.io/v1.ObjectMeta"},
            "spec": {"$ref": "example.com/v1.FarmSpec"}}}},
          "example.com/v1.FarmSpec": {"Schema": {"properties": {
            "barn": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Barn", "$ref": "example.com/v1.Barn"},
            "key": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Secret",
                    "x-kubernetes-object-ref-name-key": "secret"},
            "animals": {"x-kubernetes-label-selector": ""}, "notes": {"x-kubernetes-annotation": ""}, "title": {"x-kubernetes-identity": ""},
            "count": {"x-kubernetes-identity": 1}}}},
          "example.com/v1.Barn": {"Schema": {"properties": {"name": {"x-kubernetes-identity": ""}}}}
        }
        """

    @Test func extensionsBecomeRules() throws {
        let rules = try CRDConfiguration.read(try Samples.file(Self.farm, path: "farm.json"), for: try Samples.node("[]"))
        #expect(rules.commonLabels == [FieldSpec(kind: "Farm", path: "spec/animals")])
        #expect(rules.commonAnnotations == [FieldSpec(kind: "Farm", path: "spec/notes")])
        #expect(Set(rules.namePrefix.map(\.path)) == ["spec/title", "spec/barn/name"])
        #expect(rules.nameReferences.map(\.kind) == ["Secret", "Barn"])
        #expect(rules.nameReferences[0].fields == [FieldSpec(kind: "Farm", path: "spec/key/secret")])
        #expect(rules.nameReferences[1].fields == [FieldSpec(kind: "Farm", path: "spec/barn/name")])
    }

    @Test func aTypeThatIsNoKindIsOnlyUsed() throws {
        let file = try Samples.file(#"{"a.Spec": {"Schema": {"properties": {"x": {"x-kubernetes-annotation": ""}}}}}"#)
        #expect(try CRDConfiguration.read(file, for: try Samples.node("[]")).isEmpty)
    }

    @Test(
        arguments: [
            (#"{"a.K": {"Schema": {"properties": {"kind": {}, "apiVersion": {}, "metadata": {}, "spec": {"$ref": "a.K"}}}}}"#, "cycle"),
            ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition", "wrong-type"), ("", "empty"),
            (#"{"a.K": {"Schema": {"properties": []}}}"#, "wrong-type"),
        ])
    func refusesOtherFiles(text: String, code: String) throws {
        let failure = #expect(throws: KustomizeFailure.self) {
            _ = try CRDConfiguration.read(try Samples.file(text, path: "crd.yaml"), for: try Samples.node("[crd.yaml]"))
        }
        #expect(failure?.problems.first?.code == code)
    }
}
