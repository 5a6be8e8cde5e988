// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// One object of a bundle, known by what planning needs; its body stays on disk.
struct PlannedObject: Sendable, Hashable {
    /// With the namespace filled in.
    var identity: ObjectIdentity
    var apiVersion: String
    var body: Digest
    /// The document that an encrypted one was made of.
    var original: Digest?
    /// What an apply of it would be known by: the body and everything that prepares it.
    var applied: Digest
    var phase: ApplyPhase
    /// For a CustomResourceDefinition: the group and kind that it defines.
    var defines: String?
    /// The workload whose number of replicas it changes, for an autoscaler.
    var scales: ObjectIdentity?
    /// Whether it says itself how many replicas there are, and nobody is left to change that.
    var fixesReplicas = false
    /// What its annotations ask for.
    var directives = ObjectDirectives()
}

/// The order in which objects are applied: each phase needs the ones before.
enum ApplyPhase: Int, Sendable, Hashable, Comparable, CaseIterable {
    case namespaces, definitions, rest, webhooks

    static func < (left: ApplyPhase, right: ApplyPhase) -> Bool { left.rawValue < right.rawValue }

    init(group: String, kind: String) {
        switch (group, kind) {
        case ("", "Namespace"): self = .namespaces
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): self = .definitions
        case ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"):
            self = .webhooks
        default: self = .rest
        }
    }
}

/// Why an object of a bundle cannot be applied as it is.
struct PlanError: Error, Hashable, CustomStringConvertible {
    var message: String
    var description: String { message }
}

enum DesiredObject {
    /// What is known of an object before it is applied.
    /// - Parameter isNamespaced: whether its kind lives in namespaces; `nil` when unknown, which leaves the namespace as it is.
    static func plan(_ object: Value, digest: Digest, task: SyncTask, isNamespaced: Bool?) throws(PlanError) -> PlannedObject {
        guard let written = ObjectIdentity(object) ?? generated(object, digest: digest, task: task),
            let apiVersion = object["apiVersion"]?.string
        else {
            throw PlanError(message: "an object of the bundle (\(digest)) has no apiVersion, kind or metadata.name")
        }
        var namespace = written.namespace
        if isNamespaced == false { namespace = "" } else if isNamespaced == true, namespace.isEmpty { namespace = task.namespace }
        let identity = ObjectIdentity(group: written.group, kind: written.kind, namespace: namespace, name: written.name)
        let phase = ApplyPhase(group: identity.group, kind: identity.kind)
        var defines: String?
        if phase == .definitions, let group = object.at("spec", "group")?.string, let kind = object.at("spec", "names", "kind")?.string {
            defines = "\(group)/\(kind)"
        }
        let directives: ObjectDirectives
        do { directives = try ObjectDirectives(of: object) } catch { throw PlanError(message: "\(identity): \(error)") }
        if directives.hook == nil, directives.writing != .never, ObjectIdentity(object) == nil {
            throw PlanError(message: "\(identity.kind) \(identity.name): only a hook may have a generateName instead of a name")
        }
        let replicas = JSONPointer(["spec", "replicas"])
        return PlannedObject(
            identity: identity, apiVersion: apiVersion, body: digest, applied: appliedDigest(body: digest, identity: identity, task: task),
            phase: phase, defines: defines, scales: scaled(by: object, identity),
            fixesReplicas: object.at("spec", "replicas")?.int != nil
                && !task.options.ignore.pointers(for: identity).contains { $0.contains(replicas) },
            directives: directives)
    }

    /// The identity of a hook that leaves its name to be generated: one for each release, and the same whenever that is planned, so that an
    /// agent that starts anew finds what it has made.
    private static func generated(_ object: Value, digest: Digest, task: SyncTask) -> ObjectIdentity? {
        guard let prefix = object.at("metadata", "generateName")?.string, !prefix.isEmpty else { return nil }
        let mark = Digest.sha256(Array("\(task.record.release) \(digest)".utf8)).hex.prefix(8)
        var named = object
        // Names of Jobs and Pods become labels, which are shorter than names.
        named["metadata"]?["name"] = .string("\(prefix.prefix(55))\(mark)")
        return ObjectIdentity(named)
    }

    /// What an autoscaler changes: Kubernetes' own, or KEDA's.
    private static func scaled(by object: Value, _ identity: ObjectIdentity) -> ObjectIdentity? {
        guard ["autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject"].contains(identity.groupKind),
            let target = object.at("spec", "scaleTargetRef"), let name = target["name"]?.string
        else { return nil }
        return ObjectIdentity(
            group: ObjectIdentity.group(ofAPIVersion: target["apiVersion"]?.string ?? "apps/v1"),
            kind: target["kind"]?.string ?? "Deployment", namespace: identity.namespace, name: name)
    }

