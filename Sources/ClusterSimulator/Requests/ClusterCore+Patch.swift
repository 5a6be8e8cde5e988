// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    // MARK: - Patch

    func patch(_ context: inout Context, _ name: String) throws(StatusError) -> Reply {
        let type = context.type
        let media = context.request.mediaType
        let isApply = media == "application/apply-patch+yaml"
        try checkOptions(context, "PatchOptions")
        if isApply, (context.request.parameter("fieldManager") ?? "").isEmpty {
            throw StatusError.options("PatchOptions", .required("fieldManager", "is required for apply patch"))
        }
        if !isApply, context.request.parameter("force") != nil {
            throw StatusError.options("PatchOptions", .forbidden("force", "may not be specified for non-apply patch"))
        }
        if isApply { return try apply(&context, name) }
        guard let stored = get(type, context.namespace, name) else { throw StatusError.notFound(type, name) }
        let live = converted(stored, to: type)
        let bytes = context.request.body
        var patched: Value
        switch media {
        case "application/merge-patch+json":
            patched = JSONMergePatch.apply(try Document.patch(bytes), to: live)
        case "application/strategic-merge-patch+json":
            if type.isCustom { throw Self.unsupported(type) }
            do {
                patched = try StrategicMerge.apply(try Document.patch(bytes), to: live)
            } catch let error as StrategicMergeError {
                throw Self.badMerge(error, try Document.patch(bytes))
            } catch let error as StatusError {
                throw error
            } catch {
                throw StatusError.badRequest("\(error)")
            }
        case "application/json-patch+json":
            let patch = try Document.patch(bytes, isList: true)
            do {
                patched = try JSONPatch.apply(patch, to: live)
            } catch {
                throw StatusError(
                    code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request", details: Map())
            }
        default:
            throw StatusError(code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: Map())
        }
        var object: Value
        do {
            object = try decode(&context, patched)
        } catch {
            throw Self.badPatch(error, patched, type)
        }
        try checkName(&object, context, name)
        return reply(try update(&context, live: stored, new: object, applied: false), context)
    }

    /// A patch whose result is no object of the kind: said of the whole result, unlike a body that is none.
    private static func badPatch(_ error: StatusError, _ patched: Value, _ type: ResourceType) -> StatusError {
        let prefix = "\(type.kind) in version \"\(type.version)\" cannot be handled as a \(type.kind): "
        guard error.code == 400, error.message.hasPrefix(prefix) else { return error }
        let why = String(error.message.dropFirst(prefix.count))
        let cause = StatusError.Cause.invalid("patch", .string(JSON.text(patched.sortedAtTop)), why)
        return StatusError(
            code: 422, reason: "Invalid", message: " \"\" is invalid: patch: \(cause.message)",
            details: ["causes": StatusError.list([cause])])
    }

    /// A strategic merge patch that cannot be applied. An item without its key is told in full, as Go prints a map.
    private static func badMerge(_ error: StrategicMergeError, _ patch: Value) -> StatusError {
        let lead = "an item of the patch has no "
        guard error.message.hasPrefix(lead) else { return .badRequest(error.message) }
        let key = String(error.message.dropFirst(lead.count))
        var place = patch
        for part in error.path.split(separator: "/") {
            let pair = part.split(separator: "=", maxSplits: 1)
            let found =
                pair.count == 2
                ? place.list?.first { $0[String(pair[0])]?.string == String(pair[1]) } : place[String(part)]
            guard let found else { break }
            place = found
        }
        guard let item = place.list?.first(where: { $0[key] == nil }) else { return .badRequest(error.message) }
        return .internalError("map: \(GoText.value(item)) does not contain declared merge key: \(key)")
    }

    private static func unsupported(_ type: ResourceType) -> StatusError {
        let accepted =
            type.isCustom
            ? "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            : "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, application/strategic-merge-patch+json"
        return StatusError(
            code: 415, reason: "UnsupportedMediaType",
            message: "the body of the request was in an unknown format - accepted media types include: \(accepted)")
    }

    // MARK: - Server-side apply

    func apply(_ context: inout Context, _ name: String) throws(StatusError) -> Reply {
        let type = context.type
        var configuration = try Document.applied(context)
        guard case .map = configuration else {
            throw StatusError.badRequest("error decoding YAML: json: cannot unmarshal into Go value of type map[string]interface {}")
        }
        if configuration.at("metadata", "managedFields") != nil {
            throw StatusError.badRequest("metadata.managedFields must be nil")
        }
        let kind = configuration["kind"]?.string ?? ""
        let version = configuration["apiVersion"]?.string ?? ""
        if kind.isEmpty || version.isEmpty {
            throw StatusError.badRequest("invalid object type: /, Kind=\(kind)")
        }
        if kind != type.kind || version != type.apiVersion {
            let parts = version.split(separator: "/")
            let shown = parts.count == 2 ? "\(parts[0])/\(parts[1])" : "/\(version)"
            let own = "\(type.group)/\(type.version)"
            throw StatusError.badRequest("invalid object type: \(shown), Kind=\(kind), expected \(own), Kind=\(type.kind)")
        }
        try checkName(&configuration, context, name)
        let uid = configuration.uid
        let stored = get(type, context.namespace, name)
        let live = stored.map { converted($0, to: type) }
        if live == nil, !uid.isEmpty {
            throw StatusError.conflict(
                type, name, "uid mismatch: the provided object specified uid \(uid), and no existing object was found")
        }
        if live == nil, context.subresource != nil { throw StatusError.notFound(type, name) }
        let identity = "(\(type.isNamespaced && !type.isCustom ? "" : "")/\(name); \(type.group)/\(type.version), Kind=\(type.kind))"
        if let problem = Typed.problem(configuration, type.shape) {
            throw StatusError.internalError("failed to create typed patch object \(identity): \(problem)")
        }
        let manager = FieldManager(type: type, subresource: context.subresource ?? "", now: now)
        var object: Value
        do {
            object = try manager.apply(
                live: live, configuration: configuration, manager: context.fieldManager, force: context.request.flag("force"))
        } catch {
            throw Self.status(error)
        }
        var unknown: [String] = []
        do {
            object = try Codec.decode(object, type.shape, root: type.kind, unknown: &unknown)
        } catch {
            throw StatusError.internalError(
                "failed to convert new object \(identity) to proper version: unable to convert unstructured object to \(type.group)/\(type.version), Kind=\(type.kind): \(error.message)"
            )
        }
        if case .map(let data)? = object["data"], type.kind == "Secret" {
            for entry in data {
                if case .failure(let bad) = Base64.read(entry.value.string ?? "") {
                    throw StatusError.internalError(
                        "failed to convert new object \(identity) to proper version: unable to convert unstructured object to /v1, Kind=Secret: error decoding from json: illegal base64 data at input byte \(bad.position)"
                    )
                }
            }
        }
        if let stored {
            return reply(try update(&context, live: stored, new: object, applied: true), context)
        }
        try authorize(context, verb: "create")
        let created = try create(&context, object, applied: true)
        return reply(created, status: 201, context)
    }

    static func status(_ conflicts: FieldManager.Conflicts) -> StatusError {
        let sorted = conflicts.conflicts.map { conflict -> StatusError.Cause in
            var text = "conflict with \"\(conflict.manager.name)\""
            if !conflict.manager.subresource.isEmpty { text += " with subresource \"\(conflict.manager.subresource)\"" }
            if !conflict.manager.isApply { text += " using \(conflict.version)" }
            return StatusError.Cause(reason: "FieldManagerConflict", message: text, field: conflict.path.map(\.shown).joined())
        }
        var grouped: [(String, [String])] = []
        for cause in sorted {
            if let index = grouped.firstIndex(where: { $0.0 == cause.message }) {
                grouped[index].1.append(cause.field)
            } else {
                grouped.append((cause.message, [cause.field]))
            }
        }
        let details = grouped.map { message, fields in
            fields.count == 1 ? "\(message): \(fields[0])" : "\(message):\n" + fields.map { "- \($0)" }.joined(separator: "\n")
        }
        let count = sorted.count
        return StatusError(
            code: 409, reason: "Conflict",
            message: "Apply failed with \(count) conflict\(count == 1 ? "" : "s"): \(details.joined(separator: "\n"))",
            details: ["causes": StatusError.list(sorted)])
    }
}
