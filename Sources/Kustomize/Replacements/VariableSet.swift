// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The variables of a build, no two of one name.
struct VariableSet: Sendable {
    private var variables: [String: Variable] = [:]

    init() {}

    var isEmpty: Bool { variables.isEmpty }

    /// In the order of their names.
    var sorted: [Variable] { variables.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }

    /// - Throws: where there is one of that name, even the same.
    mutating func merge(_ variable: Variable) throws(KustomizeFailure) {
        if let present = variables[variable.name] {
            throw (variable.node["name"] ?? variable.node).failure(
                "duplicate-variable", "variable \(variable.name) is there already", hint: "it is also in \(present.node.file.path)")
        }
        variables[variable.name] = variable
    }

    /// Adds the variables of a kustomization that this one is built of.
    mutating func merge(_ others: VariableSet) throws(KustomizeFailure) {
        for variable in others.sorted { try merge(variable) }
    }

    /// Adds a kustomization's own `vars`, and marks the resources that they take their values from.
    /// - Throws: where the target of one is not the only resource of that identity, or there is one of that name.
    mutating func add(_ entries: [Node], marking resources: inout ResourceMap) throws(KustomizeFailure) {
        for entry in entries {
            let variable = try Variable(entry)
            let matches = resources.indices(ever: variable.target) { variable.matches($1) }
            guard matches.count <= 1 else {
                let two = matches.prefix(2).map { "\(resources.items[$0].id)" }.joined(separator: ", ")
                throw (entry["objref"] ?? entry).failure(
                    "ambiguous", "\(matches.count) resources can be what variable \(variable.name) refers to: \(two)",
                    hint: "say the namespace of the one that is meant")
            }
            if let position = matches.first { resources.items[position].variables.append(variable.name) }
            try merge(variable)
        }
    }
}
