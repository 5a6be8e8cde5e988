// SPDX-License-Identifier: Apache-2.0

/// Which clusters share a render that was just done for one of them, and which of the others might share one among themselves.
///
/// An engine asks in order, each question because of the answers before. A cluster whose answers first differ at the n-th question is
/// asked the same n questions. Two clusters that first differ at other questions, or at the same one with other answers, are therefore sure
/// to be rendered apart: their groups can be worked on at the same time without a render too many.
package enum Divergence {
    package struct Split: Sendable {
        /// Those that give all the answers.
        package var same: [Int] = []
        package var others: [[Int]] = []
    }

    private struct Place: Hashable {
        let question: Int
        let answer: String?
    }

    /// - Parameter targets: what `facts` tells the facts of.
    package static func split(_ targets: [Int], by answers: [RenderAnswer], facts: (Int) -> ClusterFacts) -> Split {
        var split = Split()
        var places: [Place: Int] = [:]
        for target in targets {
            let facts = facts(target)
            guard let index = answers.firstIndex(where: { facts[$0.question] != $0.value }) else {
                split.same.append(target)
                continue
            }
            let place = Place(question: index, answer: facts[answers[index].question])
            if let group = places[place] {
                split.others[group].append(target)
            } else {
                places[place] = split.others.count
                split.others.append([target])
            }
        }
        return split
    }
}
