// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite struct SyncOrderTests {
    static func object(
        _ name: String, kind: String = "ConfigMap", group: String = "", _ directives: (inout ObjectDirectives) -> Void = { _ in }
    )
        -> PlannedObject
    {
        var made = ObjectDirectives()
        directives(&made)
        return PlannedObject(
            identity: identity(name, kind: kind, group: group), apiVersion: group.isEmpty ? "v1" : "\(group)/v1", body: .sha256(name),
            applied: .sha256(name), phase: ApplyPhase(group: group, kind: kind), directives: made)
    }

    static func identity(_ name: String, kind: String = "ConfigMap", group: String = "") -> ObjectIdentity {
        ObjectIdentity(group: group, kind: kind, namespace: kind == "Namespace" ? "" : "shop", name: name)
    }

    static func hook(_ name: String, _ point: Hook.Point, wave: Int = 0) -> PlannedHook {
        PlannedHook(
            point: point,
            object: object(name, kind: "Job", group: "batch") {
                $0.hook = Hook(points: [point: [.install, .upgrade]])
                $0.wave = wave
            })
    }

    private static func names(_ order: SyncOrder) -> [[String]] {
        order.groups.map { $0.objects.map(\.identity.name) + $0.hooks.map { "\($0.point.rawValue):\($0.object.identity.name)" } }
    }

    @Test("Phases, then waves, then what depends on what; hooks at their points")
    func groups() throws {
        let order = try SyncOrder(
            objects: [
                Self.object("late") { $0.wave = 2 }, Self.object("c") { $0.dependsOn = [Self.identity("b")] },
                Self.object("b") { $0.dependsOn = [Self.identity("a")] }, Self.object("a"), Self.object("early") { $0.wave = -1 },
                Self.object("ns", kind: "Namespace"), Self.object("def", kind: "CustomResourceDefinition", group: "apiextensions.k8s.io"),
                Self.object("hook", kind: "ValidatingWebhookConfiguration", group: "admissionregistration.k8s.io") { $0.wave = -9 },
                Self.object("theirs") { $0.writing = .never },
            ],
            hooks: [
                Self.hook("check", .postSync), Self.hook("migrate", .preSync, wave: 1), Self.hook("backup", .preSync),
                Self.hook("seed", .sync, wave: 2), Self.hook("tell", .syncFail),
            ])
        #expect(
            Self.names(order) == [
                ["ns"], ["PreSync:backup"], ["PreSync:migrate"], ["def"], ["early"], ["a"], ["b"], ["c"], ["late", "Sync:seed"], ["hook"],
                ["PostSync:check"],
            ])
        #expect(order.onFailure.flatMap(\.hooks).map(\.object.identity.name) == ["tell"])
        #expect(order.groups.map(\.place.description)[5...8] == ["wave 0", "wave 0, step 2", "wave 0, step 3", "wave 2"])
    }

    @Test("A circle names its objects; a dependency must be there, and come before")
    func dependencies() throws {
        func message(_ objects: [PlannedObject]) throws -> String {
            try #require(throws: PlanError.self) { try SyncOrder(objects: objects, hooks: []) }.message
        }
        let circle = try message([
            Self.object("a") { $0.dependsOn = [Self.identity("b")] }, Self.object("b") { $0.dependsOn = [Self.identity("a")] },
            Self.object("c") { $0.dependsOn = [Self.identity("a")] },
        ])
        #expect(circle.contains("ConfigMap shop/a → ConfigMap shop/b → ConfigMap shop/a") && !circle.contains("shop/c"))
        #expect(try message([Self.object("a") { $0.dependsOn = [Self.identity("a")] }]).contains("shop/a → ConfigMap shop/a"))
        #expect(try message([Self.object("a") { $0.dependsOn = [Self.identity("x")] }]).contains("the bundle has no ConfigMap shop/x"))
        let later = try message([Self.object("a") { $0.dependsOn = [Self.identity("b")] }, Self.object("b") { $0.wave = 1 }])
        #expect(later.contains("later"))
        #expect(throws: Never.self) {
            try SyncOrder(objects: [Self.object("a") { ($0.dependsOn, $0.wave) = ([Self.identity("b")], 1) }, Self.object("b")], hooks: [])
        }
    }

    @Test("A wave waits for the one before to be Current, but only where it has something to do")
    func waiting() throws {
        let order = try SyncOrder(objects: [Self.object("a"), Self.object("b") { $0.wave = 1 }], hooks: [])
        func next(unsent: Set<String>, current: Set<String>) -> SyncStep {
            order.next(
                SyncView(
                    needsApply: { unsent.contains($0.identity.name) },
                    health: { current.contains($0.name) ? (.current, "") : (.inProgress, "1 of 2 ready") }, outcome: { _ in nil }))
        }
        #expect(next(unsent: ["a", "b"], current: []) == .apply([order.groups[0].objects[0]]))
        #expect(next(unsent: ["b"], current: []) == .wait("wave 1 waits for ConfigMap shop/a (InProgress: 1 of 2 ready)"))
        #expect(next(unsent: ["b"], current: ["a"]) == .apply([order.groups[1].objects[0]]))
        #expect(next(unsent: [], current: []) == .done)
        var lenient = order
        lenient.groups[0].objects[0].directives.ignoresHealth = true
        let view = SyncView(needsApply: { $0.identity.name == "b" }, health: { _ in (.failed, "") }, outcome: { _ in nil })
        #expect(lenient.next(view) == .apply([order.groups[1].objects[0]]))
    }

    @Test("Hooks hold what follows, and their failure ends the sync")
    func hooks() throws {
        let (before, after, fail) = (Self.hook("m", .preSync), Self.hook("c", .postSync), Self.hook("f", .syncFail))
        let order = try SyncOrder(objects: [Self.object("a")], hooks: [before, after, fail])
        func view(_ outcomes: [String: HookOutcome], unsent: Set<String> = ["a"], isCurrent: Bool = true) -> SyncView {
            SyncView(
                needsApply: { unsent.contains($0.identity.name) }, health: { _ in isCurrent ? (.current, "") : (.inProgress, "") },
                outcome: { outcomes[$0.key] })
        }
        #expect(order.next(view([:])) == .run([before]))
        #expect(order.next(view([before.key: .failed("no")])) == .hookFailed(before, reason: "no"))
        #expect(order.next(view([before.key: .succeeded])) == .apply([order.groups[1].objects[0]]))
        #expect(
            order.next(view([before.key: .succeeded], unsent: [], isCurrent: false))
                == .wait("PostSync waits for ConfigMap shop/a (InProgress)"))
        #expect(order.next(view([before.key: .succeeded], unsent: [])) == .run([after]))
        #expect(order.next(view([before.key: .succeeded, after.key: .succeeded], unsent: [])) == .done)
        #expect(order.nextOnFailure(view([:])) == [fail])
        #expect(order.nextOnFailure(view([fail.key: .failed("too")])).isEmpty)
    }
}
