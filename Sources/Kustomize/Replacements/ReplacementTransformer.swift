// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Writes values of fields to other fields: a kustomization's `replacements`, in their order.
///
/// Source of the rules: kustomize `api/filters/replacement`.
struct ReplacementTransformer: Transformer {
    private let replacements: [Replacement]

    /// - Parameter entries: those of a kustomization's `replacements`.
    init(_ entries: [Node], files: any FileScope) throws(KustomizeFailure) {
        replacements = try Replacement.read(entries, strict: true, files: files)
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        replacements = try Replacement.read(try plugin.list("replacements"), strict: false, files: files)
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        for replacement in replacements {
            let value = try Self.value(of: replacement.source, &resources)
            for target in replacement.targets {
                let meant = target.selection.candidates(among: &resources).filter(target.matches)
                var isRenamed = false
                // A value may be written into what it was taken from, again and again, and double each time.
                try context.spend(meant.count * target.fields.count * value.size(upTo: context.limits.workMax), at: target.node)
                for resource in meant {
                    let id = resource.id
                    try Self.write(value, to: resource, target, textBytesMax: context.limits.textBytesMax)
                    if resource.id != id { isRenamed = true }
                }
                if isRenamed { resources.identitiesChanged() }
            }
        }
    }

    private static func value(of source: Replacement.Source, _ resources: inout ResourceMap) throws(KustomizeFailure) -> ReplacementValue {
        let matches = source.selection.candidates(among: &resources).filter(source.selection.matchesIdentity)
        guard let resource = matches.first else {
            throw source.node.failure("no-match", "no resource is \(source.selection)")
        }
        guard matches.count == 1 else {
            throw source.node.failure(
                "ambiguous", "\(matches.count) resources are \(source.selection): \(resource.id), \(matches[1].id)",
                hint: "say more of the one that is meant")
        }
        do throws(FieldFailure) {
            let found = try FieldLookup.find(FieldPath.split(source.fieldPath), in: resource.value)
            guard let found, !found.isMissing else {
                throw FieldFailure(message: "it is not there, or empty")
            }
            return try ReplacementValue(found).refined(source.options)
        } catch {
            throw (source.node["fieldPath"] ?? source.node).failure(
                "no-field", "field \(source.fieldPath) of \(resource.id): \(error.message)")
        }
    }

    private static func write(
        _ value: ReplacementValue, to resource: Resource, _ target: Replacement.Target, textBytesMax: Int
    ) throws(KustomizeFailure) {
        for field in target.fields {
            do throws(FieldFailure) {
                let creation = target.options.create ? value.creation : nil
                let count = try field.change(&resource.value, creation: creation) { (member, place, isNew) throws(FieldFailure) in
                    let old = isNew ? "" : resource.untyped.text(place, member)
                    let text = try value.write(to: &member, target.options, untyped: old)
                    if let text { resource.untyped.note(place, text) }
                    if case .string(let long) = member, long.utf8.count > textBytesMax {
                        throw FieldFailure(message: "it becomes longer than \(textBytesMax) bytes")
                    }
                }
                guard count > 0 else {
                    throw FieldFailure(message: target.options.create ? "it can be neither found nor created" : "it is not there")
                }
            } catch {
                throw (target.node["fieldPaths"] ?? target.node).failure(
                    "no-field", "field \(field.path) of \(resource.id): \(error.message)")
            }
        }
    }
}

extension Value {
    /// Null and what has no members count as missing in a source.
    fileprivate var isMissing: Bool {
        switch self {
        case .null: true
        case .list(let items): items.isEmpty
        case .map(let map): map.isEmpty
        case .bool, .int, .decimal, .string: false
        }
    }
}
