// SPDX-License-Identifier: Apache-2.0

import Logging
import Manifests
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Appends one JSON line per request and per change of a workload's health to `<folder>/<cluster>/requests.jsonl`.
///
/// Enough to judge afterwards what every client did to the cluster: what was written, by whom, with which content. Values of Secrets are
/// never in it; their bodies' digests are.
final class RequestLog: ClusterObserver {
    private let cluster: String
    private let file: AppendingFile
    private let logsBodies: Bool

    init(cluster: String, folder: String, logsBodies: Bool) throws(FileError) {
        self.cluster = cluster
        self.logsBodies = logsBodies
        let place = "\(folder)/\(cluster)"
        try Files.makeFolder(place)
        file = try AppendingFile("\(place)/requests.jsonl")
    }

    func changed(_ workload: WorkloadChange, at time: Timestamp) {
        append([
            "time": .string(time.rfc3339), "event": "workload", "cluster": .string(cluster),
            "object": Self.identity(workload.group, workload.kind, workload.namespace, workload.name), "ready": .int(workload.ready),
            "desired": .int(workload.desired), "updated": .int(workload.updated), "available": .bool(workload.available),
            "settled": .bool(workload.isSettled),
            "images": .list(workload.images.map { .string($0) }),
        ])
    }

    func handled(_ request: APIRequest, _ response: APIResponse, _ value: Value?, at time: Timestamp) {
        let target = RequestPath(request.path)
        var line: Map = [
            "time": .string(time.rfc3339), "event": "request", "cluster": .string(cluster), "verb": .string(target.verb(request)),
            "method": .string(request.method), "path": .string(request.path),
        ]
        if !request.query.isEmpty {
            line["query"] = .string(request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&"))
        }
        line["userAgent"] = .string(request.header("user-agent") ?? "")
        if let manager = request.parameter("fieldManager") { line["fieldManager"] = .string(manager) }
        if let user = request.header("impersonate-user") { line["impersonated"] = .string(user) }
        line["status"] = .int(Int64(response.status))
        if let version = value?.at("metadata", "resourceVersion")?.string { line["resourceVersion"] = .string(version) }
        if let message = value?["message"]?.string, response.status >= 400 { line["message"] = .string(message) }
        if ["POST", "PUT", "PATCH", "DELETE"].contains(request.method) { describe(request, target, value, &line) }
        append(.map(line))
    }

    private func describe(_ request: APIRequest, _ target: RequestPath, _ value: Value?, _ line: inout Map) {
        var body: Value?
        if !request.body.isEmpty {
            body = (try? JSON.read(request.body)) ?? (try? YAML.documents(request.body).first)
            line["bodyBytes"] = .int(Int64(request.body.count))
            line["bodyDigest"] = .string(Digest.sha256(request.body).description)
            if let body { line["digest"] = .string(Canonical.digest(body).description) }
        }
        let shown = value?["kind"]?.string == "Status" ? nil : value
        let kind = body?["kind"]?.string.flatMap { $0 == "DeleteOptions" || $0 == "Scale" ? nil : $0 } ?? shown?["kind"]?.string
        let name = target.name ?? shown?.name ?? body?.name ?? ""
        var identity = Self.identity(target.group, kind ?? "", target.namespace, name)
        identity["resource"] = .string(target.resource)
        if let subresource = target.subresource { identity["subresource"] = .string(subresource) }
        if let uid = shown?.uid ?? value?.at("details", "uid")?.string, !uid.isEmpty { identity["uid"] = .string(uid) }
        line["object"] = identity
        guard let body, request.method != "DELETE" else { return }
        let spec = body.at("spec", "template", "spec") ?? body.at("spec", "jobTemplate", "spec", "template", "spec") ?? body["spec"]
        let images = Workload.images(spec?["initContainers"]) + Workload.images(spec?["containers"])
        if !images.isEmpty { line["images"] = .list(images.map { .string($0) }) }
        if let replicas = body.at("spec", "replicas")?.int { line["replicas"] = .int(replicas) }
        var marks = Map()
        for map in [body.labels, body.annotations] {
            for entry in map where entry.key.contains("flotilla.dev/") || entry.key.hasPrefix("applyset.kubernetes.io/") {
                marks[entry.key] = entry.value
            }
        }
        if !marks.isEmpty { line["flotilla"] = .map(marks) }
        if logsBodies, target.resource != "secrets" { line["body"] = body }
    }

    private static func identity(_ group: String, _ kind: String, _ namespace: String, _ name: String) -> Value {
        ["group": .string(group), "kind": .string(kind), "namespace": .string(namespace), "name": .string(name)]
    }

    private func append(_ line: Value) {
        var bytes = JSON.write(line)
        bytes.append(UInt8(ascii: "\n"))
        file.append(bytes)
    }
}

/// A request's path taken apart without knowing what is served.
struct RequestPath {
    var group = ""
    var namespace = ""
    var resource = ""
    var name: String?
    var subresource: String?

    init(_ path: String) {
        var parts = path.split(separator: "/").map(String.init)[...]
        let root = parts.popFirst()
        if root == "apis" { group = parts.popFirst() ?? "" }
        guard root == "api" || root == "apis" else { return }
        _ = parts.popFirst()
        if parts.first == "namespaces", parts.count >= 3, !["status", "finalize"].contains(parts[parts.startIndex + 2]) {
            namespace = parts[parts.startIndex + 1]
            parts = parts.dropFirst(2)
        }
        resource = parts.popFirst() ?? ""
        name = parts.popFirst()
        subresource = parts.popFirst()
    }

    func verb(_ request: APIRequest) -> String {
        switch request.method {
        case "POST": "create"
        case "PUT": "update"
        case "PATCH": request.mediaType == "application/apply-patch+yaml" ? "apply" : "patch"
        case "DELETE": name == nil ? "deletecollection" : "delete"
        default: resource.isEmpty ? "get" : request.flag("watch") ? "watch" : name == nil ? "list" : "get"
        }
    }
}
