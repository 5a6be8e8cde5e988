// SPDX-License-Identifier: Apache-2.0

import Manifests

/// What a deletion asks for.
struct DeleteOptions {
    enum Propagation: String {
        case background = "Background"
        case foreground = "Foreground"
        case orphan = "Orphan"
    }

    var propagation: Propagation?
    var gracePeriod: Int64?
    var uid: String?
    var resourceVersion: String?

    init() {}

    init(_ request: APIRequest) throws(StatusError) {
        var body: Value = [:]
        if !request.body.isEmpty {
            do {
                body = try JSON.read(request.body)
            } catch {
                throw StatusError.badRequest("couldn't get version/kind; json parse error: \(Document.complaint(error, request.body))")
            }
        }
        let policy = body["propagationPolicy"]?.string ?? request.parameter("propagationPolicy")
        let orphan = body["orphanDependents"]?.bool ?? request.parameter("orphanDependents").map { $0 == "true" }
        if let policy, orphan != nil {
            throw StatusError.options(
                "DeleteOptions",
                .invalid("propagationPolicy", .string(policy), "orphanDependents and deletionPropagation cannot be both set"))
        }
        if let policy {
            guard let known = Propagation(rawValue: policy) else {
                throw StatusError.options(
                    "DeleteOptions", .unsupported("propagationPolicy", .string(policy), ["Foreground", "Background", "Orphan", "nil"]))
            }
            propagation = known
        } else if let orphan {
            propagation = orphan ? .orphan : .background
        }
        gracePeriod = body["gracePeriodSeconds"]?.int ?? request.parameter("gracePeriodSeconds").flatMap { Int64($0) }
        uid = body.at("preconditions", "uid")?.string
        resourceVersion = body.at("preconditions", "resourceVersion")?.string
    }
}

extension ClusterCore {
    private static let protectedNamespaces: Set<String> = ["default", "kube-system", "kube-public"]

