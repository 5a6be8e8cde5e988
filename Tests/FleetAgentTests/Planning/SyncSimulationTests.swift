// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

/// Syncs release after release in a made-up cluster, with an agent that ends between any two of its effects, and checks what must
/// never happen.
@Suite struct SyncSimulationTests {
    @Test("No order of ends, restarts, deletions and failures runs a hook twice or a wave too early", arguments: 0..<400)
    func holds(seed: Int) throws {
        var world = World(seed: UInt64(seed))
        for release in 0..<4 { try world.sync(release: "r\(release)", isRollback: release == 3 && world.chance(50)) }
        #expect(world.faults == [])
        #expect(world.finished + world.failed == 4)
    }
}

/// A small generator: the same seed gives the same run on every machine.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

private struct World {
    private struct HookObject {
        var mark: String
        var ending: HookOutcome
        var ticks: Int
        var isTerminating = false
        var isHeld = true
    }

    private struct Ended: Error {}

    private var random: SplitMix
    private(set) var faults: [String] = []
    private(set) var finished = 0
    private(set) var failed = 0

    // The cluster.
    private var applied: [ObjectIdentity: (version: String, ticks: Int)] = [:]
    private var hookObjects: [ObjectIdentity: HookObject] = [:]
    private var parent: String?
    private var created: [String: Int] = [:]

    // What the agent remembers, until it ends.
    private var ledger: HookLedger?
    private var hasFailed = false

    init(seed: UInt64) { random = SplitMix(state: seed) }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func sync(release: String, isRollback: Bool) throws {
        let record = RecordReference(
            commit: "c", release: release, promotion: "p-\(release)", origin: isRollback ? "rollback" : "release", root: .sha256([]),
            path: [])
        let (objects, hooks) = bundle(release)
        hasFailed = false
        ledger = parent.flatMap { HookLedger(text: $0) }
        for _ in 0..<400 {
            tick()
            do {
                if try step(record, objects, hooks) { return }
            } catch is Ended {
                // What was only in memory is lost.
                ledger = parent.flatMap { HookLedger(text: $0) }
            }
        }
        faults.append("\(release) never came to an end")
    }

    private mutating func bundle(_ release: String) -> ([PlannedObject], [PlannedObject]) {
        var objects: [PlannedObject] = []
        for index in 0..<Int.random(in: 1...6, using: &random) {
            let wave = Int.random(in: 0...2, using: &random)
            let name = "o\(index)"
            var object = SyncOrderTests.object(name) { $0.wave = wave }
            object.applied = chance(50) ? .sha256(name) : .sha256("\(name) \(release)")
            objects.append(object)
        }
        var hooks: [PlannedObject] = []
        for index in 0..<Int.random(in: 0...4, using: &random) {
            var points: [Hook.Point: Set<Hook.Occasion>] = [:]
            for point in Hook.Point.allCases where !point.occasions.contains(.removal) && chance(40) {
                points[point] = chance(20) ? [.install, .upgrade, .rollback] : [.install, .upgrade]
            }
            guard !points.isEmpty else { continue }
            var hook = Hook(points: points)
            hook.deletePolicies = chance(50) ? [.beforeHookCreation] : [.beforeHookCreation, .hookSucceeded]
            let wave = Int.random(in: -1...1, using: &random)
            hooks.append(
                SyncOrderTests.object("h\(index)", kind: "Job", group: "batch") {
                    $0.hook = hook
                    $0.wave = wave
                })
        }
        return (objects, hooks)
    }

    // MARK: The cluster's own life

    private mutating func tick() {
        applied = applied.mapValues { ($0.version, max(0, $0.ticks - 1)) }
        for identity in hookObjects.keys.sorted() {
            hookObjects[identity]?.ticks -= 1
            // A time-to-live, or somebody's hand.
            if chance(5) { hookObjects[identity]?.isTerminating = true }
            if let object = hookObjects[identity], object.isTerminating, !object.isHeld { hookObjects[identity] = nil }
        }
    }

    private mutating func effect() throws { if chance(15) { throw Ended() } }

    // MARK: The agent

    /// Does what the agent does when it looks. Returns whether the sync has come to an end, good or bad.
    private mutating func step(_ record: RecordReference, _ objects: [PlannedObject], _ hooks: [PlannedObject]) throws -> Bool {
        var book = ledger ?? HookLedger(isInstalled: false)
        let run = book.begin(record)
        ledger = book
        let order = try SyncOrder(objects: objects, hooks: PlannedHook.of(hooks, on: run.occasion))
        try writeParent()
        try letGo(order, run.key)
        switch order.next(view(run.key)) {
        case .apply(let wanted):
            for object in wanted {
                check(object, order, run.key)
                applied[object.identity] = (object.applied.hex, Int.random(in: 0...3, using: &random))
                try effect()
            }
        case .run(let due): try bring(due, run.key, order)
        case .wait: break
        case .hookFailed:
            hasFailed = true
            let due = order.nextOnFailure(view(run.key))
            if due.isEmpty {
                try letGo(order, run.key)
                failed += 1
                return true
            }
            try bring(due, run.key, order)
        case .done:
            ledger?.isInstalled = true
            try writeParent()
            finished += 1
            return true
        }
        return false
    }

