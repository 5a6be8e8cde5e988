// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Follows one cluster through its log: every write and every deletion must be explained by a record, and records only go forward.
struct ContentJudge {
    let cluster: String
    let records: [History.Record]
    let tolerance: Duration
    private(set) var verdict = Verdict()
    /// By object, the record that last explained something about it.
    private var positions: [ObjectIdentity: Int] = [:]
    /// What the agent has put there and not taken away.
    private var present: [ObjectIdentity: Digest] = [:]

    init(cluster: String, records: [History.Record], tolerance: Duration) {
        self.cluster = cluster
        self.records = records
        self.tolerance = tolerance
    }

    mutating func place(_ observation: Observation) -> Checker.Placed {
        var placed = Checker.Placed(observation: observation)
        guard observation.isAgents, observation.succeeded else { return placed }
        switch observation.what {
        case .write(let write): placed.record = explain(write, observation)
        case .deletion(let object): placed.record = explainDeletion(of: object, observation)
        case .workload, .request: break
        }
        return placed
    }

    private mutating func explain(_ write: Observation.Write, _ observation: Observation) -> Int? {
        present[write.object] = write.content
        let declaring = records.indices.filter { records[$0].objects[write.application]?[write.object] == write.content }
        verdict.judge(
            .recordedContent, !declaring.isEmpty,
            "\(observation.place): \(write.object) of \(write.application) has content that no record of the stage declares")
        guard !declaring.isEmpty else { return nil }
        let position = positions[write.object] ?? 0
        let later = declaring.filter { $0 >= position }
        verdict.judge(
            .noWayBack, !later.isEmpty,
            "\(observation.place): \(write.object) went back from record \(name(position)) to what only \(declaring.map(name)) declare")
        guard let first = later.first else { return nil }
        verdict.judge(
            .recordFirst, records[first].visibleAt <= observation.time + tolerance,
            "\(observation.place): \(write.object) of record \(name(first)) was applied at \(observation.time.rfc3339), its record came at "
                + records[first].visibleAt.rfc3339)
        positions[write.object] = first
        return first
    }

    private mutating func explainDeletion(of object: ObjectIdentity, _ observation: Observation) -> Int? {
        present[object] = nil
        let position = positions[object] ?? 0
        let dropping = records.indices.filter {
            $0 > position && records[$0].content(of: object) == nil && records[$0].visibleAt <= observation.time + tolerance
        }
        let wasDeclared = records.indices.contains(position) && records[position].content(of: object) != nil
        verdict.judge(
            .deletions, wasDeclared && !dropping.isEmpty,
            "\(observation.place): \(object) was deleted at \(observation.time.rfc3339), though no record after \(name(position)) dropped it"
        )
        if let first = dropping.first { positions[object] = first }
        return dropping.first
    }

    /// What is there in the end is what the newest record declares.
    mutating func judgeEnd() {
        guard let newest = records.last else { return }
        var wanted: [ObjectIdentity: Digest] = [:]
        for objects in newest.objects.values { wanted.merge(objects) { first, _ in first } }
        for (object, content) in wanted.sorted(by: { $0.key < $1.key }) {
            verdict.judge(
                .convergence, present[object] == content,
                "\(cluster): \(object) \(present[object] == nil ? "is missing" : "is not as the newest record declares")")
        }
        for object in present.keys.sorted() where wanted[object] == nil {
            verdict.judge(.convergence, false, "\(cluster): \(object) is still there, though the newest record does not declare it")
        }
    }

    private func name(_ index: Int) -> String {
        records.indices.contains(index) ? "\(index) (\(records[index].commit.prefix(7)))" : "\(index)"
    }
}
