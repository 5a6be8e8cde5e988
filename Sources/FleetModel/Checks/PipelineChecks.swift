// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What pipelines, policies and notifications refer to.
struct PipelineChecks {
    let declarations: Declarations
    let fleet: Fleet

    func check() {
        for item in declarations.pipelines {
            checkApplications(item)
            checkStages(item)
            if let repository = item.object.source.repository {
                check(
                    repository, among: declarations.repositories.map(\.object.name), "repository", ["spec", "source", "repository"],
                    item.document)
            }
        }
        let pipelines = declarations.pipelines.map(\.object.name)
        let environments = declarations.environments.map(\.object.name)
        for item in declarations.accessPolicies {
            for (index, name) in (item.object.pipelines ?? []).enumerated() {
                check(name, among: pipelines, "pipeline", ["spec", "scope", "pipelines", .index(index)], item.document)
            }
            for (index, name) in (item.object.environments ?? []).enumerated() {
                check(name, among: environments, "environment", ["spec", "scope", "environments", .index(index)], item.document)
            }
        }
        for item in declarations.notifications {
            for (index, name) in (item.object.pipelines ?? []).enumerated() {
                check(name, among: pipelines, "pipeline", ["spec", "pipelines", .index(index)], item.document)
            }
        }
    }

    private func check(_ name: String, among names: [String], _ what: String, _ path: [PathStep], _ document: SourceDocument) {
        guard !names.contains(name) else { return }
        document.add(
            .error, "missing-reference", "there is no \(what) '\(name)'",
            hint: Suggestion.hint(for: name, among: names.sorted(), what: what == "repository" ? "repositories" : "\(what)s"), at: path)
    }

    private func checkApplications(_ item: Declared<Pipeline>) {
        // Another repository's applications are not at hand here.
        guard item.object.source.repository == nil else { return }
        switch item.object.applications {
        case .names(let names):
            for (index, name) in names.enumerated() {
                let known = declarations.applications.map(\.object.name)
                check(name, among: known, "application", ["spec", "applications", "names", .index(index)], item.document)
            }
        case .selector(let selector):
            if !declarations.applications.contains(where: { selector.matches($0.object.labels) }) {
                item.document.add(
                    .warning, "selects-nothing", "'applications' matches no application", at: ["spec", "applications"], part: .key)
            }
        }
    }

    private func checkStages(_ item: Declared<Pipeline>) {
        let stages = item.object.stages
        let items = item.document.value.at("spec", "stages")?.list ?? []
        // Stages that could not be read have no object: places are found by environment.
        func place(_ environment: String) -> Int { items.firstIndex { $0["environment"]?.string == environment } ?? 0 }
        for stage in stages {
            let path: [PathStep] = ["spec", "stages", .index(place(stage.environment))]
            check(
                stage.environment, among: declarations.environments.map(\.object.name), "environment", path + ["environment"], item.document
            )
            guard items[place(stage.environment)]["after"] != nil else { continue }
            for (index, name) in stage.after.enumerated() {
                if name == stage.environment {
                    item.document.add(.error, "stage-cycle", "stage '\(name)' comes after itself", at: path + ["after", .index(index)])
                } else {
                    check(name, among: stages.map(\.environment), "stage", path + ["after", .index(index)], item.document)
                }
            }
        }
        let edges = Dictionary(
            stages.map { stage in (stage.environment, stage.after.filter { $0 != stage.environment }) },
            uniquingKeysWith: { first, _ in first })
        for cycle in Cycles.find(in: stages.map(\.environment), edges: edges) {
            item.document.add(
                .error, "stage-cycle", "stages wait for each other: \((cycle + [cycle[0]]).joined(separator: " -> "))",
                hint: "take one of them out of an 'after'", at: ["spec", "stages", .index(place(cycle[0])), "environment"])
        }
    }
}
