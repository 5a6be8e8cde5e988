// SPDX-License-Identifier: Apache-2.0

/// What templates can name, for one cluster in one environment.
package struct Variables: Sendable, Hashable {
    package var environmentName: String
    package var environmentVariables: [String: String]
    package var clusterName: String
    package var clusterLabels: [String: String]
    package var clusterVariables: [String: String]

    package init(environment: Environment, cluster: Cluster) {
        environmentName = environment.name
        environmentVariables = environment.variables
        clusterName = cluster.name
        clusterLabels = cluster.labels
        clusterVariables = cluster.variables
    }

    /// Every variable by its full name, as renders look them up.
    package var flattened: [String: String] {
        var all = ["cluster.name": clusterName, "environment.name": environmentName]
        for (name, value) in clusterLabels { all["cluster.labels.\(name)"] = value }
        for (name, value) in clusterVariables { all["cluster.variables.\(name)"] = value }
        for (name, value) in environmentVariables { all["environment.variables.\(name)"] = value }
        return all
    }

    static let forms = [
        "cluster.name", "cluster.labels.X", "cluster.variables.X", "environment.name", "environment.variables.X",
    ]

    /// The value of a variable by its full name, such as `cluster.labels.region`.
    package subscript(name: String) -> String? {
        switch name {
        case "cluster.name": return clusterName
        case "environment.name": return environmentName
        default: break
        }
        if name.hasPrefix("cluster.labels.") { return clusterLabels[String(name.dropFirst(15))] }
        if name.hasPrefix("cluster.variables.") { return clusterVariables[String(name.dropFirst(18))] }
        if name.hasPrefix("environment.variables.") { return environmentVariables[String(name.dropFirst(22))] }
        return nil
    }

    static func isName(_ name: String) -> Bool {
        forms.contains { form in
            form.hasSuffix(".X") ? name.hasPrefix(form.dropLast()) && name.utf8.count >= form.utf8.count : name == form
        }
    }
}
