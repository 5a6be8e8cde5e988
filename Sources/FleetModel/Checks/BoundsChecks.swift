// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What can be seen of pipelines' bounds without rendering: where applications go, as whom they act, where pipelines take releases from.
///
/// What the applications' objects would touch is for the planner to judge, and again for the agent.
enum BoundsChecks {
    static let code = "out-of-bounds"

    // MARK: Pipelines

    static func check(_ item: Declared<Pipeline>, repositories: Set<String>, _ report: Report) {
        guard let bounds = item.object.bounds, let listed = bounds.repositories else { return }
        let document = item.document(report)
        let path: [PathStep] = ["spec", "bounds", "repositories"]
        let fleet = Pipeline.Bounds.fleetRepository
        for (index, name) in listed.enumerated() where name != fleet && !repositories.contains(name) {
            document.add(
                .error, "missing-reference", "there is no repository '\(name)'",
                hint: Suggestion.hint(for: name, among: repositories.sorted() + [fleet], what: "repositories"), at: path + [.index(index)])
        }
        if let repository = item.object.source.repository {
            guard !bounds.allows(repository: repository) else { return }
            document.add(
                .error, code, "repository '\(repository)' is not one of the pipeline's 'bounds.repositories'", hint: "add it there",
                at: ["spec", "source", "repository"])
        } else if !bounds.allows(repository: fleet) {
            document.add(
                .error, code, "the pipeline's releases come from the fleet repository, which its 'bounds.repositories' do not list",
                hint: "add '\(fleet)', which is what the fleet repository is called there", at: path, part: .key)
        }
    }

    /// No other repository may be called what the fleet repository is.
    static func check(_ item: Declared<Repository>, _ report: Report) {
        guard item.object.name == Pipeline.Bounds.fleetRepository else { return }
        item.document(report).add(
            .error, "invalid-name", "'\(item.object.name)' is what the fleet repository is called in 'bounds.repositories'",
            hint: "give this one another name", at: ["metadata", "name"])
    }

    // MARK: Applications

    static func check(_ item: Declared<Application>, _ pipeline: Pipeline, _ report: Report) {
        guard let bounds = pipeline.bounds else { return }
        let application = item.object
        let document = item.document(report)
        let whose = "of pipeline '\(pipeline.name)'"
        if let namespace = application.namespace, !bounds.allows(namespace: namespace) {
            document.add(
                .error, code, "namespace '\(namespace)' is not among the 'bounds.namespaces' \(whose)\(listed(bounds.namespaces))",
                hint: "add it there, or choose another", at: ["spec", "namespace"])
        }
        guard let account = application.sync.serviceAccount else { return }
        guard !bounds.allows(serviceAccount: account) else { return }
        document.add(
            .error, code,
            "service account '\(account)' is not one of the 'bounds.serviceAccounts' \(whose)\(listed(bounds.serviceAccounts))",
            hint: "add it there, or name another", at: ["spec", "sync", "serviceAccount"])
    }

    private static func listed(_ items: [String]?) -> String {
        guard let items, !items.isEmpty else { return ", which allow none" }
        return " (\(items.prefix(5).joined(separator: ", "))\(items.count > 5 ? " and \(items.count - 5) more" : ""))"
    }
}

extension Application {
    /// The namespace of an application that declares none.
    package static let namespaceByDefault = "default"
}
