// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Something that a person asks one cluster's agent to do once. It is no desired state: it is delivered once, or expires with a reason.
package struct Command: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Reads and applies everything of an application again, without waiting for a retry's turn. Hooks do not run again.
        case syncNow(application: String)
        /// Says what applying would change, and changes nothing.
        case dryRun(DryRun)
        case runJob(JobRun)
        case logs(LogQuery)
        /// Reads an object, or lists those of a kind.
        case listObject(ObjectQuery)
        /// Of a newer coordinator: answered with a failure.
        case unknown(String)
    }

    package struct DryRun: Sendable, Hashable {
        package var application: String
        /// What to try; `nil` for what the agent holds. Its objects can be fetched while the command lives.
        package var task: SyncTask?

        package init(application: String, task: SyncTask? = nil) {
            self.application = application
            self.task = task
        }
    }

    package struct JobRun: Sendable, Hashable {
        /// A `batch/v1` Job.
        package var manifest: Value
        package var namespace: String
        /// In whose service account's name it is made; empty for the agent's own rights.
        package var application: String
        /// How long it may take; seconds.
        package var timeoutSeconds: Int64

        package static let timeoutSecondsMax: Int64 = 1_800

        package init(manifest: Value, namespace: String, application: String = "", timeoutSeconds: Int64 = 300) {
            self.manifest = manifest
            self.namespace = namespace
            self.application = application
            self.timeoutSeconds = timeoutSeconds
        }
    }

    package struct LogQuery: Sendable, Hashable {
        package var namespace: String
        /// A pod's name, or a workload as `deployment/NAME`.
        package var target: String
        /// Empty where the pod has only one.
        package var container: String
        package var tailLines: Int64
        /// Only lines of so many last seconds; `nil` for all.
        package var sinceSeconds: Int64?
        /// Of the container's run before this one.
        package var previous: Bool

        package static let tailLinesMax: Int64 = 5_000

        package init(
            namespace: String, target: String, container: String = "", tailLines: Int64 = 200, sinceSeconds: Int64? = nil,
            previous: Bool = false
        ) {
            self.namespace = namespace
            self.target = target
            self.container = container
            self.tailLines = tailLines
            self.sinceSeconds = sinceSeconds
            self.previous = previous
        }
    }

    package struct ObjectQuery: Sendable, Hashable {
        /// As people write it: `deployments`, `Deployment`, `Deployment.apps`, `apps/Deployment`.
        package var kind: String
        /// Empty for all namespaces, or for kinds that live in none.
        package var namespace: String
        /// `nil` lists.
        package var name: String?

        package init(kind: String, namespace: String, name: String? = nil) {
            self.kind = kind
            self.namespace = namespace
            self.name = name
        }
    }

    /// Orders the commands of a cluster; a new database begins a new epoch.
    package var id: Generation
    package var kind: Kind
    /// After this it is not begun any more.
    package var expires: Timestamp
    package var requestedBy: String

    /// How many a poll's answer lists at most.
    package static let listedMax = 20
    package static let textMax = 512

    package init(id: Generation, kind: Kind, expires: Timestamp, requestedBy: String) {
        self.id = id
        self.kind = kind
        self.expires = expires
        self.requestedBy = requestedBy
    }

    /// Stands behind the name of a command that carries bounds, which a reader that knows none must not pass over: it knows no such command.
    private static let boundsMark = "+bounds"

    private var word: String {
        guard case .dryRun(let run) = kind, run.task?.options.bounds != nil else { return kind.name }
        return kind.name + Self.boundsMark
    }

    package var json: Value {
        .map([
            "id": id.json, "kind": .string(word), "parameters": kind.parameters, "expires": .string(expires.rfc3339),
            "requestedBy": .string(requestedBy),
        ])
    }

    package init(json value: Value, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        id = try Generation(json: fields.map["id"], at: "\(path).id")
        let word = try fields.string("kind")
        let name = word == "dryRun\(Self.boundsMark)" ? String(word.dropLast(Self.boundsMark.count)) : word
        kind = try Kind(name: name, parameters: fields.object("parameters"), at: "\(path).parameters")
        expires = try fields.time("expires")
        requestedBy = String(try fields.optionalString("requestedBy")?.prefix(200) ?? "")
    }
}

