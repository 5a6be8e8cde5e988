// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

#if canImport(Glibc)
    import Glibc
#endif

/// Replays recordings of a real API server, found through the environment variable FLOTILLA_CONFORMANCE; without it only says so.
@Suite struct ReplayTests {
    static let folder = getenv("FLOTILLA_CONFORMANCE").map { String(cString: $0) + "/kubernetes-api" }

    /// Each recording with the number of steps that may differ.
    static let recordings: [(name: String, allowed: Int)] = [
        ("01-discovery", 1), ("02-crud-configmap", 0), ("03-list-selectors-paging", 0), ("04-patch-types", 1), ("05-apply-basics", 0),
        ("06-apply-managedfields", 0), ("07-apply-lists", 0), ("08-apply-defaults", 0), ("09-watch", 1), ("10-namespaces", 1),
        ("11-crd", 1),
        ("12-deployment-rollout", 3), ("13-deployment-unready", 1),
        ("14-workloads", 2), ("15-rbac", 1), ("16-immutable-and-recreate", 2), ("17-scale", 0), ("20-admission-and-sizes", 6),
    ]

    @Test(.enabled(if: folder != nil, "set FLOTILLA_CONFORMANCE to the recordings' folder"), arguments: recordings)
    func answersAsTheRealServer(_ recording: (name: String, allowed: Int)) async throws {
        let folder = try #require(Self.folder)
        let bytes = try #require(try Files.read("\(folder)/\(recording.name).json"))
        let document = try JSON.read(bytes)
        var behaviour = SimulatorBehaviour()
        behaviour.reportsDigests = false
        behaviour.hasDefaultStorageClass = false
        behaviour.runsControllers = document["controllers"]?.bool != false
        var replay = Replay(TestCluster(behaviour: behaviour, trusts: false))
        replay.run(document)
        await replay.finish()
        print("\(recording.name): \(replay.compared) compared, \(replay.differing.count) differ")
        for line in replay.differing { print("  \(line)") }
        #expect(replay.differing.count <= recording.allowed)
    }
}
