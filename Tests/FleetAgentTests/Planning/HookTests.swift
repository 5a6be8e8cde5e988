// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Testing

@testable import FleetAgent

@Suite struct HookTests {
    private static let running = HookView.ours(uid: "u", completion: .running("runs"), isTerminating: false, isHeld: true)
    private static func ended(_ outcome: HookOutcome, isTerminating: Bool = false, isHeld: Bool = true) -> HookView {
        .ours(uid: "u", completion: .ended(outcome), isTerminating: isTerminating, isHeld: isHeld)
    }

    @Test("What is done about a hook that has not ended")
    func actions() {
        func next(_ view: HookView, _ policies: Set<Hook.DeletePolicy> = [.beforeHookCreation], isLate: Bool = false) -> HookAction {
            HookAction.next(view, policies: policies, outcome: nil, isLate: isLate)
        }
        #expect(next(.absent) == .create)
        #expect(next(Self.running) == .wait("runs"))
        #expect(next(Self.running, isLate: true) == .note(.failed("it has not ended in time: runs")))
        #expect(next(Self.ended(.succeeded)) == .note(.succeeded))
        // Deleted by a time-to-live right after it had ended: what it says counts.
        #expect(next(Self.ended(.succeeded, isTerminating: true)) == .note(.succeeded))
        #expect(
            next(.ours(uid: "u", completion: .running("runs"), isTerminating: true, isHeld: true))
                == .note(.failed("it was deleted before it had ended")))
        #expect(next(.earlier(uid: "o", isTerminating: false, isHeld: false)) == .delete(uid: "o", isHeld: false))
        #expect(next(.earlier(uid: "o", isTerminating: true, isHeld: true)) == .delete(uid: "o", isHeld: true))
        #expect(
            next(.earlier(uid: "o", isTerminating: true, isHeld: false)) == .wait("waits for the object of an earlier run to be gone"))
        guard case .refuse = next(.earlier(uid: "o", isTerminating: false, isHeld: false), [.hookSucceeded]) else {
            Issue.record("an earlier object is deleted although its policy does not say so")
            return
        }
        #expect(next(.foreign("is somebody's")) == .refuse("is somebody's"))
    }

    @Test("What becomes of its object afterwards")
    func afterwards() {
        func next(_ view: HookView, _ outcome: HookOutcome, _ policies: Set<Hook.DeletePolicy>) -> HookAction {
            HookAction.next(view, policies: policies, outcome: outcome, isLate: false)
        }
        #expect(next(Self.ended(.succeeded), .succeeded, [.hookSucceeded]) == .delete(uid: "u", isHeld: true))
        #expect(next(Self.ended(.succeeded), .succeeded, [.hookFailed]) == .release(uid: "u"))
        #expect(next(Self.ended(.failed("x")), .failed("x"), [.hookFailed]) == .delete(uid: "u", isHeld: true))
        #expect(next(Self.ended(.succeeded, isTerminating: true), .succeeded, [.hookSucceeded]) == .release(uid: "u"))
        #expect(next(Self.ended(.succeeded, isHeld: false), .succeeded, []) == .settled)
        #expect(next(.absent, .succeeded, [.hookSucceeded]) == .settled)
        #expect(next(.earlier(uid: "o", isTerminating: false, isHeld: false), .succeeded, [.hookSucceeded]) == .settled)
    }

    @Test("Jobs and Pods end; other kinds have done their work when they are Current")
    func completion() {
        func job(_ type: String, _ message: String = "") -> Value {
            [
                "apiVersion": "batch/v1", "kind": "Job",
                "status": [
                    "startTime": "2026-01-01T00:00:00Z",
                    "conditions": [["type": .string(type), "status": "True", "message": .string(message)]],
                ],
            ]
        }
        #expect(HookCompletion(job("Complete")) == .ended(.succeeded))
        #expect(HookCompletion(job("Failed", "too often")) == .ended(.failed("too often")))
        #expect(HookCompletion(job("SuccessCriteriaMet")) == .running("runs"))
        #expect(HookCompletion(["apiVersion": "v1", "kind": "Pod", "status": ["phase": "Succeeded"]]) == .ended(.succeeded))
        #expect(HookCompletion(["apiVersion": "v1", "kind": "Pod", "status": ["phase": "Running"]]) == .running("runs"))
        #expect(HookCompletion(["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"]]) == .ended(.succeeded))
        let custom: Value = [
            "apiVersion": "example.dev/v1", "kind": "Backup", "metadata": ["name": "a"],
            "status": ["conditions": [["type": "Ready", "status": "False", "message": "copies"]]],
        ]
        #expect(HookCompletion(custom) == .running("copies"))
    }

    @Test("Whose an object is")
    func views() {
        func view(application: String? = nil, run: String? = nil, annotations: Map = Map()) -> HookView {
            var annotations = annotations
            if let run { annotations[HookView.runAnnotation] = .string(run) }
            var metadata: Value = ["name": "a", "uid": "u", "annotations": .map(annotations)]
            if let application { metadata["labels"] = ["flotilla.dev/application": .string(application)] }
            return HookView(["apiVersion": "v1", "kind": "Pod", "metadata": metadata], mark: "r/PreSync", application: "web")
        }
        #expect(
            view(application: "web", run: "r/PreSync") == .ours(uid: "u", completion: .running("runs"), isTerminating: false, isHeld: false)
        )
        #expect(view(application: "web", run: "r/PostSync") == .earlier(uid: "u", isTerminating: false, isHeld: false))
        #expect(view(application: "web") == .earlier(uid: "u", isTerminating: false, isHeld: false))
        #expect(view(annotations: ["helm.sh/hook": "pre-install"]) == .earlier(uid: "u", isTerminating: false, isHeld: false))
        #expect(view(application: "api", run: "r/PreSync") == .foreign("belongs to application api"))
        #expect(view() == .foreign("is there already, and is no hook"))
        #expect(HookView(nil, mark: "r/PreSync", application: "web") == .absent)
    }

    // MARK: The ledger

    private static func record(_ release: String, promotion: String = "p", origin: String = "release") -> RecordReference {
        RecordReference(commit: "c", release: release, promotion: promotion, origin: origin, root: .sha256([]), path: [])
    }

    @Test("First an install, then upgrades; a rollback is one of its own; a release that comes again has had its turn")
    func occasions() {
        var ledger = HookLedger(isInstalled: false)
        #expect(ledger.begin(Self.record("1")).occasion == .install)
        ledger.end("h", of: "1", .succeeded)
        #expect(ledger.begin(Self.record("1", origin: "fleet")).outcomes == ["h": .succeeded])
        ledger.isInstalled = true
        #expect(ledger.begin(Self.record("2")).occasion == .upgrade)
        let back = ledger.begin(Self.record("1", promotion: "p3", origin: "rollback"))
        #expect(back.occasion == .rollback && back.outcomes.isEmpty)
        #expect(ledger.begin(Self.record("1", promotion: "p4", origin: "fleet")).outcomes == ["h": .succeeded])
        #expect(ledger.runs.count == 3)
        // A cluster that joins a stage that has gone back installs what is there, and once.
        var fresh = HookLedger(isInstalled: false)
        #expect(fresh.begin(Self.record("1", origin: "rollback")).occasion == .install)
        fresh.isInstalled = true
        #expect(fresh.begin(Self.record("1", origin: "rollback")).occasion == .install)
        #expect(fresh.begin(Self.record("1", promotion: "q", origin: "fleet")).key == "1@p")
    }

    @Test("It comes back as it was written, and stays small")
    func roundTrip() throws {
        var ledger = HookLedger(isInstalled: true)
        ledger.cleared = "1"
        for number in 0..<20 {
            let run = ledger.begin(Self.record("r\(number)"))
            for hook in 0..<HookLedger.hooksMax {
                ledger.end(
                    "PreSync batch/Job shop/hook-\(hook)", of: run.key,
                    hook == 0 ? .failed(String(repeating: "x", count: 1_000)) : .succeeded)
            }
            ledger.close("PreSync batch/Job shop/hook-1", of: run.key)
        }
        #expect(ledger.text.utf8.count <= HookLedger.bytesMax)
        let read = try #require(HookLedger(text: ledger.text))
        #expect(read.runs.first == ledger.runs.first && read.isInstalled && read.cleared == "1")
        #expect(read.runs.count > 1 && read.text == ledger.text)
        #expect(HookLedger(text: "{}") == nil)
        // The first outcome counts.
        ledger.end("PreSync batch/Job shop/hook-1", of: "r19", .failed("later"))
        #expect(ledger["r19"]?.outcomes["PreSync batch/Job shop/hook-1"] == .succeeded)
    }
}
