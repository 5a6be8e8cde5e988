// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// What a list or a watch says of one object, boiled down to what an application compares.
struct Sighting: Sendable {
    var identity: ObjectIdentity
    var apiVersion: String
    /// The application and the ApplySet that its labels name; empty without.
    var application: String
    var partOf: String
    var uid: String
    /// The resource version; 0 where it is no number.
    var version: UInt64
    var isDeleted: Bool
    /// Whether a controller made it: copies of labels (as on EndpointSlices) do not make it an application's own.
    var isControlled: Bool
    /// A code of the fields that Flotilla owns; `nil` where it owns none, and until it is judged.
    var projection: Digest?
    /// Who else has fields that Flotilla owns, with equal values.
    var sharers: [String] = []
    var health = HealthStatus.unknown
    var reason = ""
    /// The object itself, from watches only.
    var live: Value?

    /// - Parameter keepsObject: keeps the object and judges it later: most of what a watch shows is what has just been applied.
    init?(_ object: Value, isDeleted: Bool = false, keepsObject: Bool, rules: RuleBoard, now: Timestamp) {
        guard let identity = ObjectIdentity(object), let apiVersion = object["apiVersion"]?.string else { return nil }
        let metadata = object["metadata"] ?? .null
        self.identity = identity
        self.apiVersion = apiVersion
        application = metadata.at("labels", Ownership.applicationLabel)?.string ?? ""
        partOf = metadata.at("labels", Ownership.partOfLabel)?.string ?? ""
        uid = metadata["uid"]?.string ?? ""
        version = metadata["resourceVersion"]?.string.flatMap { UInt64($0) } ?? 0
        self.isDeleted = isDeleted
        isControlled = metadata["ownerReferences"]?.list?.contains { $0["controller"]?.bool == true } ?? false
        if keepsObject { live = object } else { judge(object, rules, now) }
    }

    /// The same with projection and health.
    func judged(by rules: RuleBoard, at now: Timestamp) -> Sighting {
        guard let live else { return self }
        var judged = self
        judged.judge(live, rules, now)
        return judged
    }

    private mutating func judge(_ object: Value, _ rules: RuleBoard, _ now: Timestamp) {
        projection = isDeleted ? nil : OwnedFields.digest(of: object, ignoring: rules.pointers(for: identity)).map(rules.mask.keyed)
        sharers = isDeleted ? [] : OwnedFields.sharers(of: object)
        let health =
            isDeleted ? .notFound : Health.of(object, at: now, rules: rules.healthRules(for: identity, application: application))
        self.health = health.status
        reason = health.status == .current ? "" : health.message
    }
}
