// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The built-in plugins, by the kind of a configuration document (`apiVersion: builtin`).
enum Plugins {
    static func transformer(_ node: Node, files: any FileScope) throws(KustomizeFailure) -> any Transformer {
        switch try kind(node) {
        case "AnnotationsTransformer": try AnnotationsTransformer(plugin: node, files: files)
        case "HashTransformer": HashTransformer()
        case "ImageTagTransformer": try ImageTagTransformer(plugin: node, files: files)
        case "LabelTransformer": try LabelTransformer(plugin: node, files: files)
        case "NamespaceTransformer": try NamespaceTransformer(plugin: node, files: files)
        case "PatchJson6902Transformer": try PatchJson6902Transformer(plugin: node, files: files)
        case "PatchStrategicMergeTransformer": try PatchStrategicMergeTransformer(plugin: node, files: files)
        case "PatchTransformer": try PatchTransformer(plugin: node, files: files)
        case "PrefixSuffixTransformer": try PrefixSuffixTransformer(plugin: node, files: files)
        case "PrefixTransformer": try PrefixTransformer(plugin: node, files: files)
        case "ReplacementTransformer": try ReplacementTransformer(plugin: node, files: files)
        case "ReplicaCountTransformer": try ReplicaCountTransformer(plugin: node, files: files)
        case "SuffixTransformer": try SuffixTransformer(plugin: node, files: files)
        case "ValueAddTransformer": try ValueAddTransformer(plugin: node, files: files)
        case let other where generators.contains(other):
            throw (node["kind"] ?? node).failure("wrong-kind", "\(other) is a generator", hint: "list it under generators")
        case let other: throw unknown(other, node)
        }
    }

    static func generator(_ node: Node, files: any FileScope) throws(KustomizeFailure) -> any Generator {
        switch try kind(node) {
        case "ConfigMapGenerator": try ConfigMapGenerator(plugin: node, files: files)
        case "IAMPolicyGenerator": try IAMPolicyGenerator(plugin: node, files: files)
        case "SecretGenerator": try SecretGenerator(plugin: node, files: files)
        case "HelmChartInflationGenerator": throw Self.helm(node)
        case let other where other.hasSuffix("Transformer"):
            throw (node["kind"] ?? node).failure("wrong-kind", "\(other) is no generator", hint: "list it under transformers")
        case let other: throw unknown(other, node)
        }
    }

    private static let generators = ["ConfigMapGenerator", "IAMPolicyGenerator", "SecretGenerator", "HelmChartInflationGenerator"]

    /// The kind of a built-in plugin's configuration.
    private static func kind(_ node: Node) throws(KustomizeFailure) -> String {
        let kind = node["kind"]?.value.string ?? ""
        guard node["apiVersion"]?.value.string == "builtin" else {
            throw node.failure(
                "external-plugin", "\(kind) is no built-in plugin: programs and containers are never run while rendering",
                hint: "use a built-in transformer or generator, or keep what the plugin makes in the repository")
        }
        return kind
    }

    private static func unknown(_ kind: String, _ node: Node) -> KustomizeFailure {
        (node["kind"] ?? node).failure("unknown-plugin", "there is no built-in plugin \(kind)")
    }

    static func helm(_ node: Node) -> KustomizeFailure {
        node.failure(
            "helm", "Helm charts inside a kustomization are not rendered", key: true,
            hint: "render the chart once and keep the manifests in the repository")
    }
}
