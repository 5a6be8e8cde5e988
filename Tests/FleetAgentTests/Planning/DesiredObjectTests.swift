// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Testing

@testable import FleetAgent

@Suite struct DesiredObjectTests {
    @Test("Phases follow what needs what")
    func phases() {
        #expect(ApplyPhase(group: "", kind: "Namespace") < ApplyPhase(group: "apiextensions.k8s.io", kind: "CustomResourceDefinition"))
        #expect(ApplyPhase(group: "apps", kind: "Deployment") == .rest)
        #expect(ApplyPhase(group: "other.dev", kind: "Namespace") == .rest)
        #expect(ApplyPhase(group: "admissionregistration.k8s.io", kind: "MutatingWebhookConfiguration") > .rest)
    }

    @Test("A namespaced object without one gets the application's, a cluster-wide one gets none")
    func namespaces() throws {
        let task = SyncTask.test(namespace: "shop")
        let digest = Digest.sha256("x")
        let config: Value = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"]]
        #expect(try DesiredObject.plan(config, digest: digest, task: task, isNamespaced: true).identity.namespace == "shop")
        let role: Value = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "a", "namespace": "odd"],
        ]
        #expect(try DesiredObject.plan(role, digest: digest, task: task, isNamespaced: false).identity.namespace.isEmpty)
    }

    @Test("What is sent carries the labels and nothing that only a server writes")
    func prepare() {
        let object: Value = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": "a", "uid": "1", "resourceVersion": "9", "creationTimestamp": .null, "labels": ["mine": "1"]],
            "status": ["x": 1],
        ]
        let identity = ObjectIdentity(group: "", kind: "ConfigMap", namespace: "shop", name: "a")
        let sent = DesiredObject.prepare(object, as: identity, application: "web")
        #expect(
            sent == [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": [
                    "name": "a", "namespace": "shop",
                    "labels": [
                        "mine": "1", "flotilla.dev/application": "web",
                        "applyset.kubernetes.io/part-of": .string(Ownership.applySetID(application: "web")),
                    ],
                ],
            ])
    }

    @Test("Other ignored paths mean another apply")
    func appliedDigest() {
        let identity = ObjectIdentity(group: "apps", kind: "Deployment", namespace: "shop", name: "web")
        let body = Digest.sha256("x")
        let plain = DesiredObject.appliedDigest(body: body, identity: identity, task: .test())
        var options = SyncOptions()
        options.ignore = [IgnoreRule(kind: "Deployment", paths: ["/spec/replicas"])]
        #expect(DesiredObject.appliedDigest(body: body, identity: identity, task: .test(options: options)) != plain)
        options.ignore = [IgnoreRule(kind: "Service", paths: ["/spec/replicas"])]
        #expect(DesiredObject.appliedDigest(body: body, identity: identity, task: .test(options: options)) == plain)
    }

    @Test("An ignored field is left out once another manager owns it, and keeps its live value until then")
    func yielding() throws {
        let desired: Value = ["spec": ["replicas": 2, "paused": false]]
        let pointer = try JSONPointer(parsing: "/spec/replicas")
        let own: Value = ["spec": ["replicas": 2]]
        #expect(DesiredObject.yield([pointer], of: desired, to: own) == desired)
        let foreign: Value = [
            "metadata": ["managedFields": [["manager": "scaler", "operation": "Update", "fieldsV1": ["f:spec": ["f:replicas": [:]]]]]],
            "spec": ["replicas": 7],
        ]
        #expect(DesiredObject.yield([pointer], of: desired, to: foreign) == ["spec": ["paused": false]])
    }
}

@Suite struct PrunePlanTests {
    private static func config(_ name: String) -> ObjectIdentity {
        ObjectIdentity(group: "", kind: "ConfigMap", namespace: "shop", name: name)
    }

    @Test("What a recorded release dropped goes")
    func drops() {
        let plan = PrunePlan.decide(
            inventory: [Self.config("a"), Self.config("b")], wanted: [Self.config("a")], task: .test())
        #expect(plan == .remove([Self.config("b")]))
    }

    @Test("Nothing goes without a record, for an empty bundle, or where pruning is off")
    func refusals() {
        let inventory = [Self.config("a"), Self.config("b")]
        var task = SyncTask.test()
        task.record.commit = ""
        #expect(PrunePlan.decide(inventory: inventory, wanted: [Self.config("a")], task: task) == .nothing)
        #expect(PrunePlan.decide(inventory: inventory, wanted: [], task: .test()) == .nothing)
        var options = SyncOptions()
        options.prune = false
        #expect(PrunePlan.decide(inventory: inventory, wanted: [Self.config("a")], task: .test(options: options)) == .nothing)
    }

    @Test("More than the allowed share is held", arguments: [(49, true), (50, false), (100, false)])
    func share(percent: Int, isHeld: Bool) {
        var options = SyncOptions()
        options.pruneMaxPercent = percent
        let plan = PrunePlan.decide(
            inventory: [Self.config("a"), Self.config("b")], wanted: [Self.config("a")], task: .test(options: options))
        if case .held = plan { #expect(isHeld) } else { #expect(!isHeld) }
    }

    @Test("Webhooks go first, definitions and namespaces last")
    func order() {
        let hook = ObjectIdentity(group: "admissionregistration.k8s.io", kind: "ValidatingWebhookConfiguration", namespace: "", name: "h")
        let definition = ObjectIdentity(group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", namespace: "", name: "d")
        let namespace = ObjectIdentity(group: "", kind: "Namespace", namespace: "", name: "n")
        #expect(PrunePlan.ordered([namespace, Self.config("a"), definition, hook]) == [hook, Self.config("a"), definition, namespace])
    }

    @Test("Annotations and foreign labels keep an object")
    func exemptions() {
        func live(_ kind: String = "ConfigMap", application: String = "web", mark: String? = nil) -> (ObjectIdentity, Value) {
            var metadata: Value = [
                "name": "a",
                "labels": [
                    "flotilla.dev/application": .string(application),
                    "applyset.kubernetes.io/part-of": .string(Ownership.applySetID(application: application)),
                ],
            ]
            if let mark { metadata["annotations"] = ["flotilla.dev/prune": .string(mark)] }
            return (ObjectIdentity(group: "", kind: kind, namespace: "", name: "a"), ["kind": .string(kind), "metadata": metadata])
        }
        func reason(_ object: (ObjectIdentity, Value)) -> String? {
            PrunePlan.exemption(object.0, live: object.1, application: "web")
        }
        #expect(reason(live()) == nil)
        #expect(reason(live(mark: "disabled")) != nil)
        #expect(reason(live(application: "api"))?.contains("api") == true)
        #expect(reason(live("Namespace")) != nil)
        #expect(reason(live("Namespace", mark: "allowed")) == nil)
        #expect(reason(live("PersistentVolumeClaim")) != nil)
    }
}

extension SyncTask {
    static func test(
        _ application: String = "web", namespace: String = "shop", counter: Int64 = 1, options: SyncOptions = SyncOptions()
    ) -> SyncTask {
        SyncTask(
            application: application, namespace: namespace, generation: Generation(epoch: 1, counter: counter),
            bundle: Bundle(entries: []),
            record: RecordReference(
                commit: "abcdef0123456789", release: "fedcba", promotion: "p", root: .sha256([]), path: []), options: options)
    }
}
