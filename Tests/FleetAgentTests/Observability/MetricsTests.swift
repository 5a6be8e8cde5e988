// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Testing

@testable import FleetAgent

@Suite struct MetricsTests {
    private static func status(holder: String = "me", cluster: String = "prod-1", reports: ReportQueue = ReportQueue()) -> AgentStatus {
        let clock = AgentClock(now: { Timestamp(seconds: 1_000) }, sleep: { _ in })
        return AgentStatus(
            version: "0.1.0", cluster: cluster, instance: "me", meter: reports.meter, pulse: Pulse(clock: clock),
            standing: Standing(
                Standing.State(
                    actsUntil: holder == "me" ? Timestamp(seconds: 1_010) : nil, term: 4, termBefore: 3, holder: holder, isKnown: true)),
            reports: reports, clock: clock)
    }

    private static func report(_ name: String, _ phase: ApplicationReport.Phase, _ health: ApplicationReport.Health) -> ApplicationReport {
        ApplicationReport(
            application: name, generation: Generation(epoch: 1, counter: 1), bundle: .sha256(Array(name.utf8)), phase: phase,
            health: health,
            message: "", objectsTotal: 3, objectsCurrent: 2, since: Timestamp(seconds: 1))
    }

    @Test("Everything parses, has help and a type, and says what happened")
    func exposition() throws {
        let reports = ReportQueue()
        reports.put(Self.report("a", .synced, .current), urgent: false)
        reports.put(Self.report("b", .failed, .inProgress), urgent: false)
        reports.put(Self.report("c", .removed, .notFound), urgent: false)
        for milliseconds in [0, 3, 3, 70, 1_000_000] as [Int64] {
            reports.add(
                AgentEvent(.healed, at: Timestamp(seconds: 1), application: "a", message: "", durationMilliseconds: milliseconds))
        }
        reports.add(AgentEvent(.pruned, at: Timestamp(seconds: 1), application: "a", message: ""))
        reports.meter.applied()
        reports.meter.watchEnded()
        reports.meter.polled(at: Timestamp(seconds: 990))
        let page = try Page(Self.status(reports: reports).metrics)
        #expect(page.value("flotilla_agent_applications", ["phase": "synced"]) == 1)
        #expect(page.value("flotilla_agent_applications", ["phase": "failed"]) == 1)
        #expect(page.value("flotilla_agent_applications", ["phase": "held"]) == 0)
        #expect(page.value("flotilla_agent_applications_health", ["health": "InProgress"]) == 1)
        #expect(page.value("flotilla_agent_objects") == 6 && page.value("flotilla_agent_objects_current") == 4)
        #expect(page.value("flotilla_agent_heals_total") == 5 && page.value("flotilla_agent_prunes_total") == 1)
        #expect(page.value("flotilla_agent_heal_duration_seconds_bucket", ["le": "0.001"]) == 1)
        #expect(page.value("flotilla_agent_heal_duration_seconds_bucket", ["le": "0.005"]) == 3)
        #expect(page.value("flotilla_agent_heal_duration_seconds_bucket", ["le": "60"]) == 4)
        #expect(page.value("flotilla_agent_heal_duration_seconds_bucket", ["le": "+Inf"]) == 5)
        #expect(page.value("flotilla_agent_heal_duration_seconds_count") == 5)
        #expect(page.value("flotilla_agent_heal_duration_seconds_sum") == 1_000.076)
        #expect(page.value("flotilla_agent_objects_applied_total") == 1 && page.value("flotilla_agent_watch_restarts_total") == 1)
        #expect(page.value("flotilla_agent_last_poll_age_seconds") == 10)
        #expect(page.value("flotilla_agent_last_report_age_seconds")?.isNaN == true)
        #expect(page.value("flotilla_agent_coordinator_reachable") == 1 && page.value("flotilla_agent_acting") == 1)
        #expect(page.value("flotilla_agent_lease_transitions") == 4)
        #expect(page.value("flotilla_agent_events_waiting") == 6)
        #expect(page.value("flotilla_agent_process_resident_memory_bytes") ?? 0 > 1_000_000)
        #expect(page.value("flotilla_agent_process_cpu_seconds_total") ?? -1 >= 0)
        #expect(page.value("flotilla_agent_process_open_files") ?? 0 > 2)
    }

