// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import AgentProtocol

@Suite("Bounds") struct BoundsTests {
    static let full = Bounds(
        namespaces: ["shop", "shop-*"], clusterScoped: ["Namespace", "Widget.example.dev"], serviceAccounts: ["deployer"])

    private static func object(_ group: String, _ kind: String, _ namespace: String, _ name: String = "x") -> ObjectIdentity {
        ObjectIdentity(group: group, kind: kind, namespace: namespace, name: name)
    }

    private static func bound(
        _ bounds: Bounds, account: String? = nil, namespace: String = "shop", _ identity: ObjectIdentity, _ scope: KindScope?
    ) -> BoundsViolation.Bound? {
        BoundsCheck(bounds, namespace: namespace, serviceAccount: account).violation(of: identity, scope: scope)?.bound
    }

    @Test(
        "what is written is read again",
        arguments: [full, Bounds(), Bounds(namespaces: []), Bounds(clusterScoped: [], serviceAccounts: [])])
    func roundTrip(_ bounds: Bounds) throws {
        #expect(try Bounds(json: JSON.read(JSON.write(bounds.json)), at: "bounds") == bounds)
        var options = SyncOptions()
        options.bounds = bounds
        #expect(try SyncOptions(json: options.json, at: "options") == options)
    }

    @Test(
        "what is not understood is no bound that is left out",
        arguments: [
            ["namespaces": "shop"], ["namespaces": [1]], ["clusterScoped": true], ["volumes": []], [1], "all",
        ] as [Value])
    func damaged(_ value: Value) {
        #expect(throws: ShapeError.self) { try Bounds(json: value, at: "bounds") }
        #expect(throws: ShapeError.self) { try SyncOptions(json: ["bounds": value], at: "options") }
    }

    @Test("nothing instead of a list allows nothing") func nothing() throws {
        #expect(try Bounds(json: ["namespaces": .null], at: "bounds") == Bounds(namespaces: []))
        #expect(throws: ShapeError.self) { try SyncOptions(json: ["bounds": .null], at: "options") }
    }

    @Test("objects are where they may be") func namespaces() {
        #expect(Self.bound(Self.full, Self.object("", "ConfigMap", "shop"), .namespaced) == nil)
        #expect(Self.bound(Self.full, Self.object("", "ConfigMap", "shop-eu"), .namespaced) == nil)
        #expect(Self.bound(Self.full, Self.object("", "ConfigMap", "other"), .namespaced) == .namespaces)
        #expect(Self.bound(Self.full, Self.object("", "ConfigMap", "kube-system"), .namespaced) == .namespaces)
        // One that names none goes into the application's.
        #expect(Self.bound(Self.full, Self.object("", "ConfigMap", ""), .namespaced) == nil)
        #expect(Self.bound(Self.full, namespace: "other", Self.object("", "ConfigMap", ""), .namespaced) == .namespaces)
        #expect(Self.bound(Bounds(namespaces: []), Self.object("", "ConfigMap", ""), .namespaced) == .namespaces)
    }

    @Test("kinds outside namespaces are those that are listed, of their groups") func kinds() {
        #expect(Self.bound(Self.full, Self.object("example.dev", "Widget", ""), .cluster) == nil)
        #expect(Self.bound(Self.full, Self.object("example.org", "Widget", ""), .cluster) == .clusterScoped)
        #expect(Self.bound(Self.full, Self.object("rbac.authorization.k8s.io", "ClusterRole", ""), .cluster) == .clusterScoped)
        // A namespace is bounded by its name too: its labels decide what its pods may do.
        #expect(Self.bound(Self.full, Self.object("", "Namespace", "", "shop-eu"), .cluster) == nil)
        #expect(Self.bound(Self.full, Self.object("", "Namespace", "", "kube-system"), .cluster) == .namespaces)
        #expect(Self.bound(Bounds(namespaces: ["shop"]), Self.object("", "Namespace", "", "shop"), .cluster) == .clusterScoped)
    }

    @Test("of a kind whose scope is not known, what some scope allows is left to who knows it") func unknownScope() {
        let widget = Self.object("example.dev", "Widget", "other")
        #expect(Self.bound(Self.full, widget, nil) == nil)
        #expect(Self.bound(Self.full, widget, .namespaced) == .namespaces)
        #expect(Self.bound(Self.full, Self.object("example.org", "Widget", "shop"), nil) == nil)
        #expect(Self.bound(Self.full, Self.object("example.org", "Widget", "other"), nil) == .namespaces)
        #expect(Self.bound(Self.full, Self.object("example.org", "Widget", "shop"), .cluster) == .clusterScoped)
    }

