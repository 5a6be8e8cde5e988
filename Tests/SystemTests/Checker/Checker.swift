// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Judges what happened to a fleet from outside: from what its clusters were asked to do, and from Git.
///
/// It knows nothing of the coordinator or the agents but the formats that they promise: trailers, the journal, labels, user agents.
struct Checker: Sendable {
    var shape: FleetShape
    var history: History
    /// By cluster, in the order of its log.
    var observations: [String: [Observation]]
    /// Between the clocks of those who wrote times down.
    var tolerance = Duration.milliseconds(50)
    /// Whether everything had come to rest when the logs ended.
    var isAtRest = false

    func verdict() -> Verdict {
        var verdict = Verdict()
        judgeHistory(&verdict)
        for stage in shape.stages {
            var placed: [String: [Placed]] = [:]
            for cluster in stage.clusters {
                var judge = ContentJudge(
                    cluster: cluster, records: history.stages[stage.environment]?.records ?? [], tolerance: tolerance)
                placed[cluster] = (observations[cluster] ?? []).map { judge.place($0) }
                if isAtRest { judge.judgeEnd() }
                verdict.add(judge.verdict)
            }
            verdict.add(judgeImages(stage, placed))
            let known = history.stages[stage.environment] ?? History.Stage()
            let failed = known.records.indices.filter { known.records[$0].promotion.map(known.failed.contains) ?? false }
            verdict.add(AvailabilityJudge(stage: stage, failed: Set(failed), tolerance: tolerance).verdict(placed))
        }
        return verdict
    }

    /// An observation with the record that it belongs to: for a write the oldest that explains it.
    struct Placed: Sendable {
        var observation: Observation
        var record: Int?
    }
}
