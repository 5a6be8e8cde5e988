// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' label selector: everything in it must hold; an empty one matches all.
package struct LabelSelector: Sendable, Hashable {
    package var matchLabels: [String: String]
    package var matchExpressions: [Requirement]

    package init(matchLabels: [String: String] = [:], matchExpressions: [Requirement] = []) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    package struct Requirement: Sendable, Hashable {
        package enum Operator: String, Sendable, CaseIterable {
            case `in` = "In"
            case notIn = "NotIn"
            case exists = "Exists"
            case doesNotExist = "DoesNotExist"
        }

        package var key: String
        package var `operator`: Operator
        package var values: [String]

        package init(key: String, operator: Operator, values: [String] = []) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }

        /// As Kubernetes: `NotIn` also holds where there is no such label.
        package func matches(_ labels: [String: String]) -> Bool {
            let label = labels[key]
            switch `operator` {
            case .in: return label.map(values.contains) ?? false
            case .notIn: return !(label.map(values.contains) ?? false)
            case .exists: return label != nil
            case .doesNotExist: return label == nil
            }
        }
    }

    package func matches(_ labels: [String: String]) -> Bool {
        matchLabels.allSatisfy { labels[$0.key] == $0.value } && matchExpressions.allSatisfy { $0.matches(labels) }
    }
}
