// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// What is in the cluster under a hook's name.
enum HookView: Sendable, Hashable {
    case absent
    /// The object of this very run. Our finalizer keeps it there until its outcome is noted, whoever deletes it.
    case ours(uid: String, completion: HookCompletion, isTerminating: Bool, isHeld: Bool)
    /// An object of an earlier run, of another tool's hook, or that the application kept under this name before it became a hook.
    case earlier(uid: String, isTerminating: Bool, isHeld: Bool)
    /// Somebody else's.
    case foreign(String)

    static let finalizer = "flotilla.dev/hook"
    static let runAnnotation = "flotilla.dev/hook-run"

    /// What an object says of the run that it belongs to.
    static func mark(run: String, point: Hook.Point) -> String { "\(run)/\(point.rawValue)" }

    init(_ live: Value?, mark: String, application: String) {
        guard let live else {
            self = .absent
            return
        }
        let metadata = live["metadata"] ?? .null
        let uid = metadata["uid"]?.string ?? ""
        let isTerminating = metadata["deletionTimestamp"] != nil
        let isHeld = metadata["finalizers"]?.list?.contains(.string(Self.finalizer)) ?? false
        let owner = metadata.at("labels", Ownership.applicationLabel)?.string
        let run = metadata.at("annotations", Self.runAnnotation)?.string
        if owner == application, run == mark {
            self = .ours(uid: uid, completion: HookCompletion(live), isTerminating: isTerminating, isHeld: isHeld)
        } else if let owner, owner != application {
            self = .foreign("belongs to application \(owner)")
        } else if owner == application || run != nil || ((try? ObjectDirectives(of: live))?.hook != nil) {
            self = .earlier(uid: uid, isTerminating: isTerminating, isHeld: isHeld)
        } else {
            self = .foreign("is there already, and is no hook")
        }
    }
}

/// How far a hook's object has come.
enum HookCompletion: Sendable, Hashable {
    case running(String)
    case ended(HookOutcome)

    /// Jobs and Pods end; anything else has done its work when it is Current.
    init(_ live: Value) {
        let group = ObjectIdentity.group(ofAPIVersion: live["apiVersion"]?.string ?? "")
        switch (group, live["kind"]?.string) {
        case ("batch", "Job"):
            self = HookOutcome(ofJob: live).map { .ended($0) } ?? .running("runs")
        case ("", "Pod"):
            switch live.at("status", "phase")?.string {
            case "Succeeded": self = .ended(.succeeded)
            case "Failed":
                self = .ended(
                    .failed(
                        PodReasons.reason(of: live)
                            ?? HookOutcome.words(live.at("status", "reason")?.string, live.at("status", "message")?.string)))
            default: self = .running(PodReasons.reason(of: live) ?? "runs")
            }
        default:
            var object = live
            // Being deleted says nothing about how it went.
            object["metadata"]?["deletionTimestamp"] = nil
            let health = Health.of(object)
            switch health.status {
            case .current: self = .ended(.succeeded)
            case .failed: self = .ended(.failed(health.message))
            case .inProgress, .terminating, .notFound, .unknown: self = .running(health.message)
            }
        }
    }
}

extension HookOutcome {
    /// What a Job says of its end; `nil` while it has not come.
    init?(ofJob job: Value) {
        let conditions = job.at("status", "conditions")?.list ?? []
        func condition(_ type: String) -> Value? { conditions.first { $0["type"]?.string == type && $0["status"]?.string == "True" } }
        if condition("Complete") != nil {
            self = .succeeded
        } else if let failed = condition("Failed") {
            self = .failed(Self.words(failed["reason"]?.string, failed["message"]?.string))
        } else {
            return nil
        }
    }

    static func words(_ reason: String?, _ message: String?) -> String {
        let parts = [reason ?? "", message ?? ""].filter { !$0.isEmpty }
        return parts.isEmpty ? "failed without saying why" : parts.joined(separator: ": ")
    }
}

/// What is done about a hook that has not ended, or whose object is still held.
enum HookAction: Sendable, Hashable {
    case create
    /// Let an object go, then delete it.
    case delete(uid: String, isHeld: Bool)
    /// Let the object go without deleting it.
    case release(uid: String)
    case wait(String)
    /// Note how it ended; its object is let go only then.
    case note(HookOutcome)
    case refuse(String)
    /// Nothing is left to do.
    case settled

    /// Chooses what to do from what is there.
    /// - Parameters:
    ///   - outcome: how it ended, where that is noted.
    ///   - isLate: whether it has run for longer than it may.
    static func next(_ view: HookView, policies: Set<Hook.DeletePolicy>, outcome: HookOutcome?, isLate: Bool) -> HookAction {
        if let outcome { return afterwards(view, policies, outcome) }
        switch view {
        case .absent: return .create
        case .foreign(let why): return .refuse(why)
        case .earlier(let uid, let isTerminating, let isHeld):
            guard policies.contains(.beforeHookCreation) else {
                return .refuse("is there from an earlier run, and its delete policy does not have before-hook-creation")
            }
            return isTerminating && !isHeld ? .wait("waits for the object of an earlier run to be gone") : .delete(uid: uid, isHeld: isHeld)
        case .ours(_, .ended(let outcome), _, _): return .note(outcome)
        case .ours(_, .running, true, _): return .note(.failed("it was deleted before it had ended"))
        case .ours(_, .running(let text), false, _): return isLate ? .note(.failed("it has not ended in time: \(text)")) : .wait(text)
        }
    }

    private static func afterwards(_ view: HookView, _ policies: Set<Hook.DeletePolicy>, _ outcome: HookOutcome) -> HookAction {
        // What has another run's mark by now, or is gone, is nobody's business here.
        guard case .ours(let uid, _, let isTerminating, let isHeld) = view else { return .settled }
        let goes = policies.contains(outcome == .succeeded ? .hookSucceeded : .hookFailed)
        if goes, !isTerminating { return .delete(uid: uid, isHeld: isHeld) }
        return isHeld ? .release(uid: uid) : .settled
    }
}
