// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A kustomization file, checked for what it may contain. What its fields mean is read where it is used.
struct Kustomization: Sendable {
    /// The folder that it is in, from the tree's root.
    let folder: String
    /// Its file's name there.
    let fileName: String
    let node: Node
    let isComponent: Bool

    var path: String { node.file.path }

    /// Every field that a kustomization may have; source: kustomize v5.5 `api/types/kustomization.go`.
    static let fields = [
        "apiVersion", "bases", "buildMetadata", "commonAnnotations", "commonLabels", "components", "configMapGenerator", "configurations",
        "crds", "generatorOptions", "generators", "helmChartInflationGenerator", "helmCharts", "helmGlobals", "imageTags", "images", "kind",
        "labels", "metadata", "namePrefix", "nameSuffix", "namespace", "openapi", "patches", "patchesJson6902", "patchesStrategicMerge",
        "replacements", "replicas", "resources", "secretGenerator", "sortOptions", "transformers", "validators", "vars",
    ]

    init(_ file: SourceFile, folder: String) throws(KustomizeFailure) {
        self.folder = folder
        fileName = file.path.split(separator: "/").last.map(String.init) ?? file.path
        let node = Node(file.documents.first ?? .null, of: file)
        self.node = node
        if node.value.isNull { throw node.failure("empty", "the kustomization is empty") }
        guard node.value.map != nil else { throw node.failure("wrong-type", "a kustomization is a map, not \(node.value.kindName)") }
        try node.requireOnly(Self.fields)
        let kind = try node.text("kind")
        isComponent = kind == "Component"
        guard kind.isEmpty || kind == "Kustomization" || isComponent else {
            throw (node["kind"] ?? node).failure("wrong-kind", "kind must be Kustomization or Component, not \(kind)")
        }
        let version = try node.text("apiVersion")
        let wanted = isComponent ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1"
        guard version.isEmpty || version == wanted else {
            throw (node["apiVersion"] ?? node).failure("wrong-version", "apiVersion must be \(wanted), not \(version)")
        }
        let says = node.value.map?.contains { entry in
            entry.key != "apiVersion" && entry.key != "kind" && !entry.value.isNull && entry.value.string?.isEmpty != true
        }
        guard says == true else { throw node.failure("empty", "the kustomization says nothing", hint: "list files under resources") }
    }

    /// What kustomize itself warns of.
    var deprecations: [KustomizeProblem] {
        [
            ("bases", "resources"), ("commonLabels", "labels"), ("imageTags", "images"), ("patchesJson6902", "patches"),
            ("patchesStrategicMerge", "patches"), ("vars", "replacements"),
        ].compactMap { old, new in
            node[old]?.problem("deprecated", "\(old) is deprecated", key: true, hint: "use \(new)")
        }
    }
}
