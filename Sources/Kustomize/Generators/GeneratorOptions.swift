// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What all generated ConfigMaps and Secrets get: a kustomization's `generatorOptions`, or the `options` of one generator.
struct GeneratorOptions: Sendable {
    static let fields = ["labels", "annotations", "disableNameSuffixHash", "immutable"]

    /// In the order of their keys.
    private(set) var labels: [(key: String, text: String)] = []
    private(set) var annotations: [(key: String, text: String)] = []
    private(set) var isHashDisabled = false
    private(set) var isImmutable = false

    init() {}

    /// - Parameter strict: whether other members are refused, as in a kustomization, or passed over, as in a plugin's configuration.
    init(_ node: Node, strict: Bool) throws(KustomizeFailure) {
        _ = try node.map()
        if strict { try node.requireOnly(Self.fields) }
        labels = try node.textMap("labels")
        annotations = try node.textMap("annotations")
        isHashDisabled = try node.flag("disableNameSuffixHash")
        isImmutable = try node.flag("immutable")
    }

    /// Fills in what the whole kustomization says. A flag that is set there stays set: kustomize cannot tell `false` from nothing.
    func over(_ common: GeneratorOptions) -> GeneratorOptions {
        var merged = self
        merged.labels = Self.merge(labels, over: common.labels)
        merged.annotations = Self.merge(annotations, over: common.annotations)
        merged.isHashDisabled = isHashDisabled || common.isHashDisabled
        merged.isImmutable = isImmutable || common.isImmutable
        return merged
    }

    private static func merge(
        _ own: [(key: String, text: String)], over common: [(key: String, text: String)]
    ) -> [(key: String, text: String)] {
        let keys = Set(own.map(\.key))
        return (own + common.filter { !keys.contains($0.key) }).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}
