// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    func serveSubresource(_ context: inout Context, _ name: String) throws(StatusError) -> Reply {
        guard let object = context.name, let subresource = context.type.subresource(name) else { throw StatusError.noSuchResource }
        let method = context.request.method
        let verb = self.verb(context)
        guard subresource.verbs.contains(verb == "watch" || verb == "list" ? "get" : verb) else { throw StatusError.methodNotAllowed }
        switch (name, method) {
        case ("scale", _): return try scale(&context, object)
        case ("status", "GET"): return try get(context, object)
        case ("status", "PUT"), ("finalize", "PUT"):
            if name == "finalize" { return try finalizeNamespace(&context, object) }
            return try replace(&context, object)
        case ("status", "PATCH"), ("ephemeralcontainers", "PATCH"), ("resize", "PATCH"): return try patch(&context, object)
        case ("ephemeralcontainers", "GET"), ("resize", "GET"): return try get(context, object)
        case ("eviction", "POST"):
            guard let pod = get(context.type, context.namespace, object) else { throw StatusError.notFound(context.type, object) }
            if !context.dryRun { _ = delete(pod, context.type, DeleteOptions()) }
            return .object(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)
        case ("token", "POST"): return try issueToken(context, object)
        case ("log", "GET"):
            guard let pod = get(context.type, context.namespace, object) else { throw StatusError.notFound(context.type, object) }
            let images = Workload.images(pod.at("spec", "containers"))
            return .text("\(stamp) started \(images.joined(separator: ", "))\n")
        case ("binding", "POST"):
            guard var pod = get(context.type, context.namespace, object) else { throw StatusError.notFound(context.type, object) }
            pod.set(try body(context).at("target", "name"), "spec", "nodeName")
            put(context.type, pod)
            return .object(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)
        default: throw StatusError.methodNotAllowed
        }
    }

    private func finalizeNamespace(_ context: inout Context, _ name: String) throws(StatusError) -> Reply {
        let given = try decode(&context, try body(context))
        guard var namespace = get(context.type, "", name) else { throw StatusError.notFound(context.type, name) }
        namespace.set(given.at("spec", "finalizers") ?? nil, "spec", "finalizers")
        release(namespace, context.type)
        return reply(namespace, context)
    }

    // MARK: - Scale

    private func replicasPath(_ type: ResourceType) -> [String] { type.custom?.replicasPath ?? ["spec", "replicas"] }

    private func scaleValue(_ object: Value, _ type: ResourceType) throws(StatusError) -> Value {
        let path = replicasPath(type)
        guard let replicas = object.at(path: path)?.int ?? (type.isCustom ? nil : 0) else {
            let why = "the spec replicas field \".\(path.joined(separator: "."))\" does not exist"
            throw StatusError(
                code: 500, reason: "InternalError", message: "Internal error occurred: \(why)",
                details: ["causes": [["message": .string(why)]]])
        }
        var metadata: Map = [:]
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            metadata[field] = object.at("metadata", field)
        }
        let current = object.at(path: type.custom?.statusReplicasPath ?? ["status", "replicas"])?.int ?? 0
        var status: Map = ["replicas": .int(current)]
        if type.isCustom {
            if let path = type.custom?.selectorPath, let selector = object.at(path: path) { status["selector"] = selector }
        } else {
            status["selector"] = .string(Workload.selectorText(object.at("spec", "selector")))
        }
        let spec: Map = replicas == 0 ? [:] : ["replicas": .int(replicas)]
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": .map(metadata), "spec": .map(spec), "status": .map(status),
        ]
    }

    private func scale(_ context: inout Context, _ name: String) throws(StatusError) -> Reply {
        let type = context.type
        guard let live = get(type, context.namespace, name) else { throw StatusError.notFound(type, name) }
        let present = try scaleValue(live, type)
        guard context.request.method != "GET" else { return .object(present) }
        var wanted: Value
        let media = context.request.mediaType
        let isApply = media == "application/apply-patch+yaml"
        if context.request.method == "PUT" {
            wanted = try body(context)
        } else {
            switch media {
            case "application/merge-patch+json", "application/strategic-merge-patch+json":
                wanted = JSONMergePatch.apply(try Document.patch(context.request.body), to: present)
            case "application/json-patch+json":
                let patch = try Document.patch(context.request.body)
                do { wanted = try JSONPatch.apply(patch, to: present) } catch { throw StatusError.badRequest(error.description) }
            case "application/apply-patch+yaml": wanted = try Document.applied(context)
            default:
                throw StatusError(
                    code: 415, reason: "UnsupportedMediaType",
                    message:
                        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                )
            }
        }
        let version = wanted.resourceVersion
        if !version.isEmpty, version != live.resourceVersion { throw StatusError.conflict(type, name) }
        let replicas = wanted.at("spec", "replicas")?.int ?? 0
        if replicas < 0 {
            throw StatusError.invalid(
                kind: "Scale", group: "autoscaling", name: name,
                [.invalid("spec.replicas", .int(replicas), "must be greater than or equal to 0")])
        }
        let path = replicasPath(type)
        let manager = FieldManager(type: type, subresource: "scale", now: now)
        var object: Value
        if isApply {
            var configuration: Value = [
                "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "metadata": ["name": .string(name)],
            ]
            configuration.set(.int(replicas), path: path[...])
            do {
                object = try manager.apply(
                    live: live, configuration: configuration, manager: context.fieldManager, force: context.request.flag("force"),
                    stampsTime: false)
            } catch {
                throw Self.status(error)
            }
        } else {
            object = live
            object.set(.int(replicas), path: path[...])
            object = manager.update(live: live, new: object, manager: context.fieldManager, stampsTime: false)
        }
        object = Codec.encode(object, type.shape)
        if Self.wish(object) != Self.wish(live), type.countsGenerations { object.set(.int(live.generation + 1), "metadata", "generation") }
        try validate(object, old: live, type, context)
        try admit("UPDATE", object, old: live, &context)
        if object.withoutBookkeeping != live.withoutBookkeeping, !context.dryRun { object = put(type, object) }
        return .object(try scaleValue(object, type))
    }
}
