// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a kustomization has gathered: resources, and the rules and variables that are applied to all of them at the end.
struct Accumulator {
    var resources = ResourceMap()
    var variables = VariableSet()
    private(set) var configuration = TransformerConfiguration()
    /// Nearly every kustomization has the built-in rules alone: those are merged once, and not again for each base.
    private var isStandard = false

    /// Adds rules to those that are there.
    mutating func add(_ rules: TransformerConfiguration, at node: Node) throws(KustomizeFailure) {
        isStandard = false
        do throws(FieldSpecConflict) {
            try configuration.merge(rules)
        } catch {
            throw node.failure("conflict", "the field \(error.spec.path) is configured both with create and without")
        }
    }

    mutating func addStandardRules(at node: Node) throws(KustomizeFailure) {
        if isStandard { return }
        guard !configuration.isEmpty else {
            configuration = .standard
            isStandard = true
            return
        }
        try add(.standard, at: node)
    }

    /// Takes over all that a kustomization below has gathered.
    mutating func merge(_ other: Accumulator, at node: Node, limits: KustomizeLimits) throws(KustomizeFailure) {
        try append(other.resources.items, at: node, limits: limits)
        if other.isStandard { try addStandardRules(at: node) } else { try add(other.configuration, at: node) }
        try variables.merge(other.variables)
    }

    mutating func append(_ added: [Resource], at node: Node, limits: KustomizeLimits) throws(KustomizeFailure) {
        guard resources.items.count + added.count <= limits.resourcesMax else {
            throw node.failure("too-many-resources", "more than \(limits.resourcesMax) resources")
        }
        for resource in added {
            if let present = resources.append(resource) {
                let files =
                    present.source.path == resource.source.path
                    ? "twice from \(resource.source.path)" : "from \(present.source.path) and from \(resource.source.path)"
                throw node.failure("duplicate", "\(resource.id) is there twice: \(files)")
            }
        }
    }
}
