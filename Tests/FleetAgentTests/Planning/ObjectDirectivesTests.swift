// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Testing

@testable import FleetAgent

@Suite struct ObjectDirectivesTests {
    private static let always: Set<Hook.Occasion> = [.install, .upgrade]

    private static func object(_ annotations: [String: String]) -> Value {
        [
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": [
                "name": "a", "annotations": .map(Map(annotations.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            ],
        ]
    }

    private static func read(_ annotations: [String: String]) throws -> ObjectDirectives { try ObjectDirectives(of: object(annotations)) }

    @Test("Nothing asked for is nothing special")
    func plain() throws {
        #expect(try Self.read([:]) == ObjectDirectives())
        #expect(try Self.read(["example.dev/whatever": "x", "argocd.argoproj.io/tracking-id": "a:b"]) == ObjectDirectives())
    }

    @Test("Waves, of Argo CD too; Flotilla's own goes before")
    func waves() throws {
        #expect(try Self.read(["flotilla.dev/wave": "-3"]).wave == -3)
        #expect(try Self.read(["argocd.argoproj.io/sync-wave": " 5 "]).wave == 5)
        #expect(try Self.read(["argocd.argoproj.io/sync-wave": "5", "flotilla.dev/wave": "2"]).wave == 2)
    }

    @Test(
        "Annotations that keep an object",
        arguments: [
            ("kustomize.toolkit.fluxcd.io/prune", "Disabled"), ("helm.sh/resource-policy", "keep"),
            ("client.lifecycle.config.k8s.io/deletion", "detach"), ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"),
        ])
    func keeps(name: String, value: String) throws {
        let directives = try Self.read([name: value])
        #expect(directives.prune == .disabled && directives.staysOnRemoval)
        // Flotilla's own word decides.
        let overruled = try Self.read([name: value, "flotilla.dev/prune": "allowed"])
        #expect(overruled.prune == .allowed && !overruled.staysOnRemoval)
    }

    @Test("Flotilla's own word keeps an object too")
    func own() throws {
        let directives = try Self.read(["flotilla.dev/prune": "disabled"])
        #expect(directives.prune == .disabled && directives.staysOnRemoval)
    }

    @Test("Argo CD's Prune and Delete are two things")
    func pruneAndDelete() throws {
        let dropped = try Self.read(["argocd.argoproj.io/sync-options": "Prune=false"])
        #expect(dropped.prune == .disabled && !dropped.staysOnRemoval)
        let removed = try Self.read(["argocd.argoproj.io/sync-options": "Delete=false"])
        #expect(removed.prune == nil && removed.staysOnRemoval)
    }

    @Test("What is replaced, forced, left alone, or made once")
    func writing() throws {
        #expect(try Self.read(["flotilla.dev/replace": "allowed"]).replace)
        #expect(try Self.read(["argocd.argoproj.io/sync-options": "Replace=true,Force=true"]).replace)
        #expect(try Self.read(["kustomize.toolkit.fluxcd.io/force": "Enabled"]).replace)
        let replace = try Self.read(["argocd.argoproj.io/sync-options": "Replace=true"])
        #expect(!replace.replace && replace.warnings.count == 1)
        #expect(try Self.read(["kustomize.toolkit.fluxcd.io/ssa": "Override"]).forces)
        #expect(try Self.read(["kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"]).writing == .ifAbsent)
        #expect(try Self.read(["kustomize.toolkit.fluxcd.io/ssa": "Ignore"]).writing == .never)
        #expect(try Self.read(["kustomize.toolkit.fluxcd.io/reconcile": "disabled"]).writing == .never)
        #expect(try Self.read(["client.lifecycle.config.k8s.io/mutation": "ignore"]).writing == .never)
        #expect(try Self.read(["argocd.argoproj.io/hook": "Skip"]).writing == .never)
        #expect(try Self.read(["argocd.argoproj.io/ignore-healthcheck": "true"]).ignoresHealth)
        #expect(try Self.read(["flotilla.dev/drift": "alert"]).drift == .alert)
    }

    @Test("Hooks of Flotilla and Argo CD")
    func hooks() throws {
        let own = try #require(try Self.read(["flotilla.dev/hook": "PreSync, SyncFail", "flotilla.dev/wave": "2"]).hook)
        #expect(own.points == [.preSync: Self.always, .syncFail: Self.always])
        #expect(own.deletePolicies == [.beforeHookCreation])
        let argo = try #require(
            try Self.read(["argocd.argoproj.io/hook": "PostSync", "argocd.argoproj.io/hook-delete-policy": "HookSucceeded,HookFailed"]).hook
        )
        #expect(argo.points == [.postSync: Self.always])
        #expect(argo.deletePolicies == [.hookSucceeded, .hookFailed])
        let marked = try #require(try Self.read(["argocd.argoproj.io/hook": "Sync", "flotilla.dev/hook-on-rollback": "true"]).hook)
        #expect(marked.points == [.sync: [.install, .upgrade, .rollback]])
    }

