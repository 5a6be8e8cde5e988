// SPDX-License-Identifier: Apache-2.0
import Manifests

extension ConditionCounts {
    var json: Value {
        .map(["total": .int(total), "current": .int(current), "progressing": .int(progressing), "failed": .int(failed)])
    }
}

extension ClusterReading {
    func json(at now: Timestamp) -> Map {
        [
            "name": .string(name), "environment": Value(environment), "labels": .map(labels), "paused": .bool(paused),
            "declared": .bool(declared), "online": .bool(isOnline(at: now)), "lastContact": Value(lastContact),
            "agentVersion": .string(agentVersion), "kubernetesVersion": .string(kubernetesVersion), "applications": applications.json,
        ]
    }
}

extension EnvironmentReading {
    var json: Value {
        .map([
            "name": .string(name), "clusters": .int(clusters), "online": .int(online), "pipelines": .texts(pipelines),
        ])
    }
}

extension ApplicationReading {
    var json: Map {
        [
            "name": .string(name), "pipeline": Value(pipeline), "clusters": .int(clusters.total), "current": .int(clusters.current),
            "progressing": .int(clusters.progressing), "failed": .int(clusters.failed), "dependsOn": .texts(dependsOn),
        ]
    }
}

extension ApplicationState {
    /// What is not reported yet has phase `pending` and health `Unknown`.
    var json: Value {
        .map([
            "application": .string(application), "cluster": .string(cluster), "pipeline": .string(pipeline),
            "environment": .string(environment), "release": .string(release), "commit": .string(commit),
            "generation": .string("\(generation)"), "bundle": .string(bundle),
            "observedGeneration": Value(observed.map { "\($0.generation)" }), "phase": .string(observed?.phase ?? "pending"),
            "health": .string(observed?.health ?? "Unknown"), "message": .string(observed?.message ?? ""),
            "object": .string(observed?.object ?? ""), "objectsTotal": .int(observed?.objectsTotal ?? 0),
            "objectsCurrent": .int(observed?.objectsCurrent ?? 0), "since": Value(observed?.since),
            "reportedAt": Value(observed?.reportedAt), "intent": .string(intent), "upToDate": .bool(isUpToDate),
            "state": .string(condition.rawValue),
        ])
    }
}

extension FleetEvent {
    var json: Value {
        .map([
            "id": .int(id), "at": Value(at), "kind": .string(kind), "severity": .string(severity.rawValue), "pipeline": Value(pipeline),
            "environment": Value(environment), "cluster": Value(cluster), "application": Value(application),
            "promotion": Value(promotion), "release": Value(release), "actor": Value(actor), "object": Value(object),
            "message": .string(message), "paths": .texts(paths),
            "durationMilliseconds": durationMilliseconds.map { .int($0) } ?? .null,
        ])
    }
}
