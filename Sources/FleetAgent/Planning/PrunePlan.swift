// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// Which objects go because a recorded release dropped them.
enum PrunePlan: Sendable, Hashable {
    case nothing
    /// In this order.
    case remove([ObjectIdentity])
    /// More than the application allows at once.
    case held(String)

    /// Decides what to prune once a bundle has been applied as a whole.
    /// - Parameters:
    ///   - inventory: everything that belongs to the application, including what has just been applied.
    ///   - wanted: the bundle's objects.
    ///   - waves: of the objects that are not of wave 0.
    static func decide(
        inventory: some Sequence<ObjectIdentity>, wanted: Set<ObjectIdentity>, task: SyncTask, waves: [ObjectIdentity: Int] = [:]
    ) -> PrunePlan {
        let dropped = inventory.filter { !wanted.contains($0) }
        guard !dropped.isEmpty, task.options.prune else { return .nothing }
        // Rule: nothing is deleted that a recorded release did not drop, and an empty result never means "desired: nothing".
        guard task.intent == .apply, !wanted.isEmpty, !task.record.commit.isEmpty else { return .nothing }
        let total = dropped.count + wanted.count
        guard dropped.count * 100 <= task.options.pruneMaxPercent * total else {
            return .held(
                "would prune \(dropped.count) of \(total) objects, more than the \(task.options.pruneMaxPercent) % that "
                    + "sync.pruneProtection.maxPercent allows, first \(dropped.min()?.description ?? "")")
        }
        return .remove(ordered(dropped, waves: waves))
    }

    /// Webhook configurations first, so that they do not stand in the way of the rest; definitions and namespaces last; within that, the
    /// last wave first.
    static func ordered(_ identities: some Sequence<ObjectIdentity>, waves: [ObjectIdentity: Int] = [:]) -> [ObjectIdentity] {
        func rank(_ identity: ObjectIdentity) -> Int { -ApplyPhase(group: identity.group, kind: identity.kind).rawValue }
        return identities.sorted { (rank($0), -(waves[$0] ?? 0), $1) < (rank($1), -(waves[$1] ?? 0), $0) }
    }

    /// Why this object stays although it was dropped; `nil` when it may go.
    /// - Parameters:
    ///   - live: the object or its metadata.
    ///   - isRemoval: whether its whole application goes.
    static func exemption(_ identity: ObjectIdentity, live: Value, application: String, isRemoval: Bool = false) -> String? {
        let metadata = live["metadata"]
        if let owner = metadata?.at("labels", Ownership.applicationLabel)?.string, owner != application {
            return "it belongs to application \(owner) now"
        }
        guard metadata?.at("labels", Ownership.partOfLabel)?.string == Ownership.applySetID(application: application) else {
            return "it no longer carries the labels of this application"
        }
        let directives: ObjectDirectives
        // What cannot be understood is not deleted.
        do { directives = try ObjectDirectives(of: live) } catch { return "\(error)" }
        if directives.prune == .disabled || (isRemoval && directives.staysOnRemoval) {
            return "it is annotated to stay (\(Ownership.pruneAnnotation): disabled, or the like)"
        }
        if directives.writing == .never, directives.hook == nil { return "it is annotated to be left alone" }
        if needsPermission(identity), directives.prune != .allowed {
            return "a \(identity.kind) is pruned only when annotated \(Ownership.pruneAnnotation): allowed"
        }
        return nil
    }

    private static func needsPermission(_ identity: ObjectIdentity) -> Bool {
        switch (identity.group, identity.kind) {
        case ("", "Namespace"), ("", "PersistentVolume"), ("", "PersistentVolumeClaim"),
            ("apiextensions.k8s.io", "CustomResourceDefinition"):
            true
        default: false
        }
    }
}
