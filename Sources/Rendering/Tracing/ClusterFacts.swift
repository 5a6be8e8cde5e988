// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a render may ask about its cluster: variables by full name, and capabilities.
///
/// A question is a variable's full name (`cluster.labels.region`), `capability:NAME`, or `*`: which variables there are. The latter two are
/// no names that a manifest can write, so no variable ever hides them.
package struct ClusterFacts: Sendable, Hashable {
    package let variables: [String: String]
    /// Answers such as the Kubernetes version, by name.
    package let capabilities: [String: String]

    package init(variables: [String: String] = [:], capabilities: [String: String] = [:]) {
        self.variables = variables
        self.capabilities = capabilities
    }

    static let namesQuestion = "*"
    static let capabilityPrefix = "capability:"

    /// Whether a question is a variable's name.
    static func isVariable(_ question: String) -> Bool { question != namesQuestion && !question.hasPrefix(capabilityPrefix) }

    /// The answer to a question; `nil` for what is not defined.
    package subscript(question: String) -> String? {
        if question == Self.namesQuestion {
            return Digest.sha256(variables.keys.sorted().joined(separator: "\n")).description
        }
        if question.hasPrefix(Self.capabilityPrefix) { return capabilities[String(question.dropFirst(Self.capabilityPrefix.count))] }
        return variables[question]
    }
}

/// A question about the cluster and what it was answered.
package struct RenderAnswer: Sendable, Hashable {
    package let question: String
    /// `nil` for what is not defined.
    package let value: String?

    package init(question: String, value: String?) {
        self.question = question
        self.value = value
    }
}
