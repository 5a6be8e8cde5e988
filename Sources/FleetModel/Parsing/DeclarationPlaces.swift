// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Where clusters, environments, applications, repositories and access policies are declared.
package struct DeclarationPlaces: Sendable {
    private var places: [Subject: DocumentPlace] = [:]

    /// Of several declarations with one name the first counts, by the files' paths.
    package init(_ files: [ReadFile]) {
        for file in files.sorted(by: { $0.path < $1.path }) {
            for item in file.declarations.clusters { add(item) }
            for item in file.declarations.environments { add(item) }
            for item in file.declarations.applications { add(item) }
            for item in file.declarations.repositories { add(item) }
            for item in file.declarations.accessPolicies { add(item) }
        }
    }

    private mutating func add<Object>(_ declared: Declared<Object>) {
        guard let subject = declared.place.subject, places[subject] == nil else { return }
        places[subject] = declared.place
    }

    /// The file that declares it.
    package func file(of subject: Subject) -> String? { places[subject]?.file.path }

    /// Where the key that leads to `path` in the declaration begins, or else the closest thing around it; reads the file again.
    package func mark(of subject: Subject, at path: [PathStep]) -> SourceMark? { places[subject]?.mark(at: path, .key) }

    /// The declaration that gives a variable its value, and where in it that is; `nil` for a name that is no variable's full one.
    package static func origin(of variable: String, in variables: Variables) -> (subject: Subject, path: [PathStep])? {
        let cluster = Subject(.cluster, variables.clusterName)
        let environment = Subject(.environment, variables.environmentName)
        if variable == "cluster.name" { return (cluster, ["metadata", "name"]) }
        if variable == "environment.name" { return (environment, ["metadata", "name"]) }
        for (prefix, subject, path) in [
            ("cluster.labels.", cluster, ["metadata", "labels"]), ("cluster.variables.", cluster, ["spec", "variables"]),
            ("environment.variables.", environment, ["spec", "variables"]),
        ] as [(String, Subject, [PathStep])] where variable.hasPrefix(prefix) {
            return (subject, path + [.key(String(variable.dropFirst(prefix.count)))])
        }
        return nil
    }
}