    /// Where an object goes, as far as that can be told without asking the cluster: a kind that is not known is taken for one that lives in
    /// namespaces.
    static func placed(_ identity: ObjectIdentity, in namespace: String, isNamespaced: Bool? = nil) -> ObjectIdentity {
        let isNamespaced = KindScope.builtIn(group: identity.group, kind: identity.kind).map { $0 == .namespaced } ?? isNamespaced ?? true
        guard isNamespaced, identity.namespace.isEmpty else { return identity }
        return ObjectIdentity(group: identity.group, kind: identity.kind, namespace: namespace, name: identity.name)
    }

    /// Changes whenever the same body has to be sent again: another namespace, owner, other ignored paths or health rules.
    static func appliedDigest(body: Digest, identity: ObjectIdentity, task: SyncTask) -> Digest {
        let ignored = task.options.ignore.pointers(for: identity).map(\.description).sorted()
        var parts: Map = [
            "application": .string(task.application), "body": .string(body.description), "namespace": .string(identity.namespace),
            "ignore": .list(ignored.map { Value.string($0) }),
        ]
        // The answer is judged by the rules in force: what is Current may change with them.
        let rules = task.options.healthRules.filter { $0.kind == identity.kind && $0.group == identity.group }
        if !rules.isEmpty { parts["health"] = .list(rules.map { rule in rule.json }) }
        return Canonical.digest(.map(parts))
    }

    /// The object as it is sent: namespace and labels filled in, without what only a server writes.
    static func prepare(_ object: Value, as identity: ObjectIdentity, application: String) -> Value {
        var object = object
        object["status"] = nil
        var metadata = object["metadata"] ?? .map(Map())
        for key in ["managedFields", "creationTimestamp", "resourceVersion", "uid", "generation", "selfLink"] { metadata[key] = nil }
        metadata["namespace"] = identity.namespace.isEmpty ? nil : .string(identity.namespace)
        var labels = metadata["labels"]?.map ?? Map()
        labels[Ownership.applicationLabel] = .string(application)
        labels[Ownership.partOfLabel] = .string(Ownership.applySetID(application: application))
        metadata["labels"] = .map(labels)
        object["metadata"] = metadata
        return object
    }

    /// A hook as it is made for one run: not a member of the ApplySet, and held until its outcome is noted.
    static func prepare(hook object: Value, as identity: ObjectIdentity, application: String, mark: String) -> Value {
        var object = prepare(object, as: identity, application: application)
        var metadata = object["metadata"] ?? .map(Map())
        metadata["name"] = .string(identity.name)
        metadata["generateName"] = nil
        var labels = metadata["labels"]?.map ?? Map()
        labels[Ownership.partOfLabel] = nil
        metadata["labels"] = .map(labels)
        var annotations = metadata["annotations"]?.map ?? Map()
        annotations[HookView.runAnnotation] = .string(mark)
        metadata["annotations"] = .map(annotations)
        metadata["finalizers"] = .list((metadata["finalizers"]?.list ?? []) + [.string(HookView.finalizer)])
        object["metadata"] = metadata
        return object
    }

    /// Takes the ignored places from the live object: left out where another manager owns them or the live object has none (applying
    /// them would set what is to be ignored), their live value otherwise (leaving out what the last apply owned would remove it).
    static func yield(_ pointers: [JSONPointer], of object: Value, to live: Value) -> Value {
        var object = object
        for pointer in pointers {
            let liveValue = pointer.resolve(in: live)
            let isForeign = OwnedFields.manager(of: pointer, in: live) != nil
            object = Self.setting(object, pointer.steps[...], isForeign ? nil : liveValue)
        }
        return object
    }

    private static func setting(_ value: Value, _ steps: ArraySlice<String>, _ new: Value?) -> Value {
        guard let step = steps.first else { return new ?? value }
        let rest = steps.dropFirst()
        switch value {
        case .map(var map):
            if rest.isEmpty {
                map[step] = new
            } else if let next = map[step] {
                map[step] = setting(next, rest, new)
            }
            return .map(map)
        case .list(var items):
            guard let index = JSONPointer.index(step), items.indices.contains(index) else { return value }
            if rest.isEmpty {
                if let new { items[index] = new } else { items.remove(at: index) }
            } else {
                items[index] = setting(items[index], rest, new)
            }
            return .list(items)
        case .null, .bool, .int, .decimal, .string: return value
        }
    }
}