extension Command.Kind {
    /// As it is called in messages, in the API and in the database.
    package var name: String {
        switch self {
        case .syncNow: "syncNow"
        case .dryRun: "dryRun"
        case .runJob: "runJob"
        case .logs: "logs"
        case .listObject: "listObject"
        case .unknown(let name): name
        }
    }

    package static let names = ["syncNow", "dryRun", "runJob", "logs", "listObject"]

    /// The application that it is about; empty where it is about none.
    package var application: String {
        switch self {
        case .syncNow(let application): application
        case .dryRun(let run): run.application
        case .runJob(let run): run.application
        case .logs, .listObject, .unknown: ""
        }
    }

    package var parameters: Value {
        switch self {
        case .syncNow(let application): return ["application": .string(application)]
        case .dryRun(let run):
            var map: Map = ["application": .string(run.application)]
            if let task = run.task { map["task"] = task.json }
            return .map(map)
        case .runJob(let run):
            return [
                "manifest": run.manifest, "namespace": .string(run.namespace), "application": .string(run.application),
                "timeoutSeconds": .int(run.timeoutSeconds),
            ]
        case .logs(let query):
            var map: Map = [
                "namespace": .string(query.namespace), "target": .string(query.target), "tailLines": .int(query.tailLines),
                "container": .string(query.container), "previous": .bool(query.previous),
            ]
            if let seconds = query.sinceSeconds { map["sinceSeconds"] = .int(seconds) }
            return .map(map)
        case .listObject(let query):
            var map: Map = ["kind": .string(query.kind), "namespace": .string(query.namespace)]
            if let name = query.name { map["name"] = .string(name) }
            return .map(map)
        case .unknown: return .map([:])
        }
    }

    package init(name: String, parameters: Fields, at path: String) throws(ShapeError) {
        func text(_ key: String) throws(ShapeError) -> String {
            let text = try parameters.optionalString(key) ?? ""
            guard text.utf8.count <= Command.textMax else { throw parameters.failure(key, "longer than \(Command.textMax) bytes") }
            return text
        }
        func needed(_ key: String) throws(ShapeError) -> String {
            let found = try text(key)
            guard !found.isEmpty else { throw parameters.failure(key, "expected a string that is not empty") }
            return found
        }
        func count(_ key: String, default absent: Int64, _ range: ClosedRange<Int64>) throws(ShapeError) -> Int64 {
            guard let number = try parameters.optionalInt(key) else { return absent }
            guard range.contains(number) else {
                throw parameters.failure(key, "expected \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        switch name {
        case "syncNow": self = .syncNow(application: try needed("application"))
        case "dryRun":
            let task = try parameters.value("task").map { (value) throws(ShapeError) in try SyncTask(json: value, at: "\(path).task") }
            self = .dryRun(Command.DryRun(application: try needed("application"), task: task))
        case "runJob":
            self = .runJob(
                Command.JobRun(
                    manifest: try Value.map(parameters.object("manifest").map), namespace: try needed("namespace"),
                    application: try text("application"),
                    timeoutSeconds: try count("timeoutSeconds", default: 300, 1...Command.JobRun.timeoutSecondsMax)))
        case "logs":
            let since = try parameters.optionalInt("sinceSeconds")
            guard since.map({ $0 > 0 }) ?? true else { throw parameters.failure("sinceSeconds", "expected more than 0") }
            self = .logs(
                Command.LogQuery(
                    namespace: try needed("namespace"), target: try needed("target"), container: try text("container"),
                    tailLines: try count("tailLines", default: 200, 1...Command.LogQuery.tailLinesMax), sinceSeconds: since,
                    previous: try parameters.bool("previous", default: false)))
        case "listObject":
            let name = try text("name")
            self = .listObject(
                Command.ObjectQuery(kind: try needed("kind"), namespace: try text("namespace"), name: name.isEmpty ? nil : name))
        default: self = .unknown(String(name.prefix(64)))
        }
    }
}
