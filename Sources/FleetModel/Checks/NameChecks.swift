// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Names that are declared twice.
struct NameChecks {
    let report: Report

    func check(_ declarations: Declarations) {
        check(declarations.clusters, \.name)
        check(declarations.applications, \.name)
        check(declarations.environments, \.name)
        check(declarations.pipelines, \.name)
        check(declarations.repositories, \.name)
        check(declarations.accessPolicies, \.name)
        check(declarations.notifications, \.name)
    }

    private func check<Object>(_ declared: [Declared<Object>], _ name: (Object) -> String) {
        var first: [String: DocumentPlace] = Dictionary(minimumCapacity: declared.count)
        for item in declared {
            let name = name(item.object)
            guard let earlier = first[name] else {
                first[name] = item.place
                continue
            }
            let mark = earlier.mark(at: ["metadata", "name"])
            item.document(report).add(
                .error, "duplicate-name", "\(item.place.subject?.description ?? name) is already declared",
                hint: "the other one is at \(earlier.file.path):\(mark.line)", at: ["metadata", "name"])
        }
    }
}
