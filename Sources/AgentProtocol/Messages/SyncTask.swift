// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What an agent does about fields that no longer are as desired.
package enum DriftPolicy: String, Sendable, CaseIterable { case heal, alert, ignore }

/// Which paths of which objects an application leaves to others.
package struct IgnoreRule: Sendable, Hashable {
    /// Empty matches every group, kind, namespace or name.
    package var group: String
    package var kind: String
    package var namespace: String
    package var name: String
    /// JSON pointers (RFC 6901).
    package var paths: [String]

    package init(group: String = "", kind: String = "", namespace: String = "", name: String = "", paths: [String]) {
        self.group = group
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.paths = paths
    }
}

/// How an application is synced: the declaration's `sync` with every default filled in.
package struct SyncOptions: Sendable, Hashable {
    package var prune = true
    /// More than this share of an application's objects is never pruned at once; percent.
    package var pruneMaxPercent = 50
    package var drift = DriftPolicy.heal
    package var createNamespace = false
    package var serviceAccount: String?
    package var retryLimit = 5
    package var retryBackoffMilliseconds: Int64 = 5_000
    package var retryMaxBackoffMilliseconds: Int64 = 180_000
    package var timeoutMilliseconds: Int64 = 300_000
    package var healthTimeoutMilliseconds: Int64 = 600_000
    package var ignore: [IgnoreRule] = []
    package var force = false
    /// Takes over, without conflicts, what `kubectl apply`, Helm, Argo CD or Flux manage.
    package var adopt = false
    package var healthRules: [HealthRule] = []
    /// What the application may touch, as its pipeline says; `nil` for anything.
    package var bounds: Bounds?

    package init() {}

    package var json: Value {
        var map: Map = [
            "prune": .bool(prune), "pruneMaxPercent": .int(Int64(pruneMaxPercent)), "drift": .string(drift.rawValue),
            "createNamespace": .bool(createNamespace), "retryLimit": .int(Int64(retryLimit)),
            "retryBackoffMilliseconds": .int(retryBackoffMilliseconds), "retryMaxBackoffMilliseconds": .int(retryMaxBackoffMilliseconds),
            "timeoutMilliseconds": .int(timeoutMilliseconds), "healthTimeoutMilliseconds": .int(healthTimeoutMilliseconds),
            "force": .bool(force),
        ]
        // Left out where it says nothing new, so that what older readers wrote down stays equal.
        if adopt { map["adopt"] = .bool(true) }
        if !healthRules.isEmpty { map["healthRules"] = .list(healthRules.map(\.json)) }
        if let bounds { map["bounds"] = bounds.json }
        if let serviceAccount { map["serviceAccount"] = .string(serviceAccount) }
        if !ignore.isEmpty {
            map["ignore"] = .list(
                ignore.map { rule in
                    .map([
                        "group": .string(rule.group), "kind": .string(rule.kind), "namespace": .string(rule.namespace),
                        "name": .string(rule.name), "paths": .list(rule.paths.map { .string($0) }),
                    ])
                })
        }
        return .map(map)
    }

    package init(json value: Value?, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        prune = try fields.bool("prune", default: prune)
        pruneMaxPercent = Int(clamping: try fields.optionalInt("pruneMaxPercent") ?? Int64(pruneMaxPercent))
        if let text = try fields.optionalString("drift") {
            guard let policy = DriftPolicy(rawValue: text) else { throw fields.failure("drift", "unknown policy '\(text.prefix(40))'") }
            drift = policy
        }
        createNamespace = try fields.bool("createNamespace", default: createNamespace)
        serviceAccount = try fields.optionalString("serviceAccount")
        retryLimit = Int(clamping: try fields.optionalInt("retryLimit") ?? Int64(retryLimit))
        retryBackoffMilliseconds = try fields.optionalInt("retryBackoffMilliseconds") ?? retryBackoffMilliseconds
        retryMaxBackoffMilliseconds = try fields.optionalInt("retryMaxBackoffMilliseconds") ?? retryMaxBackoffMilliseconds
        timeoutMilliseconds = try fields.optionalInt("timeoutMilliseconds") ?? timeoutMilliseconds
        healthTimeoutMilliseconds = try fields.optionalInt("healthTimeoutMilliseconds") ?? healthTimeoutMilliseconds
        force = try fields.bool("force", default: force)
        adopt = try fields.bool("adopt", default: adopt)
        bounds = try fields.map["bounds"].map { (bounds) throws(ShapeError) in try Bounds(json: bounds, at: "\(path).bounds") }
        healthRules = try fields.list("healthRules", limit: HealthRule.rulesMax) { (item, place) throws(ShapeError) in
            try HealthRule(json: item, at: place)
        }
        ignore = try fields.list("ignore", limit: 1_000) { (item, place) throws(ShapeError) in
            let rule = try Fields(item, at: place)
            return IgnoreRule(
                group: try rule.optionalString("group") ?? "", kind: try rule.optionalString("kind") ?? "",
                namespace: try rule.optionalString("namespace") ?? "", name: try rule.optionalString("name") ?? "",
                paths: try rule.strings("paths", limit: 1_000))
        }
    }
}

