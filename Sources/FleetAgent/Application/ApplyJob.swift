// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// One object to be sent. It runs beside others, on no actor.
struct ApplyJob: Sendable {
    var identity: ObjectIdentity
    var apiVersion: String
    var body: Digest
    /// The document that an encrypted one was made of.
    var original: Digest?
    var applied: Digest
    let type: ResourceType
    let task: SyncTask
    let ignored: [JSONPointer]
    var force: Bool
    /// What the object's annotations ask for; `nil` where they are no longer known, as in healing.
    var directives: ObjectDirectives?
    /// Takes over, before the first apply, what other tools manage.
    var adopts = false
    /// Only says what would happen.
    var dryRun = false

    init(_ object: PlannedObject, type: ResourceType, task: SyncTask) {
        self.init(
            identity: object.identity, apiVersion: object.apiVersion, body: object.body, applied: object.applied, type: type, task: task,
            force: task.options.force || object.directives.forces)
        original = object.original
        directives = object.directives
    }

    init(
        identity: ObjectIdentity, apiVersion: String, body: Digest, applied: Digest, type: ResourceType, task: SyncTask, force: Bool
    ) {
        self.identity = identity
        self.apiVersion = apiVersion
        self.body = body
        self.applied = applied
        self.type = type
        self.task = task
        ignored = task.options.ignore.pointers(for: identity)
        self.force = force
    }

    @concurrent func run(_ context: AgentContext) async -> ApplyResult {
        await context.turns.take { await send(context) }
    }

    private func send(_ context: AgentContext) async -> ApplyResult {
        // Whatever it is sent for: a definition may have come since the bundle was judged, and bounds since the object was applied.
        if let failure = BoundsRefusal.failure(of: identity, type, for: task) {
            return ApplyResult(job: self, outcome: .failure(failure))
        }
        let client = context.client(for: task)
        var secrets = Plaintexts()
        do {
            if directives?.writing == .ifAbsent, let live = try await live(client) {
                return ApplyResult(
                    job: self,
                    outcome: .success(
                        AppliedObject(
                            live, ignoring: ignored, rules: task.options.healthRules, mask: context.mask, at: context.clock.wall())
                    ))
            }
            let desired = try await context.desired(body, original: original)
            secrets = desired.secrets
            var object = DesiredObject.prepare(desired.object, as: identity, application: task.application)
            if !ignored.isEmpty, let live = try await live(client) {
                object = DesiredObject.yield(ignored, of: object, to: live)
            }
            if adopts { try await adopt(client) }
            let options = WriteOptions(
                fieldManager: Ownership.fieldManager, force: force, dryRun: dryRun, fieldValidation: .strict)
            // Everything else about the object is done before there is a place or after it, so that none stands empty meanwhile.
            let written = try await context.places.take { () async throws(KubernetesError) -> Written in
                try await client.apply(object, as: type, options: options)
            }
            context.reachability.answered()
            context.places.wentWell()
            var applied = AppliedObject(
                written.object, ignoring: ignored, rules: task.options.healthRules, mask: context.mask, at: context.clock.wall())
            applied.warnings = written.warnings.map { context.mask.redact($0, secrets: secrets) }
            return ApplyResult(job: self, outcome: .success(applied))
        } catch let error as KubernetesError {
            context.reachability.failed(error)
            if error.isTooManyRequests { context.places.slowDown() }
            if error.isUnknownResource { await context.cluster.doubt() }
            return ApplyResult(job: self, outcome: .failure(ApplyFailure(identity, error.redacted(by: context.mask, secrets))))
        } catch let error as UndecryptableObject {
            return ApplyResult(job: self, outcome: .failure(ApplyFailure(identity, error)))
        } catch {
            return ApplyResult(job: self, outcome: .failure(ApplyFailure(identity, "\(error)", .retry(after: nil))))
        }
    }

    /// Makes the fields that other tools have applied Flotilla's own, so that the apply that follows meets no conflict with them, and
    /// takes away what they set and this application does not.
    private func adopt(_ client: KubernetesClient) async throws(KubernetesError) {
        // Others may write the object at the same time.
        for attempt in 1...4 {
            guard let live = try await live(client), let fields = Adoption.managedFields(of: live) else { return }
            do {
                _ = try await client.patch(
                    type, namespace: identity.namespace, name: identity.name,
                    .json([
                        ["op": "replace", "path": "/metadata/managedFields", "value": fields],
                        [
                            "op": "replace", "path": "/metadata/resourceVersion",
                            "value": live.at("metadata", "resourceVersion") ?? .null,
                        ],
                    ]), options: WriteOptions(fieldManager: Ownership.fieldManager, dryRun: dryRun))
                return
            } catch {
                guard error.isConflict, attempt < 4 else { throw error }
            }
        }
    }

    private func live(_ client: KubernetesClient) async throws(KubernetesError) -> Value? {
        do { return try await client.get(type, namespace: identity.namespace, name: identity.name) } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }
}

/// What came of an apply.
struct AppliedObject: Sendable {
    var projection: Digest?
    var uid: String
    var version: UInt64
    var health: HealthStatus
    var reason: String
    /// Who else has fields that Flotilla owns, with equal values.
    var sharers: [String]
    var object: Value?
    /// The server's.
    var warnings: [String] = []

    init(_ object: Value, ignoring ignored: [JSONPointer], rules: [HealthRule], mask: SecretMask, at now: Timestamp) {
        projection = OwnedFields.digest(of: object, ignoring: ignored).map(mask.keyed)
        uid = object.at("metadata", "uid")?.string ?? ""
        version = object.at("metadata", "resourceVersion")?.string.flatMap { UInt64($0) } ?? 0
        let health = Health.of(object, at: now, rules: rules)
        self.health = health.status
        reason = health.status == .current ? "" : health.message
        sharers = OwnedFields.sharers(of: object)
        self.object = object
    }
}

struct ApplyResult: Sendable {
    var job: ApplyJob
    var outcome: Result<AppliedObject, ApplyFailure>
}
