// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// How an object is deleted.
package struct DeleteOptions: Sendable, Hashable {
    package enum Propagation: String, Sendable {
        case background = "Background"
        case foreground = "Foreground"
        case orphan = "Orphan"
    }

    /// Deletes only the object with this UID: never its successor of the same name.
    package var uid: String?
    /// Deletes only this version of the object.
    package var resourceVersion: String?
    package var propagation: Propagation?
    package var gracePeriodSeconds: Int?
    package var dryRun: Bool

    package init(
        uid: String? = nil, resourceVersion: String? = nil, propagation: Propagation? = .background, gracePeriodSeconds: Int? = nil,
        dryRun: Bool = false
    ) {
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.propagation = propagation
        self.gracePeriodSeconds = gracePeriodSeconds
        self.dryRun = dryRun
    }
}

/// What became of a deletion.
package enum Deletion: Sendable, Equatable {
    case removed
    /// The object is still there, waiting for finalizers, dependents or its grace period.
    case terminating(Value)
}

extension KubernetesClient {
    /// Deletes one object.
    /// - Throws: `isNotFound` where there is none, `isConflict` when a precondition does not hold.
    package func delete(
        _ type: ResourceType, namespace: String = "", name: String, options: DeleteOptions = DeleteOptions()
    ) async throws(KubernetesError) -> Deletion {
        var body: Map = ["apiVersion": "v1", "kind": "DeleteOptions"]
        var preconditions = Map()
        if let uid = options.uid { preconditions["uid"] = .string(uid) }
        if let version = options.resourceVersion { preconditions["resourceVersion"] = .string(version) }
        if !preconditions.isEmpty { body["preconditions"] = .map(preconditions) }
        if let propagation = options.propagation { body["propagationPolicy"] = .string(propagation.rawValue) }
        if let seconds = options.gracePeriodSeconds { body["gracePeriodSeconds"] = .int(Int64(seconds)) }
        if options.dryRun { body["dryRun"] = ["All"] }
        // Sent again after a lost connection, it could delete an object of the same name that was made meanwhile.
        let call = Call(
            method: "DELETE", path: type.path(namespace: namespace, name: name), contentType: "application/json",
            body: JSON.write(.map(body)), isIdempotent: options.uid != nil)
        let answer = try await document(call).document
        return answer.at("metadata", "deletionTimestamp")?.string == nil ? .removed : .terminating(answer)
    }
}
