// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A transformer, what it is called, and where it is configured.
struct TransformerStep {
    let name: String
    let node: Node
    let transformer: any Transformer
}

/// The transformers that the fields of a kustomization stand for, in the order in which kustomize runs them, whatever the order of the fields.
enum FieldTransformers {
    /// - Parameter asKustomizeCounts: whether each step is one of kustomize's own, as in what `buildMetadata` writes: one for each entry of
    ///   `images`, and one of labels more, which does nothing. All images in one walk come to the same.
    static func steps(
        of kustomization: Kustomization, rules: TransformerConfiguration, files: any FileScope, asKustomizeCounts: Bool
    ) throws(KustomizeFailure) -> [TransformerStep] {
        let node = kustomization.node
        var steps: [TransformerStep] = []
        func add(_ name: String, _ place: Node, _ transformer: any Transformer) {
            steps.append(TransformerStep(name: name, node: place, transformer: transformer))
        }
        if let list = node["patchesStrategicMerge"], case let paths = try list.items(), !paths.isEmpty {
            add("PatchStrategicMergeTransformer", list, try PatchStrategicMergeTransformer(paths: paths, files: files))
        }
        for entry in try node.list("patches") { add("PatchTransformer", entry, try PatchTransformer(entry, files: files)) }
        if let place = node["namespace"], case let namespace = try place.string(), !namespace.isEmpty {
            add("NamespaceTransformer", place, NamespaceTransformer(namespace: namespace, fields: rules.namespace, at: place))
        }
        if let place = node["namePrefix"], case let prefix = try place.string(), !prefix.isEmpty {
            add("PrefixTransformer", place, PrefixTransformer(prefix: prefix, fields: rules.namePrefix, at: place))
        }
        if let place = node["nameSuffix"], case let suffix = try place.string(), !suffix.isEmpty {
            add("SuffixTransformer", place, SuffixTransformer(suffix: suffix, fields: rules.nameSuffix, at: place))
        }
        for (place, transformer) in try LabelTransformer.entries(of: node, rules: rules) { add("LabelTransformer", place, transformer) }
        if asKustomizeCounts, let place = node["labels"], place.value.list?.isEmpty == false, node["commonLabels"] == nil {
            add("LabelTransformer", place, LabelTransformer(labels: [], fields: [], at: place))
        }
        if let place = node["commonAnnotations"], case let texts = try node.textMap("commonAnnotations"), !texts.isEmpty {
            add(
                "AnnotationsTransformer", place,
                AnnotationsTransformer(annotations: texts, fields: rules.commonAnnotations, at: place))
        }
        for entry in try node.list("patchesJson6902") {
            add("PatchJson6902Transformer", entry, try PatchJson6902Transformer(entry, files: files))
        }
        for entry in try node.list("replicas") {
            add("ReplicaCountTransformer", entry, try ReplicaCountTransformer(entry, fields: rules.replicas))
        }
        let images = try node.list("images") + (try node.list("imageTags"))
        if asKustomizeCounts {
            for entry in images { add("ImageTagTransformer", entry, try ImageTagTransformer(entry, fields: rules.images)) }
        } else if let place = node["images"] ?? node["imageTags"], !images.isEmpty {
            add("ImageTagTransformer", place, try ImageTagTransformer(images, fields: rules.images, at: place))
        }
        if let list = node["replacements"], case let entries = try list.items(), !entries.isEmpty {
            add("ReplacementTransformer", list, try ReplacementTransformer(entries, files: files))
        }
        return steps
    }
}
