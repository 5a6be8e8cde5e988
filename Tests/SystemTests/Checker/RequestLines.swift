// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One line of a simulated cluster's request log, as far as judging needs it.
struct Observation: Sendable {
    enum What: Sendable {
        case write(Write)
        case deletion(ObjectIdentity)
        case workload(Workload)
        /// Anything else that was asked for, with its verb and resource.
        case request(verb: String, resource: String)
    }

    struct Write: Sendable {
        var object: ObjectIdentity
        /// The application that its label names.
        var application: String
        /// Of the body without what Flotilla marks objects with.
        var content: Digest
        var images: [String]
    }

    struct Workload: Sendable {
        var object: ObjectIdentity
        var images: [String]
        /// As many pods as wanted, all of the newest template and ready.
        var isSettled: Bool
        var isAvailable: Bool
    }

    var cluster: String
    var time: Timestamp
    /// By the agent, not by a person or the cluster itself.
    var isAgents: Bool
    var succeeded: Bool
    var what: What
    /// Where in the log, for people.
    var place: String
}

/// Reads request logs. A last line that was cut off in the middle is left out; any other that cannot be read is an error.
enum RequestLines {
    struct Unreadable: Error, CustomStringConvertible {
        var place: String
        var reason: String
        var description: String { "\(place): \(reason)" }
    }

    /// The user agent of Flotilla's agent begins like this.
    static let agent = "flotilla-agent"
    /// What belongs to the agent's own housekeeping: its namespace, its Secrets, its lease.
    static let agentNamespace = "flotilla-system"

    static func read(_ text: String, cluster: String) throws -> [Observation] {
        var observations: [Observation] = []
        let isWhole = text.hasSuffix("\n")
        let lines = text.split(separator: "\n")
        for (index, line) in lines.enumerated() {
            let place = "\(cluster):\(index + 1)"
            let value: Value
            do { value = try JSON.read(String(line)) } catch {
                if index == lines.count - 1, !isWhole { break }
                throw Unreadable(place: place, reason: "\(error)")
            }
            guard let time = value["time"]?.string.flatMap({ Timestamp(rfc3339: $0) }) else {
                throw Unreadable(place: place, reason: "the line has no time")
            }
            guard let what = try what(value, place) else { continue }
            let status = value["status"]?.int ?? 200
            observations.append(
                Observation(
                    cluster: cluster, time: time, isAgents: value["userAgent"]?.string?.hasPrefix(agent) ?? false,
                    succeeded: (200..<300).contains(status), what: what, place: place))
        }
        return observations
    }

    private static func what(_ value: Value, _ place: String) throws -> Observation.What? {
        let object = value["object"]
        let identity = ObjectIdentity(
            group: object?["group"]?.string ?? "", kind: object?["kind"]?.string ?? "", namespace: object?["namespace"]?.string ?? "",
            name: object?["name"]?.string ?? "")
        let images = (value["images"]?.list ?? []).compactMap(\.string)
        if value["event"]?.string == "workload" {
            guard let settled = value["settled"]?.bool else {
                throw Unreadable(place: place, reason: "the workload's line lacks 'settled'")
            }
            return .workload(
                Observation.Workload(
                    object: identity, images: images, isSettled: settled, isAvailable: value["available"]?.bool ?? false))
        }
        let verb = value["verb"]?.string ?? ""
        let resource = object?["resource"]?.string ?? resource(value["path"]?.string ?? "")
        let other = Observation.What.request(verb: verb, resource: resource)
        guard let method = value["method"]?.string, method != "GET" else { return other }
        let isDryRun = value["query"]?.string?.contains("dryRun=All") ?? false
        let isHousekeeping = identity.namespace == agentNamespace || (identity.kind == "Namespace" && identity.name == agentNamespace)
        guard !isDryRun, !isHousekeeping, object?["subresource"] == nil else { return other }
        if method == "DELETE" { return .deletion(identity) }
        guard let application = value.at("flotilla", "flotilla.dev/application")?.string, let body = value["body"] else { return other }
        return .write(
            Observation.Write(object: identity, application: application, content: Content.digest(body), images: images))
    }

    /// The resource that a path names, with its subresource: `deployments`, `deployments/status`.
    private static func resource(_ path: String) -> String {
        var parts = path.split(separator: "/")[...]
        parts = parts.dropFirst(parts.first == "apis" ? 3 : 2)
        if parts.first == "namespaces", parts.count > 2 { parts = parts.dropFirst(2) }
        return parts.first.map(String.init) ?? ""
    }
}

/// An object's content without what Flotilla marks objects with: equal for the manifest in Git and for what an agent applied.
enum Content {
    static func digest(_ object: Value) -> Digest {
        var object = object
        for field in ["labels", "annotations"] {
            guard var marks = object.at("metadata", field)?.map else { continue }
            marks.removeAll { $0.key.contains("flotilla.dev/") || $0.key.hasPrefix("applyset.kubernetes.io/") }
            object["metadata"]?[field] = marks.isEmpty ? nil : .map(marks)
        }
        return Canonical.digest(object)
    }
}
