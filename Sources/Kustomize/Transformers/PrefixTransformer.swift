// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Puts a text before the names of resources.
struct PrefixTransformer: Transformer {
    private let affix: NameAffix

    init(prefix: String, fields: [FieldSpec], at place: Node) {
        affix = NameAffix(side: .before, text: prefix, fields: fields, place: place)
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        affix = try NameAffix(.before, plugin: plugin, key: "prefix")
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) { try affix.add(to: resources) }
}

/// Puts a text behind the names of resources.
struct SuffixTransformer: Transformer {
    private let affix: NameAffix

    init(suffix: String, fields: [FieldSpec], at place: Node) {
        affix = NameAffix(side: .behind, text: suffix, fields: fields, place: place)
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        affix = try NameAffix(.behind, plugin: plugin, key: "suffix")
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) { try affix.add(to: resources) }
}

/// Both at once: how a plugin's configuration says it since before there were two.
struct PrefixSuffixTransformer: Transformer {
    private let prefix: PrefixTransformer
    private let suffix: SuffixTransformer

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        prefix = try PrefixTransformer(plugin: plugin, files: files)
        suffix = try SuffixTransformer(plugin: plugin, files: files)
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        try prefix.transform(&resources, in: context)
        try suffix.transform(&resources, in: context)
    }
}

private struct NameAffix {
    enum Side {
        case before, behind
    }

    let side: Side
    let text: String
    let fields: [FieldSpec]
    let place: Node

    init(side: Side, text: String, fields: [FieldSpec], place: Node) {
        self.side = side
        self.text = text
        self.fields = fields
        self.place = place
    }

    init(_ side: Side, plugin: Node, key: String) throws(KustomizeFailure) {
        guard plugin["fieldSpecs"] != nil else {
            throw plugin.failure("missing-field", "fieldSpecs is missing", hint: "for names: fieldSpecs: [{path: metadata/name}]")
        }
        self.init(side: side, text: try plugin.looseText(key), fields: try plugin.looseFields(), place: plugin)
    }

    func add(to resources: ResourceMap) throws(KustomizeFailure) {
        var chosen = KindCache<[FieldSpec]>()
        do throws(FieldFailure) {
            for resource in resources.items {
                let id = resource.originalID
                for field in chosen.choose(id, { Self.keepsName(id) ? [] : fields.filter { $0.selects(id) } }) {
                    if field.path == "metadata/name", !text.isEmpty {
                        switch side {
                        case .before: resource.prefixes.append(text)
                        case .behind: resource.suffixes.append(text)
                        }
                        resource.rememberIdentity()
                    }
                    guard field.selects(resource.id) else { continue }
                    try field.change(resource, creation: .scalar) { (target) throws(FieldFailure) in try add(to: &target) }
                }
            }
        } catch {
            throw place.failure(error)
        }
    }

    /// Others find these by exact names.
    private static func keepsName(_ id: ResourceID) -> Bool {
        id.kind == "CustomResourceDefinition" || id.kind == "Namespace" || (id.kind == "APIService" && id.group == "apiregistration.k8s.io")
    }

    private func add(to target: inout Value) throws(FieldFailure) {
        let old: String
        switch target {
        case .null: old = ""
        case .list, .map: throw .noScalar(target)
        case .bool, .int, .decimal, .string: old = target.scalarText ?? ""
        }
        target = target.replacing(text: side == .before ? text + old : old + text)
    }
}
