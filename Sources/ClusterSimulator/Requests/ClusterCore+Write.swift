// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    // MARK: - Reading the body

    /// Reads JSON or YAML.
    func body(_ context: Context, acceptsYAML: Bool = true) throws(StatusError) -> Value {
        let bytes = context.request.body
        let media = context.request.mediaType
        if media == ReviewMessage.mediaType, let review = ReviewMessage.read(bytes, context.type) { return review }
        switch media {
        case "application/json", "", "application/yaml": break
        default:
            throw StatusError(
                code: 415, reason: "UnsupportedMediaType",
                message:
                    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
            )
        }
        if media == "application/yaml" { return try Document.yaml(bytes) }
        do {
            return try JSON.read(bytes)
        } catch {
            if error.code == "duplicate-key", let value = Document.lastOfDuplicates(bytes) { return value }
            throw StatusError.badRequest(
                "the object provided is unrecognized (must be of type \(context.type.kind)): couldn't get version/kind; json parse error: \(Document.complaint(error, bytes)) (\(Document.start(bytes)))"
            )
        }
    }

    /// Checks and trims an object to what its kind declares; complains of unknown fields as `fieldValidation` asks.
    func decode(_ context: inout Context, _ raw: Value, duplicates: [String] = []) throws(StatusError) -> Value {
        let type = context.type
        guard case .map = raw else {
            throw StatusError.badRequest(
                "the object provided is unrecognized (must be of type \(type.kind)): couldn't get version/kind; json parse error: json: cannot unmarshal \(raw.list != nil ? "array" : "string") into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }"
            )
        }
        let kind = raw["kind"]?.string ?? ""
        let version = raw["apiVersion"]?.string ?? ""
        if !kind.isEmpty, kind != type.kind || version != type.apiVersion {
            if type.isCustom {
                throw StatusError.badRequest(
                    "the API version in the data (\(version)) does not match the expected API version (\(type.apiVersion))")
            }
            let short = version.split(separator: "/").last.map(String.init) ?? ""
            if kind != type.kind, self.type(apiVersion: version, kind: kind) != nil {
                throw StatusError.badRequest(
                    "\(kind) in version \"\(short)\" cannot be handled as a \(type.kind): converting (\(short).\(kind)) to (\(type.group.isEmpty ? "core" : String(type.group.prefix { $0 != "." })).\(type.kind)): unknown conversion"
                )
            }
            if kind != type.kind {
                throw StatusError.badRequest(
                    "no kind \"\(kind)\" is registered for version \"\(version)\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"")
            }
            throw StatusError.badRequest(
                "the API version in the data (\(version)) does not match the expected API version (\(type.apiVersion))")
        }
        var object = raw
        object.set(.string(type.kind), "kind")
        object.set(.string(type.apiVersion), "apiVersion")
        let prefix = "\(type.kind) in version \"\(type.version)\" cannot be handled as a \(type.kind): "
        var unknown: [String] = []
        do {
            object = try Codec.decode(object, type.shape, root: type.kind, isLenient: type.isCustom, unknown: &unknown)
        } catch {
            throw StatusError.badRequest(prefix + error.message)
        }
        let complaints = unknown.map { "unknown field \"\($0)\"" } + duplicates.map { "duplicate field \"\($0)\"" }
        if !complaints.isEmpty {
            switch context.request.parameter("fieldValidation") ?? "Warn" {
            case "Strict": throw StatusError.badRequest(prefix + "strict decoding error: " + complaints.joined(separator: ", "))
            case "Ignore": break
            default: context.warnings += complaints
            }
        }
        return object
    }

    /// Refuses options that make no sense.
    func checkOptions(_ context: Context, _ kind: String) throws(StatusError) {
        let dryRun = context.request.parameters("dryRun")
        if !dryRun.isEmpty, dryRun != ["All"], dryRun != [""] {
            throw StatusError.options(kind, .unsupported("dryRun", .list(dryRun.map { .string($0) }), ["All"]))
        }
        if let manager = context.request.parameter("fieldManager"), manager.utf8.count > 128 {
            throw StatusError.options(kind, .tooLong("fieldManager", 128))
        }
        if let validation = context.request.parameter("fieldValidation"), !["", "Ignore", "Warn", "Strict"].contains(validation) {
            throw StatusError.options(kind, .unsupported("fieldValidation", .string(validation), ["", "Ignore", "Strict", "Warn"]))
        }
    }

    // MARK: - Create

    func create(_ context: inout Context) throws(StatusError) -> Reply {
        if let review = try review(context) { return review }
        try checkOptions(context, "CreateOptions")
        let raw = try body(context)
        let object = try decode(&context, raw, duplicates: Document.duplicates(context.request))
        let stored = try create(&context, object, applied: false)
        return reply(stored, status: 201, context)
    }

    /// The common end of POST and of an apply to an object that is not there.
    func create(_ context: inout Context, _ given: Value, applied: Bool) throws(StatusError) -> Value {
        let type = context.type
        var object = given
        if type.isNamespaced {
            let inside = object.namespace
            if !inside.isEmpty, inside != context.namespace {
                throw StatusError.badRequest("the namespace of the provided object does not match the namespace sent on the request")
            }
            object.set(.string(context.namespace), "metadata", "namespace")
        } else {
            object.set(nil, "metadata", "namespace")
        }
        if !object.resourceVersion.isEmpty, object.resourceVersion != "0" {
            throw StatusError.internalError("resourceVersion should not be set on objects to be created")
        }
        if object.name.isEmpty, let prefix = object.at("metadata", "generateName")?.string, !prefix.isEmpty {
            object.set(.string(prefix + newSuffix()), "metadata", "name")
        }
        try admitNamespace(context, name: object.name)
        Defaults.apply(to: &object, type)
        if !applied {
            object = FieldManager(type: type, subresource: "", now: now).update(
                live: nil, new: Codec.encode(object, type.shape), manager: context.fieldManager)
        }
        object.set(nil, "metadata", "selfLink")
        object.set(.string(newUID()), "metadata", "uid")
        object.set(.string(stamp), "metadata", "creationTimestamp")
        object.set(nil, "metadata", "deletionTimestamp")
        object.set(nil, "metadata", "deletionGracePeriodSeconds")
        object.set(nil, "metadata", "resourceVersion")
        object.set(type.countsGenerations ? 1 : nil, "metadata", "generation")
        if type.hasStatus { object.set(nil, "status") }
        prepareForCreate(&object, type, context)
        object = Codec.encode(object, type.shape)
        try validate(object, old: nil, type, context)
        try admit("CREATE", object, old: nil, &context)
        guard get(type, object.namespace, object.name) == nil else { throw StatusError.alreadyExists(type, object.name) }
        try admitQuota(object, type)
        if context.dryRun { return object }
        let stored = put(type, object)
        if applied, type.kind == "Job" || type.kind == "PersistentVolumeClaim" { freshlyApplied.insert(stored.uid) }
        return stored
    }

    func admitNamespace(_ context: Context, name: String) throws(StatusError) {
        guard context.type.isNamespaced else { return }
        let namespaces = builtIn("namespaces")
        guard let namespace = get(namespaces, "", context.namespace) else {
            throw StatusError.notFound(namespaces, context.namespace)
        }
        guard namespace.isTerminating else { return }
        let cause = StatusError.Cause(
            reason: "NamespaceTerminating", message: "namespace \(context.namespace) is being terminated", field: "metadata.namespace")
        throw StatusError.forbidden(
            context.type, name, "unable to create new content in namespace \(context.namespace) because it is being terminated",
            causes: [cause])
    }

    // MARK: - Replace

    func replace(_ context: inout Context, _ name: String) throws(StatusError) -> Reply {
        try checkOptions(context, "UpdateOptions")
        let raw = try body(context)
        var object = try decode(&context, raw, duplicates: Document.duplicates(context.request))
        try checkName(&object, context, name)
        guard let live = get(context.type, context.namespace, name) else { throw StatusError.notFound(context.type, name) }
        return reply(try update(&context, live: live, new: object, applied: false), context)
    }

    func checkName(_ object: inout Value, _ context: Context, _ name: String) throws(StatusError) {
        let inside = object.name
        if !inside.isEmpty, inside != name {
            throw StatusError.badRequest("the name of the object (\(inside)) does not match the name on the URL (\(name))")
        }
        if context.type.isNamespaced {
            let namespace = object.namespace
            if !namespace.isEmpty, namespace != context.namespace {
                throw StatusError.badRequest("the namespace of the provided object does not match the namespace sent on the request")
            }
            object.set(.string(context.namespace), "metadata", "namespace")
        }
        object.set(.string(name), "metadata", "name")
    }

    /// The common end of PUT and PATCH.
    func update(_ context: inout Context, live stored: Value, new given: Value, applied: Bool) throws(StatusError) -> Value {
        let type = context.type
        let live = converted(stored, to: type)
        var object = given
        let subresource = context.subresource ?? ""
        let version = object.resourceVersion
        if type.isCustom, version.isEmpty, context.request.method == "PUT" {
            throw StatusError.invalid(
                kind: type.plural, group: type.group, name: live.name,
                [.invalid("metadata.resourceVersion", 0, "must be specified for an update")])
        }
        if !version.isEmpty, version != "0", version != live.resourceVersion {
            throw StatusError.conflict(type, live.name)
        }
        let uid = object.uid
        if !uid.isEmpty, uid != live.uid {
            if applied || context.request.method == "PATCH" {
                let cause = StatusError.Cause.invalid("metadata.uid", .string(uid), "field is immutable")
                throw StatusError.invalid(type, live.name, [cause, cause])
            }
            let place = live.namespace.isEmpty ? "" : "\(live.namespace)/"
            let prefix = type.group.isEmpty ? "" : "\(type.group)/"
            throw StatusError.conflict(
                type, live.name,
                "StorageError: invalid object, Code: 4, Key: /registry/\(prefix)\(type.plural)/\(place)\(live.name), ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: \(uid), UID in object meta: \(live.uid)"
            )
        }
        let managers = given.at("metadata", "managedFields")
        object.set(nil, "metadata", "managedFields")
        Defaults.apply(to: &object, type)
        if subresource == "status" {
            let status = object["status"]
            let metadata = object["metadata"]
            object = live
            object.set(status, "status")
            if !type.isCustom, let annotations = metadata?["annotations"] { object.set(annotations, "metadata", "annotations") }
            if !type.isCustom, let finalizers = metadata?["finalizers"] { object.set(finalizers, "metadata", "finalizers") }
        } else if type.hasStatus {
            object.set(live["status"], "status")
        }
        for field in [
            "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion", "generateName",
        ] {
            object.set(live.at("metadata", field), "metadata", field)
        }
        object.set(managers, "metadata", "managedFields")
        if !applied {
            object = FieldManager(type: type, subresource: subresource, now: now).update(
                live: live, new: Codec.encode(object, type.shape), manager: context.fieldManager)
        }
        prepareForUpdate(&object, live: live, type, context)
        object = Codec.encode(object, type.shape)
        if type.countsGenerations, subresource != "status", Self.wish(object) != Self.wish(live) {
            object.set(.int(live.generation + 1), "metadata", "generation")
        }
        try validate(object, old: live, type, context)
        try admit("UPDATE", object, old: live, &context)
        return finishUpdate(live: live, object, type, dryRun: context.dryRun, applied: applied)
    }

    /// Stores a change, unless there is none; ends an object whose last finalizer went.
    private func finishUpdate(live: Value, _ object: Value, _ type: ResourceType, dryRun: Bool, applied: Bool) -> Value {
        let writesAnyway = applied && !dryRun && freshlyApplied.contains(live.uid)
        if object.withoutBookkeeping == live.withoutBookkeeping, !writesAnyway {
            return live
        }
        var result = object
        result.set(.string(live.resourceVersion), "metadata", "resourceVersion")
        if dryRun { return result }
        if result.isTerminating, result.finalizers.isEmpty, (result.at("metadata", "deletionGracePeriodSeconds")?.int ?? 0) == 0,
            type.kind != "Namespace" || (result.at("spec", "finalizers")?.list ?? []).isEmpty
        {
            erase(type, result)
            return result
        }
        return put(type, result)
    }

    /// What an object wishes for: all but metadata and status.
    static func wish(_ object: Value) -> Value {
        guard case .map(var map) = object else { return object }
        map["metadata"] = nil
        map["status"] = nil
        return .map(map)
    }
}
