// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

@Suite("The audit trail over HTTP") struct AuditRoutesTests {
    @Test("entries are listed newest first, filtered, and paged by key")
    func lists() async throws {
        try await ServedFleet.with { served async throws in
            let production = "/api/v1/stages/shop/production"
            for index in 0..<4 {
                _ = try await served.post("\(production)/pause", ["reason": .string("sale \(index)")])
                _ = try await served.post("\(production)/resume")
            }
            let paused = try await served.get("/api/v1/audit?action=stage.pause&limit=3").json
            #expect(paused["items"]?.list?.map { $0["reason"] } == ["sale 3", "sale 2", "sale 1"])
            let next = try #require(paused["next"]?.string)
            let rest = try await served.get("/api/v1/audit?action=stage.pause&limit=3&after=\(next)").json
            #expect(rest["items"]?.list?.map { $0["reason"] } == ["sale 0"] && rest["next"]?.isNull == true)
            let first = try #require(paused["items"]?.list?.first)
            #expect(first.at("after", "paused", "by") == "administrator" && first.at("before", "paused") == nil)
            #expect(first["address"] == "127.0.0.1" && first["target"] == "shop/production" && first["outcome"] == "done")
            #expect(
                try await served.get("/api/v1/audit?actor=coordinator").json["items"]?.list?.allSatisfy { $0["action"] == "stage.record" }
                    == true)
            #expect(try await served.get("/api/v1/audit?target=shop/staging").json["items"]?.list?.count == 1)
            #expect(try await served.get("/api/v1/audit?since=2100-01-01T00:00:00Z").json["items"]?.list == [])
            #expect(try await served.get("/api/v1/audit?outcome=perhaps").status == 422)
            #expect(try await served.get("/api/v1/audit?since=yesterday").status == 422)
        }
    }

    /// The bytes in pieces of odd sizes, as a file is read.
    private func verify(_ bytes: [UInt8], key: Bool = true, journals: [(name: String, bytes: [UInt8])] = []) throws -> Value {
        var file = try AuditExportFile(key: key ? String(repeating: "a7", count: 32) : nil, journals: journals)
        for start in stride(from: 0, to: bytes.count, by: 777) { file.take(Array(bytes[start..<min(start + 777, bytes.count)])) }
        let (report, digest) = file.finish()
        #expect(digest == .sha256(bytes))
        return report
    }

    @Test("an export verifies by itself, is the same each time, and shows whatever was done to it")
    func exports() async throws {
        try await ServedFleet.with { served async throws in
            let fleet = served.fleet
            let audit = fleet.store.audit
            try await fleet.store.database.transaction { try audit.append($0, (0..<2_500).map { AuditTrailTests.entry($0) }) }
            let export = try await served.get("/api/v1/audit/export").body
            #expect(try await served.get("/api/v1/audit/export").body == export)
            let report = try verify(export)
            #expect(report["intact"] == true && report["from"] == 1 && report["sealsChecked"] == true)
            let entries = try #require(report["entries"]?.int)
            #expect(entries > 2_500 && report["through"]?.int == entries)
            #expect(try verify(export, key: false)["sealsChecked"] == false)

            let part = try await served.get("/api/v1/audit/export?from=100&through=199").body
            #expect(try verify(part)["intact"] == true && verify(part)["entries"] == 100 && verify(part)["from"] == 100)
            #expect(try await served.get("/api/v1/audit/export?from=99999").status == 404)

            let lines = part.split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
            func broken(_ changed: [[UInt8]]) throws -> (String?, Int64?) {
                let broken = try verify(changed.flatMap(\.self))["broken"]
                return (broken?["kind"]?.string, broken?["sequence"]?.int)
            }
            func replaced(_ index: Int, _ from: String, _ to: String) -> [[UInt8]] {
                var changed = lines
                changed[index] = Array(String(decoding: lines[index], as: UTF8.self).replacing(from, with: to).utf8)
                return changed
            }
            #expect(try broken(replaced(5, "ada", "eve")) == ("altered", 104))
            #expect(try broken(replaced(5, "\"seal\":\"9f1f6517.", "\"seal\":\"9f1f6517.0")) == ("forged", 104))
            var swapped = lines
            swapped.swapAt(5, 6)
            #expect(try broken(swapped) == ("missing", 104))
            var without = lines
            without.remove(at: 7)
            #expect(try broken(without) == ("missing", 106))
            #expect(try broken(Array(lines.dropLast())) == ("damaged", 200))
            #expect(try broken(Array(lines.dropLast(2)) + [lines[lines.count - 1]]) == ("truncated", 199))
            #expect(try broken(lines + [lines[3]]) == ("damaged", 200))
            #expect(try broken(replaced(0, "\"through\":199", "\"through\":300")) == ("damaged", 200))
            #expect(try broken(replaced(101, "sha256:", "sha256:0")) == ("damaged", 200))
            #expect(try broken([Array("{}\n".utf8)]).0 == "damaged")
            #expect(try broken([Array(repeating: UInt8(ascii: "x"), count: 300_000)]).0 == "damaged")
        }
    }

    @Test("journals take the trail's head along, and verification compares them")
    func journals() async throws {
        try await ServedFleet.with { served async throws in
            let fleet = served.fleet
            _ = try await served.post("/api/v1/stages/shop/production/pause", ["reason": "sale"])
            try await fleet.journalist.flush(pipeline: "shop")
            let head = try await fleet.store.database.read { try AuditRows.head($0) }
            let branch = try #require(try await fleet.mirror.head(of: "flotilla-journal/shop"))
            let state = try await Journalist.state(in: fleet.mirror, at: branch)
            #expect(state.audit?.head == head && state.audit?.at == fleet.time.now)
            #expect(try await fleet.mirror.commit(branch).trailer("Flotilla-Audit") == "\(fleet.store.epoch) \(head.sequence) \(head.hash)")

            // Nothing new: nothing is written. After an hour and something new: one commit, on the fleet's own journal.
            try await fleet.journalist.keepAuditHead()
            let first = try #require(try await fleet.mirror.head(of: "flotilla-journal/fleet"))
            fleet.time.advance(by: .seconds(4_000))
            try await fleet.journalist.keepAuditHead()
            #expect(try await fleet.mirror.head(of: "flotilla-journal/fleet") == first)
            _ = try await served.post("/api/v1/clusters/s1/enrollments")
            let later = try await fleet.store.database.read { try AuditRows.head($0) }
            try await fleet.journalist.keepAuditHead()
            let second = try #require(try await fleet.mirror.head(of: "flotilla-journal/fleet"))
            #expect(try await fleet.mirror.commit(second).parents == [first])
            #expect(try await fleet.mirror.commit(second).title == "audit trail up to entry \(later.sequence)")
            _ = try await served.post("/api/v1/clusters/s1/enrollments")
            try await fleet.journalist.keepAuditHead()
            #expect(try await fleet.mirror.head(of: "flotilla-journal/fleet") == second)

            // Somebody without the coordinator's key proves nothing.
            try await fleet.push(
                tree: try await fleet.mirror.treeID(of: second), parent: second,
                message: "x\n\nFlotilla-Audit: \(fleet.store.epoch) 1 \(String(repeating: "1", count: 64))\n",
                branch: "flotilla-journal/fleet")
            let verified = try await served.get("/api/v1/audit/verification").json
            #expect(verified["intact"] == true && verified.at("journals", "unsigned") == 1)
            #expect(
                verified.at("journals", "contradicting") == 0
                    && verified.at("journals", "newestMatching", "sequence")?.int == later.sequence)

            // An export is compared with a journal's state.json as stock Git prints it.
            let file = (name: "head.json", bytes: JSON.write(try await Journalist.state(in: fleet.mirror, at: second).json))
            let export = try await served.get("/api/v1/audit/export").body
            #expect(try verify(export, key: false, journals: [file]).at("journals", "matching") == 1)
            let part = try await served.get("/api/v1/audit/export?through=1").body
            #expect(try verify(part, key: false, journals: [file]).at("journals", "later") == 1)

            // The newest entries vanish, and the head with them: only Git knows.
            let before = try await fleet.store.auditTrail()[Int(head.sequence) - 2]
            try await AuditTamperingTests.tamper(
                fleet.store,
                "delete from audit where sequence > \(before.sequence); update audit_head set sequence = \(before.sequence), hash = '\(before.hash)'"
            )
            let cut = try await served.get("/api/v1/audit/verification").json
            #expect(cut["intact"] == false && cut.at("broken", "kind") == "truncated" && cut.at("broken", "sequence")?.int == head.sequence)
            #expect(cut["through"]?.int == before.sequence)
        }
    }

    @Test("what was exported can be removed, and nothing else")
    func prunes() async throws {
        try await ServedFleet.with { served async throws in
            let fleet = served.fleet
            let audit = fleet.store.audit
            try await fleet.store.database.transaction { try audit.append($0, (0..<1_200).map { AuditTrailTests.entry($0) }) }
            try await fleet.journalist.keepAuditHead()
            // The administrator's token is told of once.
            _ = try await served.get("/api/v1/status")
            let count = try #require(try await fleet.store.auditTrail().last?.sequence)
            let export = try await served.get("/api/v1/audit/export?through=1100").body
            func prune(_ through: Int64, _ bytes: [UInt8]) async throws -> ServedFleet.Answer {
                try await served.post("/api/v1/audit/prune", ["through": .int(through), "export": .string("\(Digest.sha256(bytes))")])
            }
            #expect(try await prune(1_100, export + [0]).code == "other-export")
            #expect(try await prune(1_099, export).code == "other-export")
            #expect(try await prune(99_999, export).code == "nothing-to-prune")
            #expect(try await fleet.store.auditTrail().count == count)
            let done = try await prune(1_100, export)
            #expect(done.status == 200 && done.json["entries"] == 1_100)
            let left = try await fleet.store.auditTrail()
            #expect(left.first?.sequence == 1_101 && left.last?.action == "audit.prune" && left.last?.sequence == count + 1)
            let verified = try await served.get("/api/v1/audit/verification").json
            #expect(verified["intact"] == true && verified["from"] == 1_101 && verified.at("anchor", "sequence") == 1_100)
            #expect(verified.at("journals", "matching")?.int == 1 && verified.at("journals", "pruned")?.int ?? 0 > 0)
            #expect(try await served.get("/api/v1/audit/export?from=5").status == 422)
            // The rest goes on from the anchor, and the two exports join.
            let rest = try await served.get("/api/v1/audit/export").body
            #expect(try verify(rest)["from"] == 1_101 && verify(rest)["intact"] == true)

            // Nothing is removed from a trail that is not intact.
            try await AuditTamperingTests.tamper(fleet.store, "update audit set actor = 'eve' where sequence = 1150")
            let tampered = try await served.get("/api/v1/audit/export?through=1180").body
            #expect(try await prune(1_180, tampered).code == "audit-broken")
        }
    }
}
