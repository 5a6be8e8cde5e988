// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

extension CommandReading {
    func json(withOutput: Bool) -> Value {
        var map: Map = [
            "id": .string("\(id)"), "cluster": .string(cluster), "kind": .string(kind), "title": .string(title),
            "application": Value(application), "parameters": parameters, "state": .string(state.rawValue), "askedBy": .string(askedBy),
            "askedAt": Value(askedAt), "reason": .string(reason), "expiresAt": Value(expiresAt), "deliveredAt": Value(deliveredAt),
            "startedAt": Value(startedAt), "finishedAt": Value(finishedAt), "message": .string(message),
        ]
        if withOutput { map["output"] = output.flatMap { try? JSON.read(Array($0.utf8)) } ?? .null }
        return .map(map)
    }
}

extension DriftPauseReading {
    var json: Value {
        .map([
            "cluster": .string(cluster), "application": .string(pause.application), "until": Value(pause.until),
            "reason": .string(pause.reason), "by": .string(pause.requestedBy), "at": Value(askedAt), "heldAt": Value(heldAt),
        ])
    }
}
