// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

struct TransformerConfigurationTests {
    @Test func standardFieldsAreAllThere() {
        let standard = TransformerConfiguration.standard
        #expect(standard.commonLabels.count == 32)
        #expect(standard.templateLabels.count == 10)
        #expect(standard.commonAnnotations.count == 9)
        #expect(standard.varReferences.count == 72)
        #expect(standard.nameReferences.map(\.fields.count).reduce(0, +) == 166)
        #expect(
            standard.commonLabels.contains(
                FieldSpec(group: "apps", kind: "StatefulSet", path: "spec/volumeClaimTemplates[]/metadata/labels", create: true)))
        let secrets = standard.nameReferences.first { $0.kind == "Secret" }
        #expect(secrets?.version == "v1")
        #expect(secrets?.fields.contains(FieldSpec(kind: "PodTemplate", path: "template/spec/imagePullSecrets/name")) == true)
        #expect(
            secrets?.fields.contains(FieldSpec(kind: "Ingress", path: "metadata/annotations/ingress.kubernetes.io\\/auth-secret")) == true)
    }

    @Test func rulesAreOrderedByWhatOthersReferTo() {
        let kinds = TransformerConfiguration.standard.nameReferences.map(\.kind)
        #expect(kinds.prefix(4) == ["StorageClass", "ServiceAccount", "Role", "ClusterRole"])
        #expect(kinds.firstIndex(of: "ConfigMap") ?? 0 < kinds.firstIndex(of: "Secret") ?? 0)
        #expect(kinds.last == "ReplicationController")
    }

    @Test func readsAConfigurationFile() throws {
        let file = try Samples.file(
            """
            namePrefix:
            - {path: spec/title, kind: Book}
            nameReference:
            - kind: Shelf
              version: v1
              fieldSpecs:
              - {path: spec/shelf/name, kind: Book, create: true}
            """)
        let configuration = try TransformerConfiguration.read(file, for: try Samples.node("[]"))
        #expect(configuration.namePrefix == [FieldSpec(kind: "Book", path: "spec/title")])
        #expect(configuration.nameReferences.first?.fields == [FieldSpec(kind: "Book", path: "spec/shelf/name", create: true)])
    }

    @Test(
        arguments: [
            ("namoPrefix: []", "unknown-field", 1), ("images:\n- {path: a, creat: true}", "unknown-field", 2),
            ("images:\n- {path: [a]}", "wrong-type", 2), ("replicas: {path: a}", "wrong-type", 1),
            ("nameReference:\n- kind: A\n  fields: []", "unknown-field", 3),
        ])
    func refusesWhatItDoesNotKnow(text: String, code: String, line: Int) throws {
        let file = try Samples.file(text)
        let failure = #expect(throws: KustomizeFailure.self) { _ = try TransformerConfiguration.read(file, for: try Samples.node("[]")) }
        #expect(failure?.problems.first?.code == code)
        #expect(failure?.problems.first?.line == line)
    }

    @Test func anEmptyFileSaysNothing() throws {
        #expect(try TransformerConfiguration.read(try Samples.file(""), for: try Samples.node("[]")).isEmpty)
    }

    @Test func mergingKeepsWhatIsThere() throws {
        var configuration = TransformerConfiguration.standard
        var added = TransformerConfiguration()
        added.replicas = [FieldSpec(kind: "Deployment", path: "spec/replicas", create: true), FieldSpec(kind: "Farm", path: "spec/size")]
        try configuration.merge(added)
        #expect(configuration.replicas.count == TransformerConfiguration.standard.replicas.count + 1)
        try configuration.merge(.standard)
        #expect(configuration.replicas.count == TransformerConfiguration.standard.replicas.count + 1)
    }

    @Test func aWiderRuleForTheSamePathAddsNothing() throws {
        var narrow = [FieldSpec(kind: "Deployment", path: "spec/size")]
        try narrow.merge([FieldSpec(path: "spec/size")])
        #expect(narrow.count == 1)
        var wide = [FieldSpec(path: "spec/size")]
        try wide.merge([FieldSpec(kind: "Deployment", path: "spec/size")])
        #expect(wide.count == 2)
    }

    @Test func createMustNotDiffer() throws {
        var configuration = TransformerConfiguration.standard
        var added = TransformerConfiguration()
        added.replicas = [FieldSpec(kind: "Deployment", path: "spec/replicas")]
        #expect(throws: FieldSpecConflict.self) { try configuration.merge(added) }
    }
}
