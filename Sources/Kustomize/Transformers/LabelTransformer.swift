// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Sets labels in the metadata of resources, and in whatever other fields it is told: selectors, templates.
struct LabelTransformer: Transformer {
    private let entries: MapEntries

    init(labels: [(key: String, text: String)], fields: [FieldSpec], at place: Node) {
        entries = MapEntries(texts: labels, fields: fields, place: place)
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        self.init(labels: try plugin.looseTextMap("labels"), fields: try plugin.looseFields(), at: plugin)
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) { try entries.set(in: resources) }

    /// The transformers that `labels` and `commonLabels` of a kustomization stand for, in kustomize's order, each with its place.
    static func entries(
        of kustomization: Node, rules: TransformerConfiguration
    ) throws(KustomizeFailure) -> [(place: Node, transformer: LabelTransformer)] {
        var result: [(place: Node, transformer: LabelTransformer)] = []
        for entry in try kustomization.list("labels") {
            if entry.value.isNull { continue }
            try entry.requireOnly(["pairs", "includeSelectors", "includeTemplates", "fields"])
            let labels = try entry.textMap("pairs")
            let fields = try fields(of: entry, rules: rules)
            result.append((entry, LabelTransformer(labels: labels, fields: fields, at: entry)))
        }
        if let place = kustomization["commonLabels"] {
            let labels = try kustomization.textMap("commonLabels")
            result.append((place, LabelTransformer(labels: labels, fields: rules.commonLabels, at: place)))
        }
        return result
    }

    /// Where an entry of `labels` puts its pairs: its own fields first, then the configured ones.
    private static func fields(of entry: Node, rules: TransformerConfiguration) throws(KustomizeFailure) -> [FieldSpec] {
        var fields: [FieldSpec] = []
        for item in try entry.list("fields") { fields.append(try FieldSpec(strict: item)) }
        let includesSelectors = try entry.flag("includeSelectors")
        let includesTemplates = try entry.flag("includeTemplates")
        do throws(FieldSpecConflict) {
            try fields.merge(rules.labels)
            if includesSelectors {
                try fields.merge(rules.commonLabels)
            } else {
                if includesTemplates { try fields.merge(rules.templateLabels) }
                try fields.merge([FieldSpec(path: "metadata/labels", create: true)])
            }
        } catch {
            throw entry.failure(
                "conflict", "the field \(error.spec.path) is given with create: \(!error.spec.create), and elsewhere otherwise",
                hint: "say create: \(error.spec.create)")
        }
        return fields
    }
}

/// Sets annotations in the metadata of resources and of their templates.
struct AnnotationsTransformer: Transformer {
    private let entries: MapEntries

    init(annotations: [(key: String, text: String)], fields: [FieldSpec], at place: Node) {
        entries = MapEntries(texts: annotations, fields: fields, place: place)
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        self.init(annotations: try plugin.looseTextMap("annotations"), fields: try plugin.looseFields(), at: plugin)
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) { try entries.set(in: resources) }
}

/// Members that are set in the maps that fields lead to.
private struct MapEntries {
    let texts: [(key: String, text: String)]
    let fields: [FieldSpec]
    let place: Node

    func set(in resources: ResourceMap) throws(KustomizeFailure) {
        guard !texts.isEmpty else { return }
        var chosen = KindCache<[FieldSpec]>()
        do throws(FieldFailure) {
            for resource in resources.items {
                let id = resource.id
                var made: [Made] = []
                for field in chosen.choose(id, { fields.filter { $0.selects(id) } }) {
                    try field.changeWithPlace(resource, creation: .map) { (target, place) throws(FieldFailure) in
                        let keys = try set(in: &target)
                        if !keys.isEmpty { made.append(Made(place: place, keys: keys)) }
                    }
                }
                if made.count > 1 { share(made, in: resource) }
            }
        } catch {
            throw place.failure(error)
        }
    }

    /// A map, and which of the texts it did not have yet.
    private struct Made {
        let place: [PathStep]
        let keys: [Int]
    }

    /// - Returns: which of the texts were not there yet.
    private func set(in target: inout Value) throws(FieldFailure) -> [Int] {
        switch target {
        case .null: return []  // There is no map to be set in, and kustomize makes none of it.
        case .map(var map):
            target = .null
            var made: [Int] = []
            for (index, (key, text)) in texts.enumerated() {
                if map[key] == nil { made.append(index) }
                map[key] = .string(text)
            }
            target = .map(map)
            return made
        case .bool, .int, .decimal, .string, .list: throw .noMap(target)
        }
    }

    private func share(_ made: [Made], in resource: Resource) {
        for (index, (key, text)) in texts.enumerated() {
            resource.share(made.filter { $0.keys.contains(index) }.map { $0.place + [.key(key)] }, text)
        }
    }
}
