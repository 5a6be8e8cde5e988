// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Everything that determined a render: what was asked for, and each answer that it got.
///
/// A render is a function of the answers to its questions, and asks the next question because of the answers before: whoever would be given
/// the same answers would be given the same render.
package struct RenderTrace: Sendable, Hashable {
    package let recipe: Recipe
    /// What was asked of the tree.
    package let reads: ReadSet
    /// What was asked about the cluster, in the order in which it was first asked.
    package let answers: [RenderAnswer]

    /// Every variable that was asked for, by full name; `nil` for one that was not defined, because it had a default or another reading.
    package var variables: [String: String?] {
        var variables: [String: String?] = [:]
        for answer in answers where ClusterFacts.isVariable(answer.question) { variables[answer.question] = .some(answer.value) }
        return variables
    }

    /// Whether a cluster with these facts gives the same answers.
    package func holds(for facts: ClusterFacts) -> Bool { answers.allSatisfy { facts[$0.question] == $0.value } }

    /// Whether the tree and the facts give the same answers.
    package func isValid(in tree: some FileTree, for facts: ClusterFacts) throws -> Bool {
        guard holds(for: facts) else { return false }
        return try reads.holds(in: tree)
    }

    /// Equal for renders that asked the same and were answered the same, and so gave the same.
    package var key: Digest { Self.key(recipe, answers, reads: reads.digest) }

    static func key(_ recipe: Recipe, _ answers: [RenderAnswer], reads: Digest) -> Digest {
        .sha256("\(recipe.digest.hex)\n\(reads.hex)\n\(RenderAnswer.text(answers))")
    }
}

extension RenderAnswer {
    /// `[["question", "value" or null]…]` in canonical JSON, ordered by question.
    package static func text(_ answers: [RenderAnswer]) -> String {
        JSON.text(
            .list(
                answers.sorted { $0.question < $1.question }.map { .list([.string($0.question), $0.value.map(Value.string) ?? .null]) }))
    }

    /// Reads what `text` wrote.
    package static func answers(_ text: String) throws -> [RenderAnswer] {
        try (try JSON.read(text).list ?? []).map { item in
            guard let parts = item.list, parts.count == 2, let question = parts[0].string else {
                throw ShapeError(path: "answers", message: "expected [question, value]")
            }
            return RenderAnswer(question: question, value: parts[1].string)
        }
    }
}
