// SPDX-License-Identifier: Apache-2.0

import Logging
import Manifests
import NIOPosix
import Testing

@testable import ClusterSimulator

#if canImport(Glibc)
    import Glibc
#endif

/// Replays recordings that need no waiting, and whose texts do not vary with the clock, over HTTPS, with the program that comes with them: requests without credentials are
/// anonymous then, the others the administrator's by certificate.
@Suite struct SecureReplayTests {
    private static let folder = ReplayTests.folder
    private static let canRun = folder.map { access("\($0)/replay.py", R_OK) == 0 && shell("python3 -c 1") == 0 } ?? false

    @Test(
        .enabled(if: canRun, "set FLOTILLA_CONFORMANCE to the recordings' folder, and have python3"),
        arguments: [
            ("02-crud-configmap", 0), ("05-apply-basics", 0),
            ("07-apply-lists", 0), ("09-watch", 0), ("11-crd", 1), ("15-rbac", 1), ("17-scale", 0),
        ])
    func answersOverHTTPS(_ name: String, _ allowed: Int) async throws {
        let recordings = try #require(Self.folder)
        let folder = "/tmp/flotilla-simulator-\(UInt64.random(in: 0...UInt64.max))"
        try Files.makeFolder(folder)
        defer { _ = TestFolder.remove(folder) }
        let document = try JSON.read(try #require(try Files.read("\(recordings)/\(name).json")))
        var behaviour = SimulatorBehaviour()
        behaviour.runsControllers = document["controllers"]?.bool != false
        let simulator = try Simulator(
            configuration: SimulatorConfiguration(clusters: [ClusterSpecification(name: "a")], behaviour: behaviour),
            logger: Logger(label: "test"))
        try Files.replace("\(folder)/ca.crt", with: Array((simulator.certificateAuthority ?? "").utf8))
        try Files.replace("\(folder)/admin.crt", with: Array((simulator.administratorCertificate?.certificate ?? "").utf8))
        try Files.replace("\(folder)/admin.key", with: Array((simulator.administratorCertificate?.key ?? "").utf8))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await simulator.run() }
            let port = try await simulator.ready()
            let command =
                "PKI=\(folder) python3 \(recordings)/replay.py https://127.0.0.1:\(port) \(recordings)/\(name).json > \(folder)/out 2>&1"
            _ = try await NIOThreadPool.singleton.runIfActive { Self.shell(command) }
            group.cancelAll()
            try? await group.waitForAll()
        }
        let report = String(decoding: try Files.read("\(folder)/out") ?? [], as: UTF8.self)
        let first = report.prefix { $0 != "\n" }
        let differing = first.split(separator: " ").dropLast().last.flatMap { Int($0) }
        #expect((differing ?? .max) <= allowed, "\(report)")
    }

    private static func shell(_ command: String) -> Int32 {
        var child = pid_t()
        let words: [String] = ["sh", "-c", command]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        guard posix_spawnp(&child, "sh", nil, nil, arguments, environ) == 0 else { return -1 }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }
}
