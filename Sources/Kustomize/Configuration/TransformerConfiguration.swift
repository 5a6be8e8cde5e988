// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Which fields the transformers of a kustomization change: the built-in tables, what `configurations` add, and what `crds` say.
struct TransformerConfiguration: Sendable, Hashable {
    /// Fields that name a resource of some kind.
    struct NameReference: Sendable, Hashable {
        var group = ""
        var version = ""
        var kind = ""
        var fields: [FieldSpec] = []

        /// Whether resources of that identity are meant.
        func selects(_ id: ResourceID) -> Bool {
            (kind.isEmpty || kind == id.kind) && (group.isEmpty || group == id.group) && (version.isEmpty || version == id.version)
        }
    }

    var namePrefix: [FieldSpec] = []
    var nameSuffix: [FieldSpec] = []
    var namespace: [FieldSpec] = []
    var commonLabels: [FieldSpec] = []
    var labels: [FieldSpec] = []
    var templateLabels: [FieldSpec] = []
    var commonAnnotations: [FieldSpec] = []
    var nameReferences: [NameReference] = []
    var varReferences: [FieldSpec] = []
    var images: [FieldSpec] = []
    var replicas: [FieldSpec] = []

    /// The lists of field specs, by their names in a configuration file.
    static var lists: [(name: String, list: WritableKeyPath<TransformerConfiguration, [FieldSpec]>)] {
        [
            ("namePrefix", \.namePrefix), ("nameSuffix", \.nameSuffix), ("namespace", \.namespace), ("commonLabels", \.commonLabels),
            ("labels", \.labels), ("templateLabels", \.templateLabels), ("commonAnnotations", \.commonAnnotations),
            ("varReference", \.varReferences), ("images", \.images), ("replicas", \.replicas),
        ]
    }

    var isEmpty: Bool { nameReferences.isEmpty && Self.lists.allSatisfy { self[keyPath: $0.list].isEmpty } }

    /// Adds what another configuration says, and puts everything in order.
    /// - Throws: where both have the same field, one with `create` and one without; this is partly merged then.
    mutating func merge(_ other: TransformerConfiguration) throws(FieldSpecConflict) {
        for (_, list) in Self.lists { try self[keyPath: list].merge(other[keyPath: list]) }
        for reference in other.nameReferences { try merge(reference) }
        sort()
    }

    private mutating func merge(_ reference: NameReference) throws(FieldSpecConflict) {
        var isKnown = false
        for index in nameReferences.indices {
            let present = nameReferences[index]
            guard present.kind == reference.kind, present.group == reference.group, present.version == reference.version else { continue }
            try nameReferences[index].fields.merge(reference.fields)
            isKnown = true
        }
        if !isKnown { nameReferences.append(reference) }
    }

    /// Orders by kind, as kustomize does: what others refer to first, then by group, version and kind. It decides which of two rules for one
    /// field comes first.
    mutating func sort() {
        for (_, list) in Self.lists {
            self[keyPath: list] = Self.sorted(self[keyPath: list]) { KindOrder(group: $0.group, version: $0.version, kind: $0.kind) }
        }
        nameReferences = Self.sorted(nameReferences) { KindOrder(group: $0.group, version: $0.version, kind: $0.kind) }
    }

    private static func sorted<Item>(_ items: [Item], by order: (Item) -> KindOrder) -> [Item] {
        guard items.count > 1 else { return items }
        let keys = items.map(order)
        let positions = items.indices.sorted { keys[$0] < keys[$1] || (!(keys[$1] < keys[$0]) && $0 < $1) }
        return positions.map { items[$0] }
    }
}

/// The order of kinds inside a configuration; source: kustomize `kyaml/resid/gvk.go`.
private struct KindOrder: Comparable {
    let rank: Int
    let text: [UInt8]

    init(group: String, version: String, kind: String) {
        rank = Self.ranks[kind] ?? 0
        text = Array("\(group.isEmpty ? "~G" : group)_\(version.isEmpty ? "~V" : version)_\(kind.isEmpty ? "~K" : kind)".utf8)
    }

    static func < (left: KindOrder, right: KindOrder) -> Bool {
        left.rank != right.rank ? left.rank < right.rank : left.text.lexicographicallyPrecedes(right.text)
    }

    private static let ranks: [String: Int] = {
        let first = [
            "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy", "Role",
            "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service", "LimitRange",
            "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob", "PodDisruptionBudget",
        ]
        var ranks = ["MutatingWebhookConfiguration": 1, "ValidatingWebhookConfiguration": 2]
        for (index, kind) in first.enumerated() { ranks[kind] = index - first.count }
        return ranks
    }()
}