/// The record that a task follows from, with the proof that the record covers it.
package struct RecordReference: Sendable, Hashable {
    /// The commit on the environment branch, in hex.
    package var commit: String
    /// The release's commit, in hex.
    package var release: String
    package var promotion: String
    /// Why the record was made, as its trailer `Flotilla-Origin` says: `release`, `fleet`, `rollback` and so on.
    package var origin: String
    package var root: Digest
    package var path: [MerkleStep]

    package static let originMax = 32

    package init(commit: String, release: String, promotion: String, origin: String = "release", root: Digest, path: [MerkleStep]) {
        self.commit = commit
        self.release = release
        self.promotion = promotion
        self.origin = origin
        self.root = root
        self.path = path
    }

    /// Whether the record takes its stage back to an earlier release.
    package var isRollback: Bool { origin == "rollback" }

    package var json: Value {
        var map: Map = [
            "commit": .string(commit), "release": .string(release), "promotion": .string(promotion), "root": .string(root.description),
            "path": .list(path.map(\.json)),
        ]
        if origin != "release" { map["origin"] = .string(origin) }
        return .map(map)
    }

    package init(json value: Value?, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        commit = try fields.string("commit")
        release = try fields.string("release")
        promotion = try fields.string("promotion")
        origin = try fields.optionalString("origin") ?? "release"
        guard origin.utf8.count <= Self.originMax else { throw fields.failure("origin", "longer than \(Self.originMax) bytes") }
        root = try Digest(json: fields.map["root"], at: "\(path).root")
        self.path = try fields.list("path", limit: 64) { (item, place) throws(ShapeError) in try MerkleStep(json: item, at: place) }
    }
}

/// "Make this application on this cluster match this bundle."
package struct SyncTask: Sendable, Hashable {
    package enum Intent: String, Sendable, CaseIterable {
        /// Apply the bundle and keep it so.
        case apply
        /// A recorded release no longer has the application: delete its objects, then forget it.
        case prune
        /// A recorded release no longer has the application, which is declared `deletion: orphan`: forget it, leave its objects.
        case orphan
    }

    package var application: String
    package var intent: Intent
    package var namespace: String
    package var generation: Generation
    package var bundle: Bundle
    package var record: RecordReference
    package var options: SyncOptions
    package var dependsOn: [String]

    package init(
        application: String, intent: Intent = .apply, namespace: String, generation: Generation, bundle: Bundle, record: RecordReference,
        options: SyncOptions = SyncOptions(), dependsOn: [String] = []
    ) {
        self.application = application
        self.intent = intent
        self.namespace = namespace
        self.generation = generation
        self.bundle = bundle
        self.record = record
        self.options = options
        self.dependsOn = dependsOn
    }

    /// Stands behind the intent of a task that has bounds: a reader that knows none knows no such intent, and refuses the task instead of
    /// passing over the bounds.
    private static let boundsMark = "+bounds"

    package var json: Value {
        .map([
            "application": .string(application), "intent": .string(intent.rawValue + (options.bounds == nil ? "" : Self.boundsMark)),
            "namespace": .string(namespace),
            "generation": generation.json, "bundle": .string(bundle.digest.description),
            "entries": .list(bundle.entries.map(\.json)), "record": record.json, "options": options.json,
            "dependsOn": .list(dependsOn.map { .string($0) }),
        ])
    }

    /// - Throws: `ShapeError` also where the entries do not hash to the bundle's digest: a task is believed whole or not at all.
    package init(json value: Value, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        application = try fields.string("application")
        let word = try fields.string("intent")
        let isBounded = word.hasSuffix(Self.boundsMark)
        guard let intent = Intent(rawValue: isBounded ? String(word.dropLast(Self.boundsMark.count)) : word) else {
            throw fields.failure("intent", "unknown intent '\(word.prefix(40))'")
        }
        self.intent = intent
        namespace = try fields.string("namespace")
        generation = try Generation(json: fields.map["generation"], at: "\(path).generation")
        bundle = Bundle(
            entries: try fields.list("entries", limit: 100_000) { (item, place) throws(ShapeError) in
                try Bundle.Entry(json: item, at: place)
            })
        let digest = try Digest(json: fields.map["bundle"], at: "\(path).bundle")
        guard digest == bundle.digest else { throw fields.failure("bundle", "the entries do not hash to \(digest)") }
        record = try RecordReference(json: fields.map["record"], at: "\(path).record")
        options = try SyncOptions(json: fields.map["options"], at: "\(path).options")
        guard !isBounded || options.bounds != nil else { throw fields.failure("options.bounds", "the bounds are missing") }
        dependsOn = try fields.strings("dependsOn", limit: 1_000)
    }
}
