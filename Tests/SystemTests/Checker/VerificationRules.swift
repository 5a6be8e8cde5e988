// SPDX-License-Identifier: Apache-2.0
import Manifests

extension Checker {
    /// The branches themselves: one line, every decision once, nothing in a later stage that the stages before have not verified.
    func judgeHistory(_ verdict: inout Verdict) {
        for problem in history.problems { verdict.judge(.history, false, problem) }
        for stage in shape.stages {
            let branch = "\(shape.pipeline)/\(stage.environment)"
            let known = history.stages[stage.environment] ?? History.Stage()
            var promotions: Set<String> = []
            for (index, record) in known.records.enumerated() {
                if let promotion = record.promotion {
                    verdict.judge(
                        .history, promotions.insert(promotion).inserted, "\(branch): promotion \(promotion) was recorded twice")
                }
                let before = index > 0 ? known.records[index - 1] : nil
                let isRepeated = before?.release == record.release && before?.origin == record.origin && record.origin != .human
                verdict.judge(
                    .history, !isRepeated, "\(branch): release \(record.release.prefix(7)) was recorded twice in a row")
                for previous in stage.after where record.needsVerification {
                    judgeEvidence(for: record, from: previous, in: branch, &verdict)
                }
            }
            let decided = known.verified.map { "\($0.promotion) \($0.release)" }
            for (text, count) in Dictionary(decided.map { ($0, 1) }, uniquingKeysWith: +) {
                verdict.judge(.history, count == 1, "\(branch): the journal says \(count) times that \(text) was verified")
            }
        }
    }

    private func judgeEvidence(
        for record: History.Record, from environment: String, in branch: String, _ verdict: inout Verdict
    ) {
        let stage = history.stages[environment] ?? History.Stage()
        let short = record.release.prefix(7)
        // Commits' times are whole seconds.
        let evidence = stage.verified.first { $0.release == record.release && $0.at.seconds <= record.committedAt.seconds }
        verdict.judge(
            .verifiedFirst, evidence != nil, "\(branch): release \(short) was recorded, but \(environment) had not verified it by then")
        guard let evidence else { return }
        // A release that changed nothing there has no record of its own; then what ran there was verified.
        let recorded = stage.records.contains { $0.promotion == evidence.promotion && $0.committedAt.seconds <= record.committedAt.seconds }
        let inherited = stage.records.contains { earlier in
            earlier.committedAt.seconds <= evidence.at.seconds && stage.verified.contains { $0.promotion == earlier.promotion }
        }
        verdict.judge(
            .verifiedFirst, recorded || inherited, "\(branch): release \(short) is called verified in \(environment), which never ran it")
    }

    /// From the clusters' own logs: an image that a stage's clusters got by a release ran, ready, in every cluster of the stages before.
    func judgeImages(_ stage: FleetShape.Stage, _ placed: [String: [Placed]]) -> Verdict {
        var verdict = Verdict()
        let records = history.stages[stage.environment]?.records ?? []
        let before = shape.stages.filter { stage.after.contains($0.environment) }.flatMap(\.clusters)
        let settled = Dictionary(uniqueKeysWithValues: before.map { ($0, firstSettled($0)) })
        for cluster in stage.clusters {
            for place in placed[cluster] ?? [] {
                guard case .write(let write) = place.observation.what, !write.images.isEmpty, let index = place.record,
                    records[index].needsVerification
                else { continue }
                for other in before {
                    let since = settled[other]?[Settled(object: write.object, images: write.images)]
                    verdict.judge(
                        .verifiedFirst, since.map { $0 <= place.observation.time + tolerance } ?? false,
                        "\(place.observation.place): \(write.images.joined(separator: ", ")) was applied before it had run in \(other)")
                }
            }
        }
        return verdict
    }

    private struct Settled: Hashable {
        var object: ObjectIdentity
        var images: [String]
    }

    private func firstSettled(_ cluster: String) -> [Settled: Timestamp] {
        var first: [Settled: Timestamp] = [:]
        for observation in observations[cluster] ?? [] {
            guard case .workload(let workload) = observation.what, workload.isSettled else { continue }
            let key = Settled(object: workload.object, images: workload.images)
            if first[key] == nil { first[key] = observation.time }
        }
        return first
    }
}
