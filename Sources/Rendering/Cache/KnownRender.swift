// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What a render gave.
package enum RenderOutcome: Sendable, Hashable {
    /// The digest of the ordered list of its objects.
    case bundle(Digest)
    case failure(RenderFailure)
}

/// A render that was done, by the answers that it depends on.
package struct KnownRender: Sendable {
    package let id: Int64
    /// The set of reads that it depends on.
    package let reads: Int64
    package let answers: [RenderAnswer]
    package let outcome: RenderOutcome
    /// When a plan last used it; kept to the day.
    package var usedAt: Timestamp

    package init(id: Int64, reads: Int64, answers: [RenderAnswer], outcome: RenderOutcome, usedAt: Timestamp) {
        self.id = id
        self.reads = reads
        self.answers = answers
        self.outcome = outcome
        self.usedAt = usedAt
    }
}

/// The known renders of one recipe, found by what they were told about the cluster.
package struct KnownRenders: Sendable {
    /// Those that asked the same questions about the cluster: mostly there is one such group, however many clusters there are.
    private struct Group: Sendable {
        let questions: [String]
        var renders: [[String?]: [KnownRender]]
    }

    private var groups: [Group] = []

    package init(_ renders: some Sequence<KnownRender> = []) { for render in renders { add(render) } }

    package mutating func add(_ render: KnownRender) {
        let answers = render.answers.sorted { $0.question < $1.question }
        let questions = answers.map(\.question)
        let key = answers.map(\.value)
        if let index = groups.firstIndex(where: { $0.questions == questions }) {
            groups[index].renders[key, default: []].append(render)
        } else {
            groups.append(Group(questions: questions, renders: [key: [render]]))
        }
    }

    /// The renders whose answers a cluster with these facts gives too, in the order in which they were added.
    package func matching(_ facts: ClusterFacts) -> [KnownRender] {
        if groups.count == 1 { return groups[0].renders[groups[0].questions.map { facts[$0] }] ?? [] }
        return groups.flatMap { group in group.renders[group.questions.map { facts[$0] }] ?? [] }
    }

    package var count: Int { groups.reduce(0) { $0 + $1.renders.reduce(0) { $0 + $1.value.count } } }

    mutating func drop(reads: Int64) {
        for index in groups.indices {
            for (key, renders) in groups[index].renders where renders.contains(where: { $0.reads == reads }) {
                let rest = renders.filter { $0.reads != reads }
                groups[index].renders[key] = rest.isEmpty ? nil : rest
            }
        }
        groups.removeAll { $0.renders.isEmpty }
    }
}
