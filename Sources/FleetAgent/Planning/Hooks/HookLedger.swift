// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// How a hook ended.
enum HookOutcome: Sendable, Hashable {
    case succeeded
    case failed(String)
}

/// Which hooks of an application have run on this cluster, and how they ended: kept as an annotation of the ApplySet's parent, so that
/// no agent that starts anew runs one again.
struct HookLedger: Sendable, Hashable {
    static let annotation = "flotilla.dev/hooks"
    /// Runs that are remembered: a release that comes again soon after is known.
    static let runsMax = 10
    /// No bundle may have more hooks.
    static let hooksMax = 200
    static let bytesMax = 100_000
    private static let reasonMax = 300

    /// The hooks of one release, or of one rollback.
    struct Run: Sendable, Hashable {
        var key: String
        var occasion: Hook.Occasion
        var outcomes: [String: HookOutcome] = [:]
        /// Hooks that have ended, and whose objects may still have to be let go.
        var open: Set<String> = []
    }

    /// A hook that runs when the application goes. Its bundle is not there any more by then.
    struct RemovalHook: Sendable, Hashable {
        var identity: ObjectIdentity
        var apiVersion: String
        /// By which its body is found.
        var body: Digest
    }

    /// Of the bundle that was last applied as a whole.
    var removal: [RemovalHook] = []
    /// The newest first.
    private(set) var runs: [Run] = []
    /// Whether a sync of the application has ever ended well on this cluster.
    var isInstalled: Bool
    /// The release for which hooks' objects were last cleared away that no bundle has any more.
    var cleared = ""

    init(isInstalled: Bool) { self.isInstalled = isInstalled }

    subscript(key: String) -> Run? { runs.first { $0.key == key } }

    /// The run that a task belongs to, begun where there is none yet: one of its release, or of the very rollback.
    mutating func begin(_ record: RecordReference) -> Run {
        let key = record.isRollback ? "\(record.release)@\(record.promotion)" : record.release
        if let known = self[key] { return known }
        // Whatever brings the release again later (a fleet commit, for example), its hooks have had their turn.
        if !record.isRollback, let known = runs.first(where: { $0.key.hasPrefix("\(record.release)@") }) { return known }
        // Where the application never was, there is nothing to go back from.
        let run = Run(key: key, occasion: !isInstalled ? .install : record.isRollback ? .rollback : .upgrade)
        runs.insert(run, at: 0)
        if runs.count > Self.runsMax { runs.removeLast(runs.count - Self.runsMax) }
        return run
    }

    /// The run of the hooks for a record that no longer has the application.
    mutating func beginRemoval(_ record: RecordReference) -> Run {
        let key = "\(record.release)#removal"
        if let known = self[key] { return known }
        let run = Run(key: key, occasion: .removal)
        runs.insert(run, at: 0)
        if runs.count > Self.runsMax { runs.removeLast(runs.count - Self.runsMax) }
        return run
    }

    /// Notes an outcome. The first one counts.
    mutating func end(_ hook: String, of key: String, _ outcome: HookOutcome) {
        guard let index = runs.firstIndex(where: { $0.key == key }), runs[index].outcomes[hook] == nil else { return }
        var outcome = outcome
        if case .failed(let reason) = outcome { outcome = .failed(String(reason.prefix(Self.reasonMax))) }
        runs[index].outcomes[hook] = outcome
        runs[index].open.insert(hook)
    }

    mutating func close(_ hook: String, of key: String) {
        guard let index = runs.firstIndex(where: { $0.key == key }) else { return }
        runs[index].open.remove(hook)
    }

    // MARK: In the cluster

    /// As it is written: oldest runs are left out where the text would be too long.
    var text: String {
        var kept = runs
        while true {
            let bytes = JSON.write(json(kept))
            if bytes.count <= Self.bytesMax || kept.count <= 1 { return String(decoding: bytes, as: UTF8.self) }
            kept.removeLast()
        }
    }

    private func json(_ runs: [Run]) -> Value {
        var map: Map = ["installed": .bool(isInstalled), "cleared": .string(cleared), "runs": .list(runs.map(Self.json))]
        if !removal.isEmpty { map["removal"] = .list(removal.map(\.json)) }
        return .map(map)
    }

    private static func json(_ run: Run) -> Value {
        var map: Map = [
            "run": .string(run.key), "occasion": .string(run.occasion.rawValue),
            "outcomes": .map(
                Map(
                    run.outcomes.sorted { $0.key < $1.key }.map { key, outcome in
                        if case .failed(let reason) = outcome { return (key, .string("failed: \(reason)")) }
                        return (key, .string("succeeded"))
                    })),
        ]
        if !run.open.isEmpty { map["open"] = .list(run.open.sorted().map { .string($0) }) }
        return .map(map)
    }

    /// - Returns: `nil` for what cannot be read.
    init?(text: String) {
        guard let value = try? JSON.read(text), let isInstalled = value["installed"]?.bool, let list = value["runs"]?.list else {
            return nil
        }
        self.isInstalled = isInstalled
        cleared = value["cleared"]?.string ?? ""
        removal = (value["removal"]?.list ?? []).prefix(Self.hooksMax).compactMap { RemovalHook(json: $0) }
        for item in list.prefix(Self.runsMax) {
            guard let key = item["run"]?.string, let occasion = item["occasion"]?.string.flatMap({ Hook.Occasion(rawValue: $0) }) else {
                return nil
            }
            var run = Run(key: key, occasion: occasion)
            for entry in item["outcomes"]?.map?.entries ?? [] {
                guard let word = entry.value.string else { return nil }
                let failed = "failed: "
                run.outcomes[entry.key] = word.hasPrefix(failed) ? .failed(String(word.dropFirst(failed.count))) : .succeeded
            }
            run.open = Set((item["open"]?.list ?? []).compactMap(\.string))
            runs.append(run)
        }
    }
}

extension HookLedger.RemovalHook {
    fileprivate var json: Value {
        .map([
            "apiVersion": .string(apiVersion), "kind": .string(identity.kind), "namespace": .string(identity.namespace),
            "name": .string(identity.name), "body": .string(body.description),
        ])
    }

    fileprivate init?(json: Value) {
        guard let apiVersion = json["apiVersion"]?.string, let kind = json["kind"]?.string, let name = json["name"]?.string,
            let body = json["body"]?.string.flatMap({ Digest($0) })
        else { return nil }
        self.apiVersion = apiVersion
        self.body = body
        identity = ObjectIdentity(
            group: ObjectIdentity.group(ofAPIVersion: apiVersion), kind: kind, namespace: json["namespace"]?.string ?? "", name: name)
    }
}
