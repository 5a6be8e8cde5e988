// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What pipelines, policies and notifications refer to.
struct PipelineChecks {
    let declarations: Declarations
    let report: Report

    /// The names that there are of one kind.
    private struct Known {
        let what: String
        let names: Set<String>

        init(_ what: String, _ names: some Sequence<String>) {
            self.what = what
            self.names = Set(names)
        }

        var plural: String { what == "repository" ? "repositories" : "\(what)s" }
    }

    func check() {
        let applications = Known("application", declarations.applications.lazy.map(\.object.name))
        let environments = Known("environment", declarations.environments.lazy.map(\.object.name))
        let repositories = Known("repository", declarations.repositories.lazy.map(\.object.name))
        let pipelines = Known("pipeline", declarations.pipelines.lazy.map(\.object.name))
        for item in declarations.pipelines {
            let document = item.document(report)
            checkApplications(item, applications)
            checkStages(item, environments)
            BoundsChecks.check(item, repositories: repositories.names, report)
            if let repository = item.object.source.repository {
                check(repository, among: repositories, ["spec", "source", "repository"], document)
            }
        }
        for item in declarations.repositories { BoundsChecks.check(item, report) }
        for item in declarations.accessPolicies {
            let document = item.document(report)
            for (index, name) in (item.object.pipelines ?? []).enumerated() {
                check(name, among: pipelines, ["spec", "scope", "pipelines", .index(index)], document)
            }
            for (index, name) in (item.object.environments ?? []).enumerated() {
                check(name, among: environments, ["spec", "scope", "environments", .index(index)], document)
            }
        }
        for item in declarations.notifications {
            for (index, name) in (item.object.pipelines ?? []).enumerated() {
                check(name, among: pipelines, ["spec", "pipelines", .index(index)], item.document(report))
            }
        }
    }

    private func check(_ name: String, among known: Known, _ path: [PathStep], _ document: SourceDocument) {
        guard !known.names.contains(name) else { return }
        document.add(
            .error, "missing-reference", "there is no \(known.what) '\(name)'",
            hint: Suggestion.hint(for: name, among: known.names.sorted(), what: known.plural), at: path)
    }

    private func checkApplications(_ item: Declared<Pipeline>, _ known: Known) {
        // Another repository's applications are not at hand here.
        guard item.object.source.repository == nil else { return }
        let document = item.document(report)
        switch item.object.applications {
        case .names(let names):
            for (index, name) in names.enumerated() {
                check(name, among: known, ["spec", "applications", "names", .index(index)], document)
            }
        case .selector(let selector):
            if !declarations.applications.contains(where: { selector.matches($0.object.labels) }) {
                document.add(
                    .warning, "selects-nothing", "'applications' matches no application", at: ["spec", "applications"], part: .key)
            }
        }
    }

    private func checkStages(_ item: Declared<Pipeline>, _ environments: Known) {
        let stages = item.object.stages
        let own = Known("stage", stages.map(\.environment))
        let document = item.document(report)
        let items = item.place.value?.at("spec", "stages")?.list ?? []
        // Stages that could not be read have no object: places are found by environment.
        func place(_ environment: String) -> Int { items.firstIndex { $0["environment"]?.string == environment } ?? 0 }
        for stage in stages {
            let path: [PathStep] = ["spec", "stages", .index(place(stage.environment))]
            check(stage.environment, among: environments, path + ["environment"], document)
            guard items.indices.contains(place(stage.environment)), items[place(stage.environment)]["after"] != nil else { continue }
            for (index, name) in stage.after.enumerated() {
                if name == stage.environment {
                    document.add(.error, "stage-cycle", "stage '\(name)' comes after itself", at: path + ["after", .index(index)])
                } else {
                    check(name, among: own, path + ["after", .index(index)], document)
                }
            }
        }
        let edges = Dictionary(
            stages.map { stage in (stage.environment, stage.after.filter { $0 != stage.environment }) },
            uniquingKeysWith: { first, _ in first })
        for cycle in Cycles.find(in: stages.map(\.environment), edges: edges) {
            document.add(
                .error, "stage-cycle", "stages wait for each other: \((cycle + [cycle[0]]).joined(separator: " -> "))",
                hint: "take one of them out of an 'after'", at: ["spec", "stages", .index(place(cycle[0])), "environment"])
        }
    }
}
