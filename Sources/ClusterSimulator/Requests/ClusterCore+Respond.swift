// SPDX-License-Identifier: Apache-2.0

import Manifests

/// An answer before it is written out.
enum Reply {
    case object(Value, status: Int = 200, warnings: [String] = [], contentType: String = "application/json")
    case text(String, status: Int = 200, retryAfter: Int64? = nil)
    case watch(AsyncStream<[UInt8]>)
}

/// Everything one request to a resource needs.
struct Context {
    let request: APIRequest
    let user: UserInfo
    let type: ResourceType
    let namespace: String
    let name: String?
    let subresource: String?
    var warnings: [String] = []
    /// Whether a controller of the cluster's own makes it.
    var isFromController = false

    var dryRun: Bool { request.parameters("dryRun").contains("All") }

    /// Who owns what this request changes, when it does not say: the user agent up to the slash.
    var fieldManager: String {
        if let given = request.parameter("fieldManager"), !given.isEmpty { return given }
        let agent = request.header("user-agent") ?? ""
        let name = String(agent.prefix { $0 != "/" })
        return name.isEmpty ? "unknown" : String(name.prefix(128))
    }
}

extension ClusterCore {
    /// Answers one request.
    func respond(_ request: APIRequest) -> Reply {
        do throws(StatusError) {
            return try route(request)
        } catch {
            var status = error
            if let retry = status.retryAfter {
                var details = status.details ?? Map()
                details["retryAfterSeconds"] = .int(Int64(retry))
                status.details = details
            }
            return .object(status.value, status: status.code)
        }
    }

    private func route(_ request: APIRequest) throws(StatusError) -> Reply {
        let user = try authenticate(request)
        let discovery = Discovery(types: types, address: request.header("host") ?? specification.name)
        switch RequestTarget(path: request.path, in: self) {
        case .version: return .object(Discovery.version)
        case .health: return .text("ok")
        case .coreVersions: return discovery.core(accept: request.header("accept"))
        case .groups: return discovery.groups(accept: request.header("accept"))
        case .group(let group): return discovery.group(group)
        case .resources(let group, let version): return discovery.resources(group: group, version: version)
        case .openAPIIndex: return .object(OpenAPI.index(types), contentType: "text/plain; charset=utf-8")
        case .openAPI(let group, let version): return .object(OpenAPI.document(types.filter { $0.group == group && $0.version == version }))
        case .openAPI2: return .object(OpenAPI.version2(types))
        case .missing(let plain):
            if plain { return .text("404 page not found\n", status: 404) }
            throw StatusError.noSuchResource
        case .resource(let type, let namespace, let name, let subresource):
            var context = Context(
                request: request, user: user, type: type, namespace: namespace, name: name, subresource: subresource)
            try authorize(context, verb: verb(context))
            return try serve(&context)
        }
    }

    /// The verb that authorization sees.
    func verb(_ context: Context) -> String {
        switch context.request.method {
        case "POST": "create"
        case "PUT": "update"
        case "PATCH": "patch"
        case "DELETE": context.name == nil ? "deletecollection" : "delete"
        default:
            if context.request.flag("watch") { "watch" } else { context.name == nil ? "list" : "get" }
        }
    }

    private func serve(_ context: inout Context) throws(StatusError) -> Reply {
        let request = context.request
        let isRead = request.method == "GET" || request.method == "HEAD"
        if isRead { try checkAccept(request) }
        if let subresource = context.subresource { return try serveSubresource(&context, subresource) }
        switch (request.method, context.name) {
        case ("GET", nil), ("HEAD", nil):
            guard context.type.verbs.contains("list") else { throw StatusError.methodNotAllowed }
            return request.flag("watch") ? try watch(context) : try list(context)
        case ("GET", let name?), ("HEAD", let name?):
            guard context.type.verbs.contains("get") else { throw StatusError.methodNotAllowed }
            if request.flag("watch") { return try watch(context) }
            return try get(context, name)
        case ("POST", nil):
            guard context.type.verbs.contains("create") else { throw StatusError.methodNotAllowed }
            if context.type.isNamespaced, context.namespace.isEmpty { throw StatusError.methodNotAllowed }
            return try create(&context)
        case ("PUT", let name?): return try replace(&context, name)
        case ("PATCH", let name?): return try patch(&context, name)
        case ("DELETE", let name?): return try delete(&context, name)
        case ("DELETE", nil):
            guard context.type.verbs.contains("deletecollection") else { throw StatusError.methodNotAllowed }
            return try deleteCollection(&context)
        default: throw StatusError.methodNotAllowed
        }
    }

    private func checkAccept(_ request: APIRequest) throws(StatusError) {
        guard let accept = request.header("accept"), !accept.isEmpty else { return }
        let fits = accept.split(separator: ",").contains { part in
            let type = part.prefix { $0 != ";" }.trimmed
            return ["application/json", "*/*", "application/*", "application/yaml"].contains(type)
        }
        guard !fits else { return }
        throw StatusError(
            code: 406, reason: "NotAcceptable",
            message:
                "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            details: Map())
    }

    func reply(_ object: Value, status: Int = 200, _ context: Context) -> Reply {
        let shown = converted(object, to: context.type)
        switch Presentation(accept: context.request.header("accept")) {
        case .plain: return .object(shown, status: status, warnings: context.warnings)
        case .metadata: return .object(PartialObject.value(shown), status: status, warnings: context.warnings)
        case .table:
            let metadata: Value = ["resourceVersion": .string(object.resourceVersion)]
            return .object(
                Table.value(
                    type: context.type, objects: [shown], includes: TableObject(context.request.parameter("includeObject")),
                    metadata: metadata, now: now),
                status: status, warnings: context.warnings)
        }
    }
}

/// The form in which a client wants objects.
enum Presentation {
    case plain, metadata, table

    init(accept: String?) {
        for part in (accept ?? "").split(separator: ",") {
            let parameters = part.split(separator: ";").map(\.trimmed)
            guard parameters.first == "application/json" else { continue }
            if parameters.contains("as=Table") {
                self = .table
            } else if parameters.contains(where: { $0.hasPrefix("as=PartialObjectMetadata") }) {
                self = .metadata
            } else {
                self = .plain
            }
            return
        }
        self = .plain
    }
}
