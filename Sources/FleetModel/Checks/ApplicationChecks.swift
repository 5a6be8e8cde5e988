// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What applications refer to.
struct ApplicationChecks {
    let declared: [Declared<Application>]
    let fleet: Fleet

    func check() {
        let names = declared.map(\.object.name)
        for item in declared {
            checkDependencies(item, names)
            checkEnvironments(item)
        }
        checkCycles()
    }

    private func checkDependencies(_ item: Declared<Application>, _ names: [String]) {
        for (index, name) in item.object.dependsOn.enumerated() {
            let path: [PathStep] = ["spec", "dependsOn", .index(index)]
            if name == item.object.name {
                item.document.add(.error, "dependency-cycle", "'\(name)' depends on itself", at: path)
            } else if !names.contains(name) {
                item.document.add(
                    .error, "missing-reference", "there is no application '\(name)'",
                    hint: Suggestion.hint(for: name, among: names, what: "applications"), at: path)
            }
        }
    }

    /// Reports each cycle once, at the application that stands first in the files.
    private func checkCycles() {
        let dependencies = Dictionary(
            declared.map { item in (item.object.name, item.object.dependsOn.filter { $0 != item.object.name }) },
            uniquingKeysWith: { first, _ in first })
        let cycles = Cycles.find(in: declared.map(\.object.name), edges: dependencies)
        for cycle in cycles {
            guard let item = declared.first(where: { $0.object.name == cycle[0] }),
                let index = item.object.dependsOn.firstIndex(of: cycle.count > 1 ? cycle[1] : cycle[0])
            else { continue }
            item.document.add(
                .error, "dependency-cycle", "applications wait for each other: \((cycle + [cycle[0]]).joined(separator: " -> "))",
                at: ["spec", "dependsOn", .index(index)])
        }
    }

    // MARK: Against the pipelines' environments

    private func checkEnvironments(_ item: Declared<Application>) {
        let application = item.object
        let pipelines = fleet.pipelines.filter { $0.applications.contains(application) }
        if pipelines.isEmpty {
            item.document.add(
                .warning, "unused-application", "application '\(application.name)' is in no pipeline: it is never deployed",
                at: ["metadata", "name"])
        }
        if pipelines.count > 1 {
            let names = pipelines.map { "'\($0.name)'" }.joined(separator: " and ")
            item.document.add(
                .error, "application-in-two-pipelines", "application '\(application.name)' is in the pipelines \(names)",
                hint: "an application belongs to one pipeline: change its labels, or a pipeline's 'applications'", at: ["metadata", "name"])
        }
        let environments = pipelines.flatMap(\.stages).compactMap { fleet.environment($0.environment) }
        checkSelector(item, environments)
        checkTemplate(application.source.path, at: ["spec", "source", "path"], item, environments)
        for (index, file) in (application.source.helm?.valueFiles ?? []).enumerated() {
            checkTemplate(file, at: ["spec", "source", "helm", "valueFiles", .index(index)], item, environments)
        }
    }

    private func checkSelector(_ item: Declared<Application>, _ environments: [Environment]) {
        guard item.object.clusterSelector != nil else { return }
        for environment in environments where !fleet.clusters(in: environment).isEmpty {
            if fleet.clusters(in: environment, for: item.object).isEmpty {
                item.document.add(
                    .warning, "selects-nothing", "'clusterSelector' matches no cluster of environment '\(environment.name)'",
                    at: ["spec", "clusterSelector"], part: .key)
            }
        }
    }

    /// Each variable must be defined wherever the application goes.
    private func checkTemplate(_ text: String, at path: [PathStep], _ item: Declared<Application>, _ environments: [Environment]) {
        let names: [String]
        do throws(TemplateError) {
            names = try Template.names(in: text)
        } catch {
            item.document.add(.error, error.code, error.message, hint: error.hint, at: path)
            return
        }
        for name in names {
            let lacking = environments.filter { isUndefined(name, in: $0, for: item.object) }
            guard let first = lacking.first else { continue }
            if name.hasPrefix("environment.") {
                item.document.add(
                    .error, "undefined-variable", "'\(name)' is not defined in environment '\(first.name)'",
                    hint: Suggestion.hint(
                        for: String(name.dropFirst(22)), among: first.variables.keys.sorted(), what: "its variables are"), at: path)
            } else {
                let cluster = fleet.clusters(in: first, for: item.object).first { Variables(environment: first, cluster: $0)[name] == nil }
                item.document.add(
                    .error, "undefined-variable", "'\(name)' is not defined for cluster '\(cluster?.name ?? "")' of '\(first.name)'",
                    hint: "add it to the Cluster's 'labels' or 'variables'", at: path)
            }
        }
    }

    private func isUndefined(_ name: String, in environment: Environment, for application: Application) -> Bool {
        switch name {
        case "environment.name", "cluster.name": return false
        default: break
        }
        if name.hasPrefix("environment.variables.") { return environment.variables[String(name.dropFirst(22))] == nil }
        return fleet.clusters(in: environment, for: application).contains { Variables(environment: environment, cluster: $0)[name] == nil }
    }
}