    @Test("Helm's hooks run on their occasions, tests never; a hook of two tools is Argo CD's")
    func helm() throws {
        let both = try Self.read(["helm.sh/hook": "pre-install,post-upgrade", "helm.sh/hook-weight": "-5"])
        #expect(both.hook?.points == [.preSync: [.install], .postSync: [.upgrade]])
        #expect(both.wave == -5)
        let test = try Self.read(["helm.sh/hook": "test"])
        #expect(test.hook == nil && test.writing == .never)
        let rollback = try Self.read(["helm.sh/hook": "pre-rollback"])
        #expect(rollback.hook == nil && rollback.writing == .never && rollback.warnings.count == 1)
        let marked = try Self.read(["helm.sh/hook": "pre-rollback", "flotilla.dev/hook-on-rollback": "true"])
        #expect(marked.hook?.points == [.preSync: [.rollback]])
        let deleted = try Self.read(["helm.sh/hook": "pre-delete,post-delete", "flotilla.dev/hook-on-rollback": "true"])
        #expect(deleted.hook?.points == [.preDelete: [.removal], .postDelete: [.removal]] && deleted.warnings.isEmpty)
        #expect(try Self.read(["argocd.argoproj.io/hook": "PreDelete"]).hook?.points == [.preDelete: [.removal]])
        #expect(try Self.read(["flotilla.dev/hook": "PostDelete"]).hook?.points == [.postDelete: [.removal]])
        let two = try Self.read(["helm.sh/hook": "post-install", "argocd.argoproj.io/hook": "PreSync"])
        #expect(two.hook?.points == [.preSync: Self.always])
    }

    @Test("Dependencies of kpt")
    func dependencies() throws {
        let text = "/namespaces/shop/Service/web, apps/namespaces/shop/Deployment/db,rbac.authorization.k8s.io/ClusterRole/r"
        #expect(
            try Self.read(["config.kubernetes.io/depends-on": text]).dependsOn == [
                ObjectIdentity(group: "", kind: "Service", namespace: "shop", name: "web"),
                ObjectIdentity(group: "apps", kind: "Deployment", namespace: "shop", name: "db"),
                ObjectIdentity(group: "rbac.authorization.k8s.io", kind: "ClusterRole", namespace: "", name: "r"),
            ])
    }

    @Test(
        "What is not known or contradicts itself is an error that names the annotation",
        arguments: [
            ["flotilla.dev/wave": "first"], ["flotilla.dev/wave": "99999999999"], ["flotilla.dev/prune": "false"],
            ["flotilla.dev/hook": "presync"], ["flotilla.dev/hook": ""], ["flotilla.dev/hook-delete-policy": "hook-failed"],
            ["flotilla.dev/hook": "Sync", "flotilla.dev/hook-delete-policy": "later"],
            ["flotilla.dev/hook": "Sync", "flotilla.dev/drift": "heal"], ["flotilla.dev/hook-on-rollback": "true"],
            ["flotilla.dev/drift": "no"], ["flotilla.dev/replace": "yes"],
            ["argocd.argoproj.io/hook": "PreSync,Skip"], ["argocd.argoproj.io/hook": "Before"],
            ["argocd.argoproj.io/sync-options": "Prune=false,Prune=true"], ["argocd.argoproj.io/sync-options": "Prine=false"],
            ["argocd.argoproj.io/sync-options": "Prune=maybe"], ["argocd.argoproj.io/compare-options": "Everything"],
            ["argocd.argoproj.io/ignore-healthcheck": "yes"], ["helm.sh/hook": "pre-lunch"],
            ["helm.sh/hook": "pre-install", "helm.sh/hook-weight": "heavy"], ["helm.sh/resource-policy": "kept"],
            ["kustomize.toolkit.fluxcd.io/prune": "no"], ["kustomize.toolkit.fluxcd.io/ssa": "Never"],
            ["kustomize.toolkit.fluxcd.io/ssa": "Override", "kustomize.toolkit.fluxcd.io/reconcile": "disabled"],
            ["config.kubernetes.io/depends-on": "Service/web"], ["config.kubernetes.io/depends-on": "/namespace/shop/Service/web"],
        ] as [[String: String]])
    func errors(annotations: [String: String]) throws {
        let error = try #require(throws: DirectiveError.self) { try Self.read(annotations) }
        #expect(annotations.keys.contains(error.annotation))
        let task = SyncTask.test()
        let refused = try #require(throws: PlanError.self) {
            try DesiredObject.plan(Self.object(annotations), digest: .sha256("x"), task: task, isNamespaced: true)
        }
        #expect(refused.message.contains("batch/Job shop/a") && refused.message.contains(error.annotation))
    }
}
