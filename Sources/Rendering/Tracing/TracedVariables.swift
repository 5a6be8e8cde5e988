// SPDX-License-Identifier: Apache-2.0

/// The facts of a render's cluster, with a note of every one that was asked for. Used on one thread.
final class TracedVariables {
    private let facts: ClusterFacts
    /// What was asked and the answer, in the order in which it was first asked. Names that were tried in vain are in it too, so that
    /// comparing the answers with another cluster's is enough to know that its render would be the same.
    private(set) var answers: [RenderAnswer] = []
    private var asked: Set<String> = []

    init(_ facts: ClusterFacts) { self.facts = facts }

    /// The value of `name`: as it stands, or, without a prefix, the cluster's variable of that name, or the environment's.
    subscript(name: String) -> String? {
        for candidate in [name, "cluster.variables.\(name)", "environment.variables.\(name)"] {
            if let value = ask(candidate) { return value }
            // A full name has no other readings.
            if name.contains(".") { return nil }
        }
        return nil
    }

    /// What the cluster can do, by name; `nil` where it is not known.
    func capability(_ name: String) -> String? { ask(ClusterFacts.capabilityPrefix + name) }

    /// A defined name that differs in one or two signs, for a hint. It depends on all names, so all of them count as read.
    func nearest(to name: String) -> String? {
        _ = ask(ClusterFacts.namesQuestion)
        let names = facts.variables.keys.flatMap { key in
            var names = [key]
            for prefix in ["cluster.variables.", "environment.variables."] where key.hasPrefix(prefix) {
                names.append(String(key.dropFirst(prefix.count)))
            }
            return names
        }
        let wanted = Array(name.lowercased().utf8)
        return names.sorted().map { (name: $0, distance: Self.distance(wanted, Array($0.lowercased().utf8))) }
            .filter { $0.distance <= max(1, min(2, wanted.count / 3)) }.min { $0.distance < $1.distance }?.name
    }

    private func ask(_ question: String) -> String? {
        let value = facts[question]
        if asked.insert(question).inserted { answers.append(RenderAnswer(question: question, value: value)) }
        return value
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard abs(a.count - b.count) <= 2 else { return 3 }
        var previous = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var current = [i + 1]
            for (j, right) in b.enumerated() {
                current.append(min(previous[j] + (left == right ? 0 : 1), previous[j + 1] + 1, current[j] + 1))
            }
            previous = current
        }
        return previous[b.count]
    }
}