    private func view(_ key: String) -> SyncView {
        let outcomes = ledger?[key]?.outcomes ?? [:]
        return SyncView(
            needsApply: { applied[$0.identity]?.version != $0.applied.hex },
            health: { applied[$0]?.ticks == 0 ? (.current, "") : (.inProgress, "") }, outcome: { outcomes[$0.key] })
    }

    private mutating func bring(_ hooks: [PlannedHook], _ key: String, _ order: SyncOrder) throws {
        for hook in hooks {
            let mark = HookView.mark(run: key, point: hook.point)
            let identity = hook.object.identity
            switch HookAction.next(look(hook, mark), policies: policies(hook), outcome: nil, isLate: false) {
            case .create:
                if hook.point == .syncFail, !hasFailed { faults.append("\(hook.key) ran although nothing had failed") }
                if hook.point != .syncFail { check(hook, order, key) }
                created["\(mark) \(identity.name)", default: 0] += 1
                if created["\(mark) \(identity.name)"] != 1 { faults.append("\(mark) \(identity.name) ran twice") }
                hookObjects[identity] = HookObject(
                    mark: mark, ending: chance(15) ? .failed("no") : .succeeded, ticks: Int.random(in: 0...3, using: &random))
                try effect()
            case .delete:
                hookObjects[identity]?.isTerminating = true
                try effect()
                hookObjects[identity]?.isHeld = false
            case .note(let outcome): ledger?.end(hook.key, of: key, outcome)
            case .wait: break
            case .release, .refuse, .settled: faults.append("nothing to be done about \(hook.key)")
            }
        }
        try letGo(order, key)
    }

    private mutating func letGo(_ order: SyncOrder, _ key: String) throws {
        guard let open = ledger?[key]?.open, !open.isEmpty else { return }
        try writeParent()
        for hook in (order.groups + order.onFailure).flatMap(\.hooks) where open.contains(hook.key) {
            let mark = HookView.mark(run: key, point: hook.point)
            let outcome = ledger?[key]?.outcomes[hook.key]
            switch HookAction.next(look(hook, mark), policies: policies(hook), outcome: outcome, isLate: false) {
            case .delete:
                hookObjects[hook.object.identity]?.isTerminating = true
                try effect()
                hookObjects[hook.object.identity]?.isHeld = false
            case .release:
                hookObjects[hook.object.identity]?.isHeld = false
                try effect()
            case .settled: break
            case .create, .wait, .note, .refuse: faults.append("\(hook.key) is not over although it has ended")
            }
            ledger?.close(hook.key, of: key)
        }
    }

    private mutating func writeParent() throws {
        guard parent != ledger?.text else { return }
        parent = ledger?.text
        try effect()
    }

    private func look(_ hook: PlannedHook, _ mark: String) -> HookView {
        guard let object = hookObjects[hook.object.identity] else { return .absent }
        guard object.mark == mark else { return .earlier(uid: "", isTerminating: object.isTerminating, isHeld: object.isHeld) }
        return .ours(
            uid: "", completion: object.ticks <= 0 ? .ended(object.ending) : .running(""), isTerminating: object.isTerminating,
            isHeld: object.isHeld)
    }

    private func policies(_ hook: PlannedHook) -> Set<Hook.DeletePolicy> { hook.object.directives.hook?.deletePolicies ?? [] }

    // MARK: What must hold

    private mutating func check(_ object: PlannedObject, _ order: SyncOrder, _ key: String) {
        guard let place = order.groups.firstIndex(where: { $0.objects.contains(object) }) else { return }
        check(before: place, order, key, "\(object.identity)")
    }

    private mutating func check(_ hook: PlannedHook, _ order: SyncOrder, _ key: String) {
        guard let place = order.groups.firstIndex(where: { $0.hooks.contains(hook) }) else { return }
        check(before: place, order, key, hook.key)
    }

    private mutating func check(before place: Int, _ order: SyncOrder, _ key: String, _ what: String) {
        let view = view(key)
        for group in order.groups[..<place] {
            for object in group.objects where view.needsApply(object) || view.health(object.identity).status != .current {
                faults.append("\(what) was sent before \(object.identity) was Current")
            }
            for hook in group.hooks where view.outcome(hook) != .succeeded {
                faults.append("\(what) was sent before \(hook.key) had succeeded")
            }
        }
    }
}
