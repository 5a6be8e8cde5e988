// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion

extension Value {
    /// The text, or null.
    init(_ text: String?) { self = text.map { .string($0) } ?? .null }
    init(_ time: Timestamp?) { self = time.map { .string($0.rfc3339) } ?? .null }
    static func int(_ number: Int) -> Value { .int(Int64(number)) }
    static func texts(_ texts: [String]) -> Value { .list(texts.map { .string($0) }) }
}

extension Page {
    func json(_ item: (Item) -> Value) -> Value { .map(["items": .list(items.map(item)), "next": Value(next)]) }
}

extension StageReading {
    /// One word for people.
    enum Word: String, Sendable, CaseIterable { case current, progressing, waiting, held, paused, failed, empty }

    var word: Word {
        switch stage.promotion?.phase {
        case .recording, .rolling, .verifying:
            let isUrgent = stage.promotion?.candidate.origin == .rollback || stage.promotion?.candidate.origin == .human
            return stage.paused != nil && !isUrgent ? .paused : .progressing
        case .waiting, nil: break
        }
        if let hold = stage.hold { return hold.cause == .failure ? .failed : .held }
        if stage.paused != nil { return .paused }
        if stage.promotion != nil { return .waiting }
        switch stage.running?.verdict {
        case nil: return .empty
        case .unverified: return .progressing
        case .failed: return .failed
        case .verified: return .current
        }
    }

    var json: Value {
        var map: Map = [
            "pipeline": .string(stage.id.pipeline), "environment": .string(stage.id.environment), "position": .int(position),
            "after": .texts(predecessors), "state": .string(word.rawValue),
        ]
        map["running"] =
            stage.running.map { head in
                .map([
                    "release": .string(head.candidate.release), "commit": .string(head.commit), "promotion": .string(head.promotion),
                    "origin": .string(head.candidate.origin.rawValue), "verdict": .string(head.verdict.rawValue),
                    "recordedAt": Value(head.recordedAt), "subject": .string(runningSubject),
                ])
            } ?? .null
        map["promotion"] = stage.promotion.map(\.json) ?? .null
        map["queued"] = stage.queued.map { .map(["release": .string($0.release)]) } ?? .null
        map["hold"] =
            stage.hold.map {
                .map([
                    "cause": .string($0.cause.rawValue), "reason": .string($0.reason), "by": .string($0.by), "at": Value($0.at),
                ])
            } ?? .null
        map["paused"] = stage.paused.map { .map(["by": .string($0.name), "reason": .string($0.reason)]) } ?? .null
        map["clusters"] = .map(["total": .int(clustersTotal), "current": .int(clustersCurrent)])
        return .map(map)
    }
}

extension Promotion {
    /// What the machine is doing with it.
    var phaseName: String {
        switch phase {
        case .waiting: "waiting"
        case .recording: "recording"
        case .rolling: "rolling"
        case .verifying: "verifying"
        }
    }

    /// A wave as people see it.
    struct WaveReading: Sendable {
        var name: String
        var state: String
        var maxUnavailable: Int
        /// When its soak ends.
        var until: Timestamp?
        var clusters: [(name: String, state: String, reason: String)]
    }

    var waves: [WaveReading] {
        guard let rollout else {
            return candidate.strategy.waves.map { wave in
                WaveReading(
                    name: wave.name, state: "pending", maxUnavailable: wave.maxUnavailable,
                    clusters: wave.clusters.map { ($0, "pending", "") })
            }
        }
        return rollout.waves.enumerated().map { index, wave in
            var reading = WaveReading(
                name: wave.name, state: index < rollout.index ? "done" : "pending", maxUnavailable: wave.maxUnavailable, clusters: [])
            if index == rollout.index {
                switch rollout.phase {
                case .inspecting: reading.state = "inspecting"
                case .syncing: reading.state = "syncing"
                case .soaking(let until):
                    reading.state = "soaking"
                    reading.until = until
                }
            }
            reading.clusters = wave.clusters.map { cluster in
                switch cluster.progress {
                case .pending: (cluster.name, "pending", "")
                case .dispatched: (cluster.name, "dispatched", "")
                case .current: (cluster.name, "current", "")
                case .failed(let reason): (cluster.name, "failed", reason)
                case .skipped: (cluster.name, "skipped", "was offline when its wave began")
                case .left: (cluster.name, "left", "left the environment")
                }
            }
            return reading
        }
    }

    var json: Value {
        var map: Map = [
            "id": .string(candidate.id), "release": .string(candidate.release), "fleet": .string(candidate.fleet),
            "origin": .string(candidate.origin.rawValue), "phase": .string(phaseName), "waitingFor": .string(waitingFor),
            "rendered": .string(candidate.rendered),
            "approvals": .list(
                approvals.map { .map(["by": .string($0.by), "at": Value($0.at), "reason": .string($0.reason)]) }),
            "approvalsRequired": .int(candidate.strategy.approvalsRequired), "startedAt": Value(startedAt),
        ]
        if case .verifying(let until, _) = phase { map["until"] = Value(until) }
        map["waves"] = .list(
            waves.map { wave in
                var map: Map = [
                    "name": .string(wave.name), "state": .string(wave.state), "maxUnavailable": .int(wave.maxUnavailable),
                ]
                if let until = wave.until { map["until"] = Value(until) }
                map["clusters"] = .list(
                    wave.clusters.map {
                        .map(["name": .string($0.name), "state": .string($0.state), "reason": .string($0.reason)])
                    })
                return .map(map)
            })
        return .map(map)
    }
}

extension HistoryReading {
    var json: Value {
        .map([
            "promotion": .string(promotion), "release": .string(release), "subject": .string(subject), "author": .string(author),
            "origin": .string(origin), "state": .string(state), "reason": .string(reason), "commit": Value(commit),
            "createdAt": Value(createdAt), "recordedAt": Value(recordedAt), "finishedAt": Value(finishedAt),
        ])
    }
}

extension ReleaseReading {
    var json: Value {
        .map([
            "pipeline": .string(pipeline), "sequence": .int(sequence), "release": .string(release), "fleet": .string(fleet),
            "subject": .string(subject), "author": .string(author), "committedAt": Value(committedAt), "error": .string(error),
            "renders": .int(renders), "stages": .map(Map(stages.map { ($0.environment, .string($0.state)) })),
        ])
    }
}
