// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What applications refer to.
struct ApplicationChecks {
    let declared: [Declared<Application>]
    let reach: Reach
    let report: Report

    init(declared: [Declared<Application>], fleet: Fleet, report: Report) {
        self.declared = declared
        self.report = report
        reach = Reach(fleet)
    }

    func check() {
        // Most applications wait for none.
        let dependent = declared.filter { !$0.object.dependsOn.isEmpty }
        if !dependent.isEmpty {
            let names = declared.map(\.object.name)
            let known = Set(names)
            for item in dependent { checkDependencies(item, names, known) }
        }
        for item in declared { checkEnvironments(item) }
        checkCycles(dependent)
    }

    private func checkDependencies(_ item: Declared<Application>, _ names: [String], _ known: Set<String>) {
        for (index, name) in item.object.dependsOn.enumerated() {
            let path: [PathStep] = ["spec", "dependsOn", .index(index)]
            if name == item.object.name {
                item.document(report).add(.error, "dependency-cycle", "'\(name)' depends on itself", at: path)
            } else if !known.contains(name) {
                item.document(report).add(
                    .error, "missing-reference", "there is no application '\(name)'",
                    hint: Suggestion.hint(for: name, among: names, what: "applications"), at: path)
            }
        }
    }

    /// Reports each cycle once, at the application that stands first in the files.
    private func checkCycles(_ dependent: [Declared<Application>]) {
        let dependencies = Dictionary(
            dependent.map { item in (item.object.name, item.object.dependsOn.filter { $0 != item.object.name }) },
            uniquingKeysWith: { first, _ in first })
        let cycles = Cycles.find(in: dependent.map(\.object.name), edges: dependencies)
        for cycle in cycles {
            guard let item = dependent.first(where: { $0.object.name == cycle[0] }),
                let index = item.object.dependsOn.firstIndex(of: cycle.count > 1 ? cycle[1] : cycle[0])
            else { continue }
            item.document(report).add(
                .error, "dependency-cycle", "applications wait for each other: \((cycle + [cycle[0]]).joined(separator: " -> "))",
                at: ["spec", "dependsOn", .index(index)])
        }
    }

    // MARK: Against the pipelines' environments

    private func checkEnvironments(_ item: Declared<Application>) {
        let application = item.object
        let pipelines = reach.pipelines(of: application)
        if pipelines.isEmpty {
            item.document(report).add(
                .warning, "unused-application", "application '\(application.name)' is in no pipeline: it is never deployed",
                at: ["metadata", "name"])
        }
        if pipelines.count > 1 {
            let names = pipelines.map { "'\($0.pipeline.name)'" }.joined(separator: " and ")
            item.document(report).add(
                .error, "application-in-two-pipelines", "application '\(application.name)' is in the pipelines \(names)",
                hint: "an application belongs to one pipeline: change its labels, or a pipeline's 'applications'", at: ["metadata", "name"])
        }
        for way in pipelines { BoundsChecks.check(item, way.pipeline, report) }
        let environments = pipelines.count == 1 ? pipelines[0].environments : pipelines.flatMap(\.environments)
        checkSelector(item, environments)
        checkTemplate(application.source.path, at: ["spec", "source", "path"], item, environments)
        for (index, file) in (application.source.helm?.valueFiles ?? []).enumerated() {
            checkTemplate(file, at: ["spec", "source", "helm", "valueFiles", .index(index)], item, environments)
        }
    }

    private func checkSelector(_ item: Declared<Application>, _ environments: [Reach.Place]) {
        guard item.object.clusterSelector != nil else { return }
        for place in environments where !place.clusters.isEmpty && place.clusters(for: item.object).isEmpty {
            item.document(report).add(
                .warning, "selects-nothing", "'clusterSelector' matches no cluster of environment '\(place.environment.name)'",
                at: ["spec", "clusterSelector"], part: .key)
        }
    }

    /// Each variable must be defined wherever the application goes.
    private func checkTemplate(_ text: String, at path: [PathStep], _ item: Declared<Application>, _ environments: [Reach.Place]) {
        // What holds no dollar names nothing: most paths.
        guard text.utf8.contains(UInt8(ascii: "$")) else { return }
        let names: [String]
        do throws(TemplateError) {
            names = try Template.names(in: text)
        } catch {
            item.document(report).add(.error, error.code, error.message, hint: error.hint, at: path)
            return
        }
        for name in names {
            guard let first = environments.first(where: { $0.lacks(name, for: item.object) }) else { continue }
            if name.hasPrefix("environment.") {
                item.document(report).add(
                    .error, "undefined-variable", "'\(name)' is not defined in environment '\(first.environment.name)'",
                    hint: Suggestion.hint(
                        for: String(name.dropFirst(22)), among: first.environment.variables.keys.sorted(), what: "its variables are"),
                    at: path)
            } else {
                let cluster = first.firstLacking(name, for: item.object)
                item.document(report).add(
                    .error, "undefined-variable",
                    "'\(name)' is not defined for cluster '\(cluster?.name ?? "")' of '\(first.environment.name)'",
                    hint: "add it to the Cluster's 'labels' or 'variables'", at: path)
            }
        }
    }
}
