// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A made-up history of two releases in a small fleet, told as clusters' logs and Git would tell it; tests bend it.
///
/// Release 2 changes the image and the settings and drops the object `extra`.
struct Story {
    enum Written {
        case settings(String)
        case web(String)
        case extra
    }

    struct Line {
        var at: Int64
        var text: String
    }

    static let start = Timestamp(seconds: 1_800_000_000)
    static let settings = ObjectIdentity(group: "", kind: "ConfigMap", namespace: "shop", name: "settings")
    static let extra = ObjectIdentity(group: "", kind: "ConfigMap", namespace: "shop", name: "extra")
    static let web = ObjectIdentity(group: "apps", kind: "Deployment", namespace: "shop", name: "web")

    static let shape = FleetShape(
        pipeline: "shop",
        stages: [
            FleetShape.Stage(
                environment: "staging", waves: [FleetShape.Wave(name: "all", clusters: ["staging-1", "staging-2"], maxUnavailable: 1)]),
            FleetShape.Stage(
                environment: "production", after: ["staging"],
                waves: [
                    FleetShape.Wave(name: "canary", clusters: ["prod-1"], maxUnavailable: 1, soak: .seconds(1)),
                    FleetShape.Wave(name: "rest", clusters: ["prod-2", "prod-3"], maxUnavailable: 1),
                ]),
        ], applications: ["web": "environments/${environment.name}/web"])

    var history: History
    var lines: [String: [Line]] = [:]

    init() {
        history = History(stages: ["staging": Self.stage("s", [500, 5_000]), "production": Self.stage("p", [2_000, 6_000])])
        // First release: nothing was there before, everybody at once.
        for (cluster, at) in [("staging-1", 600), ("staging-2", 800), ("prod-1", 2_200), ("prod-2", 4_000), ("prod-3", 4_200)] {
            for written in [Written.settings("1"), .web("1"), .extra] { apply(cluster, at: Int64(at), written) }
            workload(cluster, at: Int64(at) + 1, "1", settled: false)
            workload(cluster, at: Int64(at) + 100, "1", settled: true)
        }
        // Second release: in order, one at a time.
        for (cluster, at) in [("staging-1", 5_100), ("staging-2", 5_400), ("prod-1", 6_100), ("prod-2", 8_000), ("prod-3", 8_400)] {
            for written in [Written.settings("2"), .web("2")] { apply(cluster, at: Int64(at), written) }
            workload(cluster, at: Int64(at) + 1, "2", settled: false)
            workload(cluster, at: Int64(at) + (cluster == "prod-1" ? 400 : 200), "2", settled: true)
            delete(cluster, at: Int64(at) + 250, Self.extra)
        }
    }

    private static func stage(_ prefix: String, _ times: [Int64]) -> History.Stage {
        var stage = History.Stage()
        for (index, time) in times.enumerated() {
            let number = "\(index + 1)"
            var objects = [settings: Content.digest(body(.settings(number))), web: Content.digest(body(.web(number)))]
            if index == 0 { objects[extra] = Content.digest(body(.extra)) }
            let at = start + .milliseconds(time)
            stage.records.append(
                History.Record(
                    commit: "\(prefix)\(number)", visibleAt: at, committedAt: Timestamp(seconds: at.seconds), release: "release-\(number)",
                    promotion: "\(prefix)-promotion-\(number)", origin: .promotion("release"), objects: ["web": objects]))
            stage.verified.append(
                History.Verified(
                    promotion: "\(prefix)-promotion-\(number)", release: "release-\(number)", at: at + .milliseconds(900)))
        }
        return stage
    }

    private static func body(_ written: Written) -> Value {
        switch written {
        case .settings(let value):
            [
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "settings", "namespace": "shop"],
                "data": ["v": .string(value)],
            ]
        case .extra: ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "extra", "namespace": "shop"]]
        case .web(let tag):
            [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "shop"],
                "spec": ["template": ["spec": ["containers": [["name": "web", "image": .string("web:\(tag)")]]]]],
            ]
        }
    }

    mutating func apply(_ cluster: String, at milliseconds: Int64, _ written: Written) {
        var body = Self.body(written)
        body["metadata"]?["labels"] = ["flotilla.dev/application": "web"]
        guard let identity = ObjectIdentity(body) else { return }
        var line = Self.request("PATCH", "apply", identity, "flotilla-agent/1.0")
        line["flotilla"] = ["flotilla.dev/application": "web"]
        line["body"] = body
        if case .web(let tag) = written { line["images"] = [.string("web:\(tag)")] }
        add(cluster, milliseconds, line)
    }

    mutating func delete(_ cluster: String, at milliseconds: Int64, _ object: ObjectIdentity, agent: String = "flotilla-agent/1.0") {
        add(cluster, milliseconds, Self.request("DELETE", "delete", object, agent))
    }

    mutating func workload(_ cluster: String, at milliseconds: Int64, _ tag: String, settled: Bool, available: Bool = true) {
        add(
            cluster, milliseconds,
            [
                "event": "workload", "object": Self.object(Self.web), "settled": .bool(settled), "available": .bool(available),
                "images": [.string("web:\(tag)")],
            ])
    }

    /// A person takes production back to the first release's image.
    mutating func revert(at milliseconds: Int64) {
        guard var record = history.stages["production"]?.records.last else { return }
        let at = Self.start + .milliseconds(milliseconds)
        (record.commit, record.release, record.promotion, record.origin) = ("h3", "h3", nil, .human)
        (record.visibleAt, record.committedAt) = (at, Timestamp(seconds: at.seconds))
        record.objects["web"]?[Self.web] = Content.digest(Self.body(.web("1")))
        history.stages["production"]?.records.append(record)
    }

    /// Moves the moment at which a cluster is ready with its newest release.
    mutating func settle(_ cluster: String, from old: Int64, to new: Int64) {
        lines[cluster]?.removeAll { $0.at == old && $0.text.contains(#""settled":true"#) }
        workload(cluster, at: new, "2", settled: true)
    }

    /// Lets the cluster's pods fail by themselves.
    mutating func crash(_ cluster: String, at milliseconds: Int64) {
        workload(cluster, at: milliseconds, "1", settled: false, available: false)
    }

    private static func object(_ identity: ObjectIdentity) -> Value {
        [
            "group": .string(identity.group), "kind": .string(identity.kind), "namespace": .string(identity.namespace),
            "name": .string(identity.name),
        ]
    }

    private static func request(_ method: String, _ verb: String, _ identity: ObjectIdentity, _ agent: String) -> Value {
        [
            "event": "request", "verb": .string(verb), "method": .string(method), "path": "/", "userAgent": .string(agent), "status": 200,
            "object": object(identity),
        ]
    }

    private mutating func add(_ cluster: String, _ milliseconds: Int64, _ line: Value) {
        var line = line
        line["cluster"] = .string(cluster)
        line["time"] = .string((Self.start + .milliseconds(milliseconds)).rfc3339)
        lines[cluster, default: []].append(Line(at: milliseconds, text: JSON.text(line)))
    }

    func verdict() throws -> Verdict {
        var observations: [String: [Observation]] = [:]
        for (cluster, told) in lines {
            let inOrder = told.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            let text = inOrder.map { $0.element.text + "\n" }.joined()
            observations[cluster] = try RequestLines.read(text, cluster: cluster)
        }
        return Checker(shape: Self.shape, history: history, observations: observations, isAtRest: true).verdict()
    }

    /// The rules that the story breaks.
    func broken() throws -> Set<Verdict.Rule> { Set(try verdict().violations.map(\.rule)) }
}
