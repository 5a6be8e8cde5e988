// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Promotion

// What the audit trail keeps of a state: few, named members, none of which can hold a manifest's text.

extension Stage {
    var audited: Value {
        var map: Map = [:]
        if let running {
            map["running"] = .map([
                "commit": .string(running.commit), "release": .string(running.candidate.release),
                "verdict": .string(running.verdict.rawValue),
            ])
        }
        if let promotion {
            map["promotion"] = .map([
                "id": .string(promotion.candidate.id), "release": .string(promotion.candidate.release),
                "origin": .string(promotion.candidate.origin.rawValue), "phase": .string(promotion.phaseName),
                "rendered": .string(promotion.candidate.rendered), "approvedBy": .texts(promotion.approvals.map(\.by)),
            ])
        }
        if let queued { map["queued"] = .string(queued.release) }
        if let hold {
            map["hold"] = .map(["cause": .string(hold.cause.rawValue), "by": .string(hold.by), "reason": .string(hold.reason)])
        }
        if let paused { map["paused"] = .map(["by": .string(paused.name), "reason": .string(paused.reason)]) }
        if !rejected.isEmpty { map["rejected"] = .int(rejected.count) }
        return .map(map)
    }
}

extension DriftPauseReading {
    var audited: Value {
        .map([
            "until": .string(pause.until.rfc3339), "by": .string(pause.requestedBy), "reason": .string(pause.reason),
            "stage": .string("\(stage)"),
        ])
    }
}

extension CommandReading {
    /// What is asked, never a manifest: a job's may hold what is secret.
    var audited: Value {
        .map([
            "id": .string("\(id)"), "kind": .string(kind), "application": Value(application), "title": .string(title),
            "expiresAt": .string(expiresAt.rfc3339),
        ])
    }
}

extension AgentUpgrade {
    var audited: Value {
        let word =
            switch phase {
            case .rolling: "rolling"
            case .stopped: "stopped"
            case .finished: "finished"
            case .aborted: "aborted"
            }
        return .map(["id": .string(id), "image": .string(image), "state": .string(word), "startedBy": .string(startedBy.name)])
    }
}

extension Author {
    /// What the coordinator does of itself.
    static let coordinator = Author(name: "coordinator")
}
