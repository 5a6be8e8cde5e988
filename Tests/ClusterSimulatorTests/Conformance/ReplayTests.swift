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

    /// A recording, and the steps known to differ.
    struct Recording: CustomTestStringConvertible {
        let name: String
        var allowed = 0
        var because = ""
        /// Whether versions must grow as they did: those that controllers wrote do so in an order of their own.
        var isOrdered = true
        /// What happened to the server before a step.
        var interventions: [Int: @Sendable (TestCluster) -> Void] = [:]

        var testDescription: String { name }
    }

    static let recordings = [
        Recording(name: "01-discovery", allowed: 1, because: "hashes of OpenAPI documents that are not written out in full"),
        Recording(name: "02-crud-configmap"), Recording(name: "03-list-selectors-paging"), Recording(name: "04-patch-types"),
        Recording(name: "05-apply-basics"), Recording(name: "06-apply-managedfields"), Recording(name: "07-apply-lists"),
        Recording(name: "08-apply-defaults"), Recording(name: "09-watch"), Recording(name: "10-namespaces", isOrdered: false),
        Recording(name: "11-crd"),
        Recording(
            name: "12-deployment-rollout", allowed: 1, because: "pods list by names that begin with a hash of the template",
            isOrdered: false),
        Recording(name: "13-deployment-unready", isOrdered: false), Recording(name: "14-workloads", isOrdered: false),
        Recording(name: "15-rbac", allowed: 1, because: "real servers list the rules of a user in no order"),
        Recording(name: "16-immutable-and-recreate"), Recording(name: "17-scale"), Recording(name: "18-applyset"),
        Recording(
            name: "19-expired",
            interventions: [
                6: { cluster in
                    cluster.cluster.handle(cluster.asAdministrator("POST", TestCluster.maps, TestCluster.map("elsewhere", [:])))
                    cluster.cluster.act(.expireHistory)
                }
            ]),
        Recording(name: "20-admission-and-sizes"),
        Recording(
            name: "21-overload",
            interventions: [
                4: { cluster in
                    var faults = Faults()
                    faults.throttleRate = 1
                    cluster.cluster.setFaults(faults)
                }, 6: { $0.cluster.setFaults(Faults()) },
            ]),
    ]

    @Test(.enabled(if: folder != nil, "set FLOTILLA_CONFORMANCE to the recordings' folder"), arguments: recordings)
    func answersAsTheRealServer(_ recording: Recording) async throws {
        let folder = try #require(Self.folder)
        let bytes = try #require(try Files.read("\(folder)/\(recording.name).json"))
        let document = try JSON.read(bytes)
        var behaviour = SimulatorBehaviour()
        behaviour.reportsDigests = false
        behaviour.hasDefaultStorageClass = false
        behaviour.runsControllers = document["controllers"]?.bool != false
        var replay = Replay(TestCluster(behaviour: behaviour, trusts: false))
        replay.interventions = recording.interventions
        replay.run(document)
        await replay.finish()
        if recording.isOrdered { replay.checkOrder() }
        print("\(recording.name): \(replay.compared) compared, \(replay.differing.count) differ \(recording.because)")
        for line in replay.differing { print("  \(line)") }
        #expect(replay.differing.count <= recording.allowed)
    }
}