    @Test("without a service account an application gets no more than its namespaces") func withoutAccount() {
        let (role, other) = (Self.object("rbac.authorization.k8s.io", "ClusterRole", ""), Self.object("", "ConfigMap", "other"))
        #expect(Self.bound(Bounds(), role, .cluster) == .clusterScoped)
        #expect(Self.bound(Bounds(), other, .namespaced) == .namespaces)
        #expect(Self.bound(Bounds(), Self.object("", "ConfigMap", "shop"), .namespaced) == nil)
        #expect(Self.bound(Bounds(namespaces: ["other"]), other, .namespaced) == nil)
        #expect(Self.bound(Bounds(namespaces: ["other"]), role, .cluster) == .clusterScoped)
        #expect(Self.bound(Bounds(clusterScoped: ["ClusterRole"]), role, .cluster) == nil)
        // With one, what is left out is left to that account's own rights.
        #expect(Self.bound(Bounds(), account: "deployer", role, .cluster) == nil)
        #expect(Self.bound(Bounds(), account: "deployer", other, .namespaced) == nil)
        #expect(Self.bound(Self.full, account: "deployer", other, .namespaced) == .namespaces)
    }

    @Test("a service account is one of those listed, in a namespace within bounds") func accounts() {
        func bound(_ bounds: Bounds, _ account: String?, _ namespace: String = "shop") -> BoundsViolation.Bound? {
            BoundsCheck(bounds, namespace: namespace, serviceAccount: account).violationByAccount()?.bound
        }
        #expect(bound(Self.full, "deployer") == nil && bound(Self.full, nil) == nil && bound(Bounds(), "anyone", "anywhere") == nil)
        #expect(bound(Self.full, "Deployer") == .serviceAccounts)
        #expect(bound(Bounds(serviceAccounts: []), "deployer") == .serviceAccounts)
        #expect(bound(Self.full, "deployer", "kube-system") == .namespaces)
        #expect(BoundsCheck(Self.full, namespace: "other", serviceAccount: nil).violationByMakingNamespace()?.bound == .namespaces)
        #expect(BoundsCheck(Self.full, namespace: "shop-eu", serviceAccount: nil).violationByMakingNamespace() == nil)
    }

    @Test("a violation says what, why and how to mend it") func words() throws {
        let check = BoundsCheck(Self.full, namespace: "shop", serviceAccount: nil)
        let role = try #require(check.violation(of: Self.object("rbac.authorization.k8s.io", "ClusterRole", "", "all"), scope: .cluster))
        #expect(
            "\(role)" == "rbac.authorization.k8s.io/ClusterRole all: kind ClusterRole lives outside namespaces, and the pipeline's "
                + "spec.bounds.clusterScoped does not list it (list 'ClusterRole' there, or take the object out of the application)")
        let config = try #require(check.violation(of: Self.object("", "ConfigMap", "other", "a"), scope: .namespaced))
        #expect(
            "\(config)" == "ConfigMap other/a: namespace 'other' is out of bounds: it is not among the pipeline's spec.bounds.namespaces "
                + "(shop, shop-*) (add it there, or put the object elsewhere)")
    }

    // MARK: Version skew

    private static func task(_ bounds: Bounds?, intent: SyncTask.Intent = .apply) -> SyncTask {
        var options = SyncOptions()
        options.bounds = bounds
        return SyncTask(
            application: "web", intent: intent, namespace: "shop", generation: Generation(epoch: 1, counter: 1),
            bundle: Bundle(entries: []),
            record: RecordReference(commit: "c", release: "r", promotion: "p", root: .sha256([]), path: []), options: options)
    }

    @Test("a task with bounds is understood as a whole or not at all", arguments: SyncTask.Intent.allCases)
    func tasks(_ intent: SyncTask.Intent) throws {
        let task = Self.task(Self.full, intent: intent)
        #expect(try SyncTask(json: JSON.read(JSON.write(task.json)), at: "task") == task)
        // An agent that knows no bounds looks for one of the intents that it knows, and refuses what is none of them.
        let word = try #require(task.json["intent"]?.string)
        #expect(SyncTask.Intent(rawValue: word) == nil && word == "\(intent.rawValue)+bounds")
        #expect(Self.task(nil, intent: intent).json["intent"]?.string == intent.rawValue)
        // Nor does one that knows them believe that they were lost on the way.
        var damaged = task.json
        damaged["options"]?["bounds"] = nil
        #expect(throws: ShapeError.self) { try SyncTask(json: damaged, at: "task") }
        let answer = try PollResponse(json: ["tasks": [damaged, Self.task(nil).json]])
        #expect(answer.tasks.count == 1 && answer.refused.first?.reason == "tasks[0].options.bounds: the bounds are missing")
        // Bounds count also where the intent says nothing of them.
        var plain = task.json
        plain["intent"] = .string(intent.rawValue)
        #expect(try SyncTask(json: plain, at: "task") == task)
    }

    @Test("a dry run with bounds is a command that an agent without them does not know") func dryRuns() throws {
        func command(_ bounds: Bounds?) -> Command {
            Command(
                id: Generation(epoch: 1, counter: 1), kind: .dryRun(.init(application: "web", task: Self.task(bounds))),
                expires: Timestamp(seconds: 2_000_000_000), requestedBy: "ada")
        }
        let bounded = command(Self.full)
        #expect(bounded.json["kind"] == "dryRun+bounds" && bounded.kind.name == "dryRun")
        #expect(try Command(json: bounded.json, at: "command") == bounded)
        #expect(command(nil).json["kind"] == "dryRun")
        let word = try #require(bounded.json["kind"]?.string)
        #expect(try Command.Kind(name: word, parameters: Fields(bounded.kind.parameters), at: "parameters") == .unknown("dryRun+bounds"))
    }
}
