// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a kustomization file says, as far as it is understood.
struct Kustomization: Sendable {
    /// What could be said of something written in the file. Its line is looked up only when it is said: that reads the file again.
    struct Place: Sendable {
        let file: SourceFile
        let code: String
        let message: String
        let steps: [PathStep]

        var problem: KustomizeProblem { file.problem(code, message, at: steps) }
    }

    struct Reference: Sendable {
        let text: String
        let written: Place

        var place: KustomizeProblem { written.problem }
    }

    struct Image: Sendable {
        var name: Pattern
        var newName: String?
        var newTag: String?
        var tagSuffix: String?
        var digest: String?
    }

    struct Replica: Sendable {
        var name: String
        var count: Int64
        /// For the error when it matches nothing.
        let written: Place

        var place: KustomizeProblem { written.problem }
    }

    struct Patch: Sendable {
        enum Source: Sendable {
            case file(Reference)
            case inline(String)
        }
        var source: Source
        var target: Selector?
        let written: Place

        var place: KustomizeProblem { written.problem }
    }

    /// The folder that it is in, from the tree's root.
    var folder: String
    var path: String
    var resources: [Reference] = []
    var namespace: String?
    var images: [Image] = []
    var replicas: [Replica] = []
    var patches: [Patch] = []

    static let fileNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"]

    /// Fields of kustomize that are not implemented.
    static let later: Set<String> = [
        "bases", "buildMetadata", "commonAnnotations", "commonLabels", "components", "configMapGenerator", "configurations", "crds",
        "generatorOptions", "generators", "helmChartInflationGenerator", "helmCharts", "helmGlobals", "inventory", "labels", "namePrefix",
        "nameSuffix", "openapi", "patchesJson6902", "patchesStrategicMerge", "replacements", "secretGenerator", "sortOptions",
        "transformers", "validators", "vars",
    ]
    static let known: Set<String> = ["apiVersion", "images", "kind", "metadata", "namespace", "patches", "replicas", "resources"]
}
