// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// What the agent remembers of one object that it has applied: digests, not bodies.
struct ObjectRecord: Sendable, Hashable {
    /// The version it is applied and watched in, such as `apps/v1`.
    var apiVersion: String
    /// What was applied: the digest of the desired object and of how it was prepared. `nil` for an object that was found by its
    /// labels and never applied by this state folder.
    var applied: Digest?
    /// The desired object's digest in the cache, by which its body is found.
    var body: Digest?
    /// The digest of the document that an encrypted one was made of.
    var original: Digest?
    /// The fields that the last apply owned, with their values, as the server stored them: a code of them
    /// (`SecretMask.keyed`), which tells nobody what they are.
    var projection: Digest?
    var uid: String
    /// The resource version of the last apply; 0 where it is no number.
    var version: UInt64
    var health: HealthStatus = .unknown
    /// Why it is not Current; empty when it is.
    var reason = ""
    /// By which it is pruned: last wave first.
    var wave: Int32 = 0
    /// What is done about its drift, where that is not what the application says.
    var drift: DriftPolicy?
    /// Whether its health does not count.
    var ignoresHealth = false

    /// Takes over what the object's annotations ask for.
    mutating func follow(_ directives: ObjectDirectives) {
        wave = Int32(clamping: directives.wave)
        // What is made once, or not at all, is not healed either.
        drift = directives.writing == .apply ? directives.drift : .ignore
        ignoresHealth = directives.ignoresHealth || directives.writing == .never
    }

    var json: Value {
        var map: Map = ["apiVersion": .string(apiVersion), "uid": .string(uid), "version": .string(String(version))]
        if let applied { map["applied"] = .string(applied.description) }
        if let body { map["body"] = .string(body.description) }
        if let original { map["original"] = .string(original.description) }
        if let projection { map["projection"] = .string(projection.description) }
        if wave != 0 { map["wave"] = .int(Int64(wave)) }
        if let drift { map["drift"] = .string(drift.rawValue) }
        if ignoresHealth { map["ignoresHealth"] = .bool(true) }
        return .map(map)
    }

    init(apiVersion: String, applied: Digest?, body: Digest?, projection: Digest?, uid: String, version: UInt64) {
        self.apiVersion = apiVersion
        self.applied = applied
        self.body = body
        self.projection = projection
        self.uid = uid
        self.version = version
    }

    init?(json: Value) {
        guard let apiVersion = json["apiVersion"]?.string, let uid = json["uid"]?.string else { return nil }
        self.init(
            apiVersion: apiVersion, applied: json["applied"]?.string.flatMap { Digest($0) },
            body: json["body"]?.string.flatMap { Digest($0) }, projection: json["projection"]?.string.flatMap { Digest($0) }, uid: uid,
            version: json["version"]?.string.flatMap { UInt64($0) } ?? 0)
        original = json["original"]?.string.flatMap { Digest($0) }
        wave = Int32(clamping: json["wave"]?.int ?? 0)
        drift = json["drift"]?.string.flatMap { DriftPolicy(rawValue: $0) }
        ignoresHealth = json["ignoresHealth"]?.bool ?? false
    }
}

/// The objects of one application as last applied; what pruning starts from.
struct Inventory: Sendable, Hashable {
    /// The generation that was last applied as a whole.
    var synced: String = ""
    /// The generation whose objects were last begun to be sent. Where it is not `synced` in what was read back from disk, the cluster may
    /// have more of it than the records say.
    var begun: String = ""
    /// Which of the agent's keys the codes in it were made with.
    var key: String = ""
    /// What the ApplySet parent's annotation says; `nil` when unknown.
    var parentKinds: [String]?
    var records: [ObjectIdentity: ObjectRecord] = [:]
    /// Which hooks have run; `nil` where there never were any. The cluster's copy counts more.
    var hooks: HookLedger?

    var json: Value {
        var map: Map = ["format": "flotilla.dev/inventory/v1", "synced": .string(synced), "begun": .string(begun), "key": .string(key)]
        if let hooks { map["hooks"] = .string(hooks.text) }
        if let parentKinds { map["parentKinds"] = .list(parentKinds.map { .string($0) }) }
        map["objects"] = .list(
            records.keys.sorted().compactMap { identity in
                guard var object = records[identity]?.json else { return nil }
                object["group"] = .string(identity.group)
                object["kind"] = .string(identity.kind)
                object["namespace"] = .string(identity.namespace)
                object["name"] = .string(identity.name)
                return object
            })
        return .map(map)
    }

    init() {}

    /// Forgets the codes that were made with another key: they tell nothing any more, and everything is applied once again.
    mutating func rekey(_ identifier: String) {
        guard key != identifier else { return }
        key = identifier
        for identity in records.keys {
            records[identity]?.applied = nil
            records[identity]?.projection = nil
        }
    }

    init?(json: Value) {
        guard json["format"]?.string == "flotilla.dev/inventory/v1" else { return nil }
        synced = json["synced"]?.string ?? ""
        key = json["key"]?.string ?? ""
        begun = json["begun"]?.string ?? synced
        parentKinds = json["parentKinds"]?.list?.compactMap(\.string)
        hooks = json["hooks"]?.string.flatMap { HookLedger(text: $0) }
        for object in json["objects"]?.list ?? [] {
            guard let kind = object["kind"]?.string, let name = object["name"]?.string, let record = ObjectRecord(json: object) else {
                continue
            }
            let identity = ObjectIdentity(
                group: object["group"]?.string ?? "", kind: kind, namespace: object["namespace"]?.string ?? "", name: name)
            records[identity] = record
        }
    }
}