    @Test("Values from outside are escaped and cut")
    func escaping() throws {
        let page = try Page(Self.status(holder: "a\"b\\c\nd" + String(repeating: "x", count: 500), cluster: "é\"}{,=").metrics)
        #expect(page.samples.contains { $0.name == "flotilla_agent_build_info" && $0.labels["cluster"] == "é\"}{,=" })
        let holder = page.samples.first { $0.name == "flotilla_agent_lease_holder_info" }?.labels["holder"]
        #expect(holder?.hasPrefix("a\"b\\c\ndxxx") == true && holder?.count == 200)
    }

    @Test("Names of applications are in no label: their number does not matter")
    func cardinality() throws {
        let reports = ReportQueue()
        let few = try Page(Self.status(reports: reports).metrics).samples.count
        for number in 0..<500 { reports.put(Self.report("application-\(number)", .synced, .current), urgent: false) }
        #expect(try Page(Self.status(reports: reports).metrics).samples.count == few)
    }

    @Test("Ready is who acts on a loaded state and a cluster that answers, or stands by")
    func ready() {
        let reports = ReportQueue()
        let acting = Self.status(reports: reports)
        #expect(acting.answer("/readyz")?.status == 503)
        reports.meter.began(loaded: true)
        #expect(acting.answer("/readyz")?.text == "the API server does not answer\n")
        reports.meter.clusterAnswers(true)
        #expect(acting.answer("/readyz")?.status == 200)
        #expect(Self.status(holder: "other").answer("/readyz")?.text == "ok: stands by for other\n")
        #expect(Self.status(holder: "").answer("/readyz")?.status == 503)
        #expect(acting.answer("/other") == nil)
    }

    @Test("What Linux says of a process is read, whatever its name")
    func process() {
        var use = ProcessUse()
        use.read(status: "Name:\tx\nVmRSS:\t    2048 kB\nRssAnon:\t     512 kB\n")
        use.read(stat: "12 (a b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0", ticksPerSecond: 100)
        #expect(use.residentBytes == 2_097_152 && use.anonymousBytes == 524_288 && use.cpuSeconds == 3)
    }
}

/// A page of metrics, read as strictly as the format allows.
private struct Page {
    struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Malformed: Error { var line: String }

    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        var types: [String: String] = [:]
        var helped: Set<String> = []
        var seen: Set<String> = []
        guard text.hasSuffix("\n") else { throw Malformed(line: "the end") }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, helped.insert(words[2]).inserted else { throw Malformed(line: String(line)) }
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, helped.contains(words[2]), types[words[2]] == nil,
                    ["counter", "gauge", "histogram"].contains(words[3])
                else { throw Malformed(line: String(line)) }
                types[words[2]] = words[3]
            } else {
                let sample = try Self.sample(line)
                var family = sample.name
                for suffix in ["_bucket", "_sum", "_count"] where family.hasSuffix(suffix) {
                    let base = String(family.dropLast(suffix.count))
                    if types[base] == "histogram" { family = base }
                }
                guard let type = types[family], family.hasPrefix("flotilla_agent_"),
                    (type == "counter") == family.hasSuffix("_total"),
                    seen.insert("\(sample.name)\(sample.labels.sorted { $0.key < $1.key })").inserted
                else { throw Malformed(line: String(line)) }
                samples.append(sample)
            }
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private static func sample(_ line: Substring) throws -> Sample {
        let malformed = Malformed(line: String(line))
        var rest = line
        let name = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let key = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(key.count)
                guard rest.hasPrefix("=\"") else { throw malformed }
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    switch rest.popFirst() {
                    case "n": value += "\n"
                    case "\"": value += "\""
                    case "\\": value += "\\"
                    default: throw malformed
                    }
                }
                guard labels.updateValue(value, forKey: key) == nil else { throw malformed }
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard !name.isEmpty, rest.first == " ",
            let value = Double(String(rest.dropFirst()).replacing("+Inf", with: "inf").replacing("NaN", with: "nan"))
        else { throw malformed }
        return Sample(name: name, labels: labels, value: value)
    }
}
