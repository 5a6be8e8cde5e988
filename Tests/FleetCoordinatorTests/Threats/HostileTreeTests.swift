// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

/// Trees that no checkout would survive, on their way from Git through rendering: none reaches a file of this machine.
@Suite("Git trees that lead elsewhere", .serialized) struct HostileTreeTests {
    private static let folder = "environments/staging/web"

    @discardableResult
    private static func git(_ arguments: [String], _ input: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"]
        let (incoming, outgoing) = (Pipe(), Pipe())
        process.standardInput = incoming
        process.standardOutput = outgoing
        try process.run()
        try incoming.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try incoming.fileHandleForWriting.close()
        let output = outgoing.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "git \(arguments)")
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Pushes links and files beside what is there, past everything that a person's Git would refuse.
    private static func push(_ fleet: TestFleet, links: [String: String], files: [String: String] = [:]) throws {
        var text = "commit refs/heads/main\ncommitter A <a@example.com> 1800000000 +0000\ndata 7\nHostile\nfrom refs/heads/main^0\n"
        for (path, target) in links { text += "M 120000 inline \(path)\ndata \(target.utf8.count)\n\(target)\n" }
        for (path, content) in files { text += "M 100644 inline \(path)\ndata \(content.utf8.count)\n\(content)\n" }
        try git(["--git-dir", fleet.remote, "fast-import", "--quiet"], text)
    }

    /// What the newest plan says is wrong.
    private static func refusal(_ fleet: TestFleet) async throws -> String {
        try await fleet.follower.round()
        return try await fleet.store.database.read { session in
            try session.query("select error from plans order by sequence desc limit 1").first?.text("error") ?? ""
        }
    }

    @Test(
        "a link that leads out of the repository is refused, whatever it is written like",
        arguments: [
            "/SECRET", "../../../../../../../../../../SECRET", "../../../../../../../../../../../proc/self/environ", "./../../../../SECRET",
            "/", "../../../..",
        ])
    func links(_ pattern: String) async throws {
        let fleet = try await TestFleet(files: JourneyTests.files())
        try await fleet.settle(clusters: ["s1"], rounds: 3)
        let word = "Seed" + KeyFolder.hex(KeyFolder.random(12))
        let outside = "\(fleet.folder)/outside.yaml"
        let content = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(word.lowercased())}\ndata: {word: \(word)}\n"
        try content.write(toFile: outside, atomically: true, encoding: .utf8)
        let target = pattern.replacing("/SECRET", with: outside)
        for (links, files) in [
            // A plain folder, a kustomization that names the link, and a folder that is a link.
            (["\(Self.folder)/x.yaml": target], [:]),
            (["\(Self.folder)/x.yaml": target], ["\(Self.folder)/kustomization.yaml": "resources: [web.yaml, x.yaml]\n"]),
            (["\(Self.folder)/dir": target], ["\(Self.folder)/kustomization.yaml": "resources: [web.yaml, dir/outside.yaml]\n"]),
            (
                ["\(Self.folder)/x.yaml": target],
                ["\(Self.folder)/kustomization.yaml": "resources: [web.yaml]\nconfigMapGenerator: [{name: a, files: [x.yaml]}]\n"]
            ),
        ] as [([String: String], [String: String])] {
            try Self.push(fleet, links: links, files: files)
            let refusal = try await Self.refusal(fleet)
            #expect(!refusal.isEmpty && !refusal.contains(word), "\(target): '\(refusal)'")
            #expect(try await DatabaseSearch.tables(holding: [word], in: fleet.store.database) == [])
        }
        await fleet.store.database.close()
        await fleet.mirror.close()
    }

    @Test("paths in declarations and kustomizations stay in the repository")
    func paths() async throws {
        for path in ["/etc", "../..", "environments/../../../etc", "environments/staging/web/../../../../etc"] {
            var files = JourneyTests.files()
            files["fleet/applications/web/application.yaml"] = files["fleet/applications/web/application.yaml"]?.replacing(
                "environments/${environment.name}/web", with: path)
            let fleet = try await TestFleet(files: files)
            try await fleet.follower.round()
            let planned = try await fleet.store.database.read { session in
                try session.query("select count(*) as n from plans where error = ''").first?.int64("n")
            }
            #expect(planned == 0, "\(path)")
            #expect(try await DatabaseSearch.tables(holding: ["root:x:0:0"], in: fleet.store.database) == [])
            await fleet.store.database.close()
            await fleet.mirror.close()
        }
    }

    @Test("a link within the repository is followed: the others are not refused for being links")
    func inside() async throws {
        let fleet = try await TestFleet(files: JourneyTests.files())
        try Self.push(
            fleet, links: ["\(Self.folder)/x.yaml": "../../../shared/map.yaml"],
            files: ["shared/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\n"])
        #expect(try await Self.refusal(fleet) == "")
        await fleet.store.database.close()
        await fleet.mirror.close()
    }
}
