// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// What differed from what was applied, and through whom: in paths and in words.
struct DriftAccount: Sendable, Hashable {
    /// As pointers into the object.
    var paths: [String] = []
    var message: String
    /// Who has the fields now, other than Flotilla; sorted.
    var managers: [String] = []

    private static let shownMax = 5
    private static let pathsMax = 100

    /// - Parameters:
    ///   - before: the object that was there when `drift` was first seen; its UID is empty where none is known.
    ///   - after: the object as it is when healed, or as it would be.
    ///   - isSecret: whether it holds what was encrypted; what a Secret holds is told to nobody anyway.
    init(
        _ drift: Drift, identity: ObjectIdentity, uid: String, after: AppliedObject, ignoring ignored: [JSONPointer], isSecret: Bool
    ) {
        if drift.isDeleted {
            // A watch by label cannot tell an object that is gone from one that lost its labels.
            message = after.uid == uid && !uid.isEmpty ? "its labels were taken off" : "the object was deleted"
            return
        }
        guard let live = drift.live, let object = after.object else {
            message = "fields differed from what was applied"
            return
        }
        let changes = OwnedFields.differences(from: live, to: object, ignoring: ignored)
        managers = Set(changes.prefix(20).compactMap { OwnedFields.manager(of: $0.path, in: live) }).sorted()
        let shown = changes.prefix(Self.pathsMax).map { OwnedFields.shown($0.path, in: object).description }
        paths = shown
        var parts: [String] = []
        if drift.isReplaced { parts.append("the object was deleted and made again") }
        parts.append(managers.isEmpty ? "changed" : "changed by \(managers.joined(separator: ", "))")
        message = parts.joined(separator: ", ")
        guard !changes.isEmpty else { return }
        // Not even shortened, where redaction would not know it any more.
        let isSecret = isSecret || (identity.group.isEmpty && identity.kind == "Secret")
        var words = zip(changes, shown).prefix(Self.shownMax).map { isSecret ? "\($1) (hidden)" : "\($1) \(Self.words($0))" }
        if changes.count > Self.shownMax { words.append("and \(changes.count - Self.shownMax) more") }
        message += ": \(words.joined(separator: ", "))"
    }

    private static func words(_ change: StructuralDiff.Change) -> String {
        let (there, wanted) = (brief(change.old), brief(change.new))
        guard let wanted else { return there.map { "\($0) instead of nothing" } ?? "differs" }
        return there.map { "\($0) instead of \(wanted)" } ?? "gone instead of \(wanted)"
    }

    private static func brief(_ value: Value?) -> String? {
        switch value ?? .null {
        case .null: nil
        case .string(let text): "'\(text.count <= 60 ? text : "\(text.prefix(60))…")'"
        case .bool, .int, .decimal: value.map { String(decoding: JSON.write($0), as: UTF8.self) }
        case .list(let items): "a list of \(items.count)"
        case .map: "a map"
        }
    }
}