    func delete(_ context: inout Context, _ name: String) throws(StatusError) -> Reply {
        let type = context.type
        try checkOptions(context, "DeleteOptions")
        let options = try DeleteOptions(context.request)
        guard let object = get(type, context.namespace, name) else { throw StatusError.notFound(type, name) }
        if type.kind == "Namespace", Self.protectedNamespaces.contains(name) {
            throw StatusError.forbidden(type, name, "this namespace may not be deleted")
        }
        try checkPreconditions(options, object, type)
        try admit("DELETE", nil, old: object, &context)
        let (result, isGone) = delete(object, type, options, dryRun: context.dryRun)
        if isGone, !Self.answersWithObject(type) {
            var details = StatusError.details(name: name, group: type.group, kind: type.plural)
            details["uid"] = .string(object.uid)
            return .object(
                ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": .map(details)])
        }
        return reply(result, context)
    }

    /// Some kinds' deletion answers with the object even when it is gone at once.
    private static func answersWithObject(_ type: ResourceType) -> Bool {
        [
            "StorageClass", "CSIDriver", "CSINode", "VolumeAttachment", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Service",
            "ServiceAccount", "ResourceQuota", "PodTemplate", "VolumeAttributesClass",
        ].contains(type.kind)
    }

    private func checkPreconditions(_ options: DeleteOptions, _ object: Value, _ type: ResourceType) throws(StatusError) {
        func conflict(_ why: String) -> StatusError {
            StatusError(
                code: 409, reason: "Conflict", message: "Operation cannot be fulfilled on \(type.kind) \"\(object.name)\": \(why)",
                details: StatusError.details(name: object.name, group: type.group, kind: type.kind))
        }
        if let uid = options.uid, uid != object.uid {
            throw conflict(
                "the UID in the precondition (\(uid)) does not match the UID in record (\(object.uid)). The object might have been deleted and then recreated"
            )
        }
        if let version = options.resourceVersion, version != object.resourceVersion {
            throw conflict(
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record (\(object.resourceVersion)). The object might have been modified"
            )
        }
    }

    /// Deletes, or begins to: what waits for finalizers or a grace period stays, marked.
    /// - Returns: the object's last state, and whether it is gone.
    func delete(_ object: Value, _ type: ResourceType, _ options: DeleteOptions, dryRun: Bool = false) -> (Value, gone: Bool) {
        var result = object
        let waitsForSpec = type.kind == "Namespace" && !(object.at("spec", "finalizers")?.list ?? []).isEmpty
        var finalizers = object.finalizers
        switch options.propagation {
        case .foreground?:
            finalizers.removeAll { $0 == "orphan" }
            if !finalizers.contains("foregroundDeletion") { finalizers.append("foregroundDeletion") }
        case .orphan?:
            finalizers.removeAll { $0 == "foregroundDeletion" }
            if !finalizers.contains("orphan") { finalizers.append("orphan") }
        case .background?: finalizers.removeAll { $0 == "foregroundDeletion" || $0 == "orphan" }
        case nil: break
        }
        if type.kind == "CustomResourceDefinition", !object.isTerminating, finalizers.isEmpty,
            !object.at("status", "conditions").isNullOrMissing
        {
            finalizers.append("customresourcecleanup.apiextensions.k8s.io")
        }
        let grace = gracePeriod(object, type, options)
        if finalizers.isEmpty, !waitsForSpec, grace == 0 {
            if !dryRun { erase(type, result) }
            if !dryRun { result.set(.string(String(store.version)), "metadata", "resourceVersion") }
            return (result, true)
        }
        if object.isTerminating, finalizers == object.finalizers {
            let current = object.at("metadata", "deletionGracePeriodSeconds")?.int ?? 0
            if grace >= current || type.kind != "Pod" { return (object, false) }
        }
        result.set(finalizers.isEmpty ? nil : .list(finalizers.map { .string($0) }), "metadata", "finalizers")
        if !object.isTerminating {
            result.set(.string(Timestamp(seconds: now.seconds + grace).rfc3339), "metadata", "deletionTimestamp")
            if type.countsGenerations { result.set(.int(object.generation + 1), "metadata", "generation") }
        }
        if type.kind != "Namespace", type.kind != "CustomResourceDefinition" || type.isCustom {
            result.set(.int(grace), "metadata", "deletionGracePeriodSeconds")
        }
        if type.kind == "CustomResourceDefinition" { result.set(.int(object.generation), "metadata", "generation") }
        if type.kind == "Namespace" { result.set("Terminating", "status", "phase") }
        if type.kind == "CustomResourceDefinition", !object.isTerminating {
            var conditions = result.at("status", "conditions")?.list ?? []
            conditions.append([
                "type": "Terminating", "status": "True", "lastTransitionTime": .string(stamp), "reason": "InstanceDeletionPending",
                "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            ])
            result.set(.list(conditions), "status", "conditions")
        }
        if dryRun { return (result, false) }
        return (put(type, result), false)
    }

    private func gracePeriod(_ object: Value, _ type: ResourceType, _ options: DeleteOptions) -> Int64 {
        guard type.kind == "Pod", type.group.isEmpty, behaviour.runsControllers else { return 0 }
        let isScheduled = !(object.at("spec", "nodeName")?.string ?? "").isEmpty
        let isDone = ["Succeeded", "Failed"].contains(object.at("status", "phase")?.string ?? "")
        if !isScheduled || isDone { return 0 }
        return options.gracePeriod ?? object.at("spec", "terminationGracePeriodSeconds")?.int ?? 30
    }

    func deleteCollection(_ context: inout Context) throws(StatusError) -> Reply {
        let type = context.type
        try checkOptions(context, "DeleteOptions")
        let options = try DeleteOptions(context.request)
        let labels = try LabelSelector(parsing: context.request.parameter("labelSelector") ?? "")
        let fields = try FieldSelector(parsing: context.request.parameter("fieldSelector") ?? "", for: type)
        let namespace = type.isNamespaced && !context.namespace.isEmpty ? context.namespace : nil
        let version = store.version
        let chosen = store.list(type.key, namespace: namespace).filter { labels.matches($0.labels) && fields.matches($0) }
        for object in chosen { try admit("DELETE", nil, old: object, &context) }
        for object in chosen { _ = delete(object, type, options, dryRun: context.dryRun) }
        return .object(listValue(context, chosen, ["resourceVersion": .string(String(version))]))
    }

    /// Ends a terminating object when nothing holds it any more; stores it otherwise.
    func release(_ object: Value, _ type: ResourceType) {
        if object.isTerminating, object.finalizers.isEmpty,
            (object.at("spec", "finalizers")?.list ?? []).isEmpty || type.kind != "Namespace",
            type.kind != "Pod" || (object.at("metadata", "deletionGracePeriodSeconds")?.int ?? 0) == 0
        {
            erase(type, object)
        } else {
            put(type, object)
        }
    }
}

extension Value? {
    var isNullOrMissing: Bool { self?.isNull ?? true }
}
