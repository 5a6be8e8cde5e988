// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// What a `coordination.k8s.io/v1` Lease says about who acts.
struct LeaseRecord: Sendable, Hashable {
    /// Empty where nobody holds it.
    var holder: String
    var durationSeconds: Int64
    /// Times by the holder's clock. They only tell one renewal from the next: nobody else's clock is compared with them.
    var acquired: String
    var renewed: String
    /// How often the holder has changed.
    var transitions: Int64
    /// The version of the object that says so; empty for a record that has not been stored yet.
    var version = ""
}

extension LeaseRecord {
    init(_ object: Value) {
        let spec = object["spec"] ?? .null
        self.init(
            holder: spec["holderIdentity"]?.string ?? "", durationSeconds: spec["leaseDurationSeconds"]?.int ?? 0,
            acquired: spec["acquireTime"]?.string ?? "", renewed: spec["renewTime"]?.string ?? "",
            transitions: spec["leaseTransitions"]?.int ?? 0, version: object.at("metadata", "resourceVersion")?.string ?? "")
    }

    /// The object to be stored: refused by the server when it has changed since this record's version.
    func object(name: String, namespace: String) -> Value {
        var metadata: Map = ["name": .string(name), "namespace": .string(namespace)]
        if !version.isEmpty { metadata["resourceVersion"] = .string(version) }
        var spec: Map = ["leaseDurationSeconds": .int(durationSeconds), "leaseTransitions": .int(transitions)]
        if !holder.isEmpty { spec["holderIdentity"] = .string(holder) }
        if !acquired.isEmpty { spec["acquireTime"] = .string(acquired) }
        if !renewed.isEmpty { spec["renewTime"] = .string(renewed) }
        return .map(["apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": .map(metadata), "spec": .map(spec)])
    }

    /// A time as `MicroTime`, which Leases use.
    static func time(_ time: Timestamp) -> String {
        let whole = Timestamp(seconds: time.seconds).rfc3339.dropLast()
        let fraction = String(((time.milliseconds % 1_000) + 1_000) % 1_000)
        return "\(whole).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)000Z"
    }
}
