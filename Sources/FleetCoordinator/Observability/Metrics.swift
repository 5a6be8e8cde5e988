// SPDX-License-Identifier: Apache-2.0
import Glibc
import Manifests
import PostgresClient
import Promotion
import Synchronization

/// What is measured, in Prometheus' text format (exposition format 0.0.4). Labels are bounded by what the fleet declares.
struct Metrics: Sendable {
    let store: Store
    let time: WallTime
    let startedAt: Timestamp
    let version: String
    let counters: Counters
    let waiters: PollWaiters
    let fan: EventFan
    let kinds: EventKinds
    let following: @Sendable () -> WebServices.Following

    func text() async throws -> String {
        let now = time.now
        let (fleet, stages) = try await store.database.read { (try ReadFleet.measures($0, at: now), try ReadStages.all($0, .everything)) }
        let events = try await kinds.counts(through: fan.advance())
        var text = MetricText()
        text.add(
            "flotilla_build_info", .gauge, "The running version.", [([("version", version)], 1)])
        text.add(
            "flotilla_clusters", .gauge, "Clusters by whether their agents are heard; 'released' ones have left the fleet.",
            [
                ([("state", "online")], fleet.counts.online), ([("state", "offline")], fleet.counts.clusters - fleet.counts.online),
                ([("state", "released")], fleet.released),
            ])
        text.add(
            "flotilla_applications", .gauge, "Applications on clusters by the health that was reported last.",
            fleet.healths.map { ([("health", $0.health)], $0.count) })
        let applications = fleet.counts.applications
        text.add(
            "flotilla_applications_condition", .gauge, "Applications on clusters by how they compare with what is desired.",
            [
                ([("condition", "current")], applications.current), ([("condition", "progressing")], applications.progressing),
                ([("condition", "failed")], applications.failed),
            ])
        text.add(
            "flotilla_stage_state", .gauge, "1 for the state that a stage is in.",
            stages.flatMap { stage in
                StageReading.Word.allCases.map { word in
                    (
                        [("pipeline", stage.stage.id.pipeline), ("environment", stage.stage.id.environment), ("state", word.rawValue)],
                        word == stage.word ? 1 : 0
                    )
                }
            })
        text.add(
            "flotilla_stage_clusters", .gauge, "Clusters of a stage, and those on which all of it is Current.",
            stages.flatMap { stage in
                let labels = [("pipeline", stage.stage.id.pipeline), ("environment", stage.stage.id.environment)]
                return [(labels + [("state", "total")], stage.clustersTotal), (labels + [("state", "current")], stage.clustersCurrent)]
            })
        text.add(
            "flotilla_promotions_total", .gauge, "Promotions by the state that they are in.",
            fleet.promotionStates.map { ([("state", $0.state)], $0.count) })
        text.add("flotilla_events_total", .counter, "Events by kind.", events.map { ([("kind", $0.kind)], $0.count) })
        text.add("flotilla_journal_pending", .gauge, "Decisions that are not on a journal branch yet.", [([], fleet.journalPending)])
        text.add("flotilla_agent_polls_parked", .gauge, "Agents' polls that wait in this process.", [([], waiters.parked)])
        text.add("flotilla_event_streams", .gauge, "Readers of the event stream in this process.", [([], fan.streams)])
        let following = following()
        text.add(
            "flotilla_git_fetch_failures_total", .counter, "Rounds of following the fleet repository that failed.",
            [([], following.failures)])
        if let lastFetch = following.lastFetch {
            text.add(
                "flotilla_git_last_fetch_timestamp_seconds", .gauge, "When the fleet repository was last fetched.",
                [([], Int(lastFetch.seconds))])
        }
        for name in Counters.Name.allCases { text.add(name.rawValue, .counter, name.help, count: counters[name], unit: name.unit) }
        text.add(
            "flotilla_http_requests_total", .counter, "Answers of this process by the first digit of their status.",
            counters.answers.sorted { $0.key < $1.key }.map { ([("code", "\($0.key)xx")], $0.value) })
        text.add("process_resident_memory_bytes", .gauge, "Resident memory of this process.", [([], Self.residentBytes())])
        text.add(
            "process_uptime_seconds", .gauge, "Since this process began to serve.",
            [([], Int((now.milliseconds - startedAt.milliseconds) / 1_000))])
        return text.text
    }

    /// The second number of `/proc/self/statm`, in pages (proc(5)).
    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 256)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return 0 }
        let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let numbers = line.split(separator: " ")
        return numbers.count > 1 ? (Int(numbers[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }
}

/// How many events there were of each kind. Only what is new since the last question is counted.
actor EventKinds {
    private let store: Store
    private var through: Int64 = 0
    private var known: [String: Int] = [:]

    init(store: Store) { self.store = store }

    func counts(through horizon: Int64) async throws -> [(kind: String, count: Int)] {
        let from = through
        if horizon > from {
            let new = try await store.database.read { try ReadFleet.eventKinds($0, after: from, through: horizon) }
            // Somebody else may have counted the same meanwhile.
            if through == from {
                for (kind, count) in new { known[kind, default: 0] += count }
                through = horizon
            }
        }
        return known.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// Builds the text format: one `HELP` and `TYPE` per name, values escaped.
struct MetricText: Sendable {
    enum Kind: String, Sendable { case gauge, counter }

    private(set) var text = ""

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [(String, String)], value: Int)]) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            text += name
            if !sample.labels.isEmpty {
                text += "{" + sample.labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",") + "}"
            }
            text += " \(sample.value)\n"
        }
    }

    /// A sample without labels, of `count` times `unit`.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, count: Int, unit: Double) {
        let value = unit == 1 ? "\(count)" : "\(Double(count) * unit)"
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n\(name) \(value)\n"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
