// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

@testable import AgentProtocol

/// Messages as earlier versions wrote them, one folder for each shape that there was, and what their readers insisted on.
enum RecordedMessages {
    static let folder = "\(#filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })/Fixtures/v1"
    static let versions = ["1-first", "2-waves", "3-originals"]

    static func read(_ name: String) throws -> Value {
        try JSON.read(Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).json"))))
    }
}

@Suite("Version skew") struct SkewTests {
    @Test("what earlier versions wrote is understood", arguments: RecordedMessages.versions)
    func olderWriters(_ version: String) throws {
        let poll = try PollRequest(json: RecordedMessages.read("\(version)/poll-request"))
        #expect(poll.agentVersion == "0.1.0" && poll.held.count == 1 && poll.image == nil)
        let response = try PollResponse(json: RecordedMessages.read("\(version)/poll-response"))
        #expect(!response.tasks.isEmpty && response.refused.isEmpty && response.agentImage == nil)
        for task in response.tasks { #expect(task.options.pruneMaxPercent == 50 && task.options.serviceAccount == "deployer") }
        let report = try Report(json: RecordedMessages.read("\(version)/report"))
        #expect(report.applications.map(\.phase) == [.synced, .failed])
        #expect(report.events.count == 11 && !report.events.contains { $0.kind == .other })
        #expect(try ObjectsRequest(json: RecordedMessages.read("\(version)/objects-request")).digests.count == 2)
        let objects = try ObjectsResponse(json: RecordedMessages.read("\(version)/objects-response"))
        // An object is what its digest says, whoever wrote it down.
        #expect(objects.objects.map { Canonical.digest($0) } == [response.tasks.compactMap(\.bundle.entries.first).first?.object])
        #expect(try ReportResponse(json: RecordedMessages.read("\(version)/report-response")).acknowledged > 0)
    }

    @Test("what earlier readers insist on is written", arguments: RecordedMessages.versions)
    func olderReaders(_ version: String) throws {
        let required = try RecordedMessages.read("required")
        let written: [(String, Value)] = [
            ("poll-request", try PollRequest(json: RecordedMessages.read("\(version)/poll-request")).json),
            ("poll-response", try PollResponse(json: RecordedMessages.read("\(version)/poll-response")).json),
            ("objects-request", try ObjectsRequest(json: RecordedMessages.read("\(version)/objects-request")).json),
            ("objects-response", try ObjectsResponse(json: RecordedMessages.read("\(version)/objects-response")).json),
            ("report", try Report(json: RecordedMessages.read("\(version)/report")).json),
            ("report-response", try ReportResponse(json: RecordedMessages.read("\(version)/report-response")).json),
        ]
        for (name, message) in written {
            let old = try RecordedMessages.read("\(version)/\(name)")
            for path in required[name]?.list?.compactMap(\.string) ?? [] {
                let place = path.split(separator: "/").map(String.init)
                #expect(Self.find(place, in: message) != nil, "\(name)\(path) is missing")
                #expect(Self.find(place, in: message)?.kindName == Self.find(place, in: old)?.kindName, "\(name)\(path) is of another type")
            }
        }
    }

    @Test("the words that earlier readers know are the same")
    func words() throws {
        let words = try #require(try RecordedMessages.read("required")["words"])
        func known(_ name: String) -> Set<String> { Set(words[name]?.list?.compactMap(\.string) ?? []) }
        #expect(known("intent") == Set(SyncTask.Intent.allCases.map(\.rawValue)))
        #expect(known("drift") == Set(DriftPolicy.allCases.map(\.rawValue)))
        #expect(known("phase").isSubset(of: ApplicationReport.Phase.allCases.map(\.rawValue)))
        #expect(known("health").isSubset(of: ApplicationReport.Health.allCases.map(\.rawValue)))
        #expect(known("event").isSubset(of: AgentEvent.Kind.allCases.map(\.rawValue)))
    }

    @Test("a newer agent's words cost nothing but themselves")
    func newerReports() throws {
        var value = try RecordedMessages.read("3-originals/report")
        value = Self.setting(["applications", "0", "phase"], "rebalancing", in: value)
        value = Self.setting(["applications", "1", "health"], "Sleepy", in: value)
        value = Self.setting(["events", "0", "kind"], "rebalanced", in: value)
        let report = try Report(json: value)
        #expect(report.applications[0].phase == .syncing && report.applications[0].message.contains("'rebalancing'"))
        #expect(report.applications[1].health == .unknown && report.applications[1].message.contains("conflicts with"))
        #expect(report.events[0].kind == .other && report.events[0].word == "rebalanced")
        #expect(report.events[1].kind == .pruned)
        #expect(report.json.at("events")?.list?.first?["kind"] == "rebalanced")
        value = Self.setting(["events", "0", "kind"], "<script>", in: value)
        #expect(throws: ShapeError.self) { try Report(json: value) }
    }

    @Test("a newer coordinator's task that is not understood is refused alone")
    func newerTasks() throws {
        var value = try RecordedMessages.read("1-first/poll-response")
        value = Self.setting(["tasks", "1", "intent"], "hibernate", in: value)
        value = Self.setting(["tasks", "2", "options", "drift"], "negotiate", in: value)
        let response = try PollResponse(json: value)
        #expect(response.tasks.map(\.application) == ["web"])
        #expect(response.refused.map(\.application) == ["old", "gone"])
        #expect(response.refused.first?.reason == "tasks[1].intent: unknown intent 'hibernate'")
        #expect(response.refused.first?.generation == Generation("1800000000.43"))
        // What cannot even be named is an error of the whole.
        value = Self.setting(["tasks", "1", "generation"], "later", in: value)
        #expect(throws: ShapeError.self) { try PollResponse(json: value) }
    }

    @Test(
        "versions are compared by their numbers",
        arguments: [
            ("0.2.0", "0.1.9", true), ("0.1.9", "0.1.0", false), ("v1.0.0", "0.9.9", true), ("0.1.0", "0.2.0", false),
            ("latest", "0.1.0", false),
            ("1.0-rc.1", "0.9.0", true), ("", "0.1.0", false),
        ])
    func versions(_ agent: String, _ coordinator: String, _ isNewer: Bool) {
        #expect(ProgramVersion.isAgent(agent, newerThan: coordinator) == isNewer)
    }

    @Test(
        "names of images",
        arguments: [
            ("registry.example/flotilla-agent:0.2.0", true), ("registry.example:5000/a/b@sha256:00ff", true), ("agent", true), ("", false),
            ("-x", false), ("a b", false), ("a\nb", false), ("a//b", false), ("a:", false), (String(repeating: "a", count: 513), false),
        ])
    func images(_ name: String, _ isValid: Bool) {
        #expect(AgentImage.isValid(name) == isValid)
    }

    @Test("an image's tag")
    func tags() {
        #expect(AgentImage.tag(of: "registry.example:5000/agent:1.2@sha256:00") == "1.2")
        #expect(AgentImage.tag(of: "registry.example:5000/agent") == nil)
        #expect(AgentImage.tag(of: "agent@sha256:00") == nil)
    }

    private static func find(_ path: [String], in value: Value) -> Value? {
        guard let first = path.first else { return value }
        let rest = Array(path.dropFirst())
        if let index = Int(first) {
            guard let items = value.list, items.indices.contains(index) else { return nil }
            return find(rest, in: items[index])
        }
        return value.map?[first].flatMap { find(rest, in: $0) }
    }

    private static func setting(_ path: [String], _ text: String, in value: Value) -> Value {
        guard let first = path.first else { return .string(text) }
        let rest = Array(path.dropFirst())
        switch value {
        case .list(var items):
            guard let index = Int(first), items.indices.contains(index) else { return value }
            items[index] = setting(rest, text, in: items[index])
            return .list(items)
        case .map(var map):
            map[first] = setting(rest, text, in: map[first] ?? .null)
            return .map(map)
        default: return .string(text)
        }
    }
}
