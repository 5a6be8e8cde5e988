// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Glibc
import KubernetesAPI
import Manifests
import Synchronization
import Testing

@testable import FleetAgent

/// Releases, edits and faults in any order, several at once, over restarts of the agent. In the end the cluster is as desired; nothing was
/// deleted but what a release dropped, and nothing that is not Flotilla's was touched.
@Suite(.serialized, .timeLimit(.minutes(4))) struct FaultSoakTests {
    private static let seeds: [UInt64] = getenv("FLOTILLA_SEED").flatMap { UInt64(String(cString: $0)) }.map { [$0] } ?? Array(1...6)

    @Test("Whatever happens, it converges, prunes only what was dropped and does not spin", arguments: seeds)
    func soak(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let script = (0..<3).map { _ in (0..<14).map { _ in Step.random(&random) } }
        try await TestCluster.run { cluster in
            let soak = Soak(cluster: cluster)
            soak.plant()
            for (life, steps) in script.enumerated() {
                let time = TestClock(pace: 20)
                try await cluster.withAgent(clock: time.clock, connection: try cluster.withToken()) {
                    for step in steps { try await soak.take(step, time) }
                    guard life == script.count - 1 else { return }
                    try await soak.settle()
                }
            }
            #expect(try soak.violations() == [], "FLOTILLA_SEED=\(seed)")
            let requests = try cluster.agentRequestCount()
            #expect(requests < 4_000, "\(requests) requests: FLOTILLA_SEED=\(seed)")
        }
    }
}

private enum Step: Sendable {
    /// With which of the objects that come and go, by bits.
    case release(UInt64)
    case edit(Int)
    case delete(Int)
    case fault(Int)
    case mend
    case act(FaultAction)
    case drop
    case token
    case clock(Int64)
    case coordinator(isDown: Bool)
    case pass(Int64)

    static func random(_ random: inout SeededRandom) -> Step {
        switch random.next() % 20 {
        case 0...4: .release(random.next())
        case 5...7: .edit(Int(random.next() % 8))
        case 8: .delete(Int(random.next() % 8))
        case 9...11: .fault(Int(random.next() % 7))
        case 12: .mend
        case 13: .act([.dropWatches, .expireHistory, .restart][Int(random.next() % 3)])
        case 14: .drop
        case 15: .token
        case 16: .clock(Int64(random.next() % 2_000) - 1_000)
        case 17: .coordinator(isDown: random.next() % 2 == 0)
        default: .pass(Int64(random.next() % 4_000))
        }
    }
}

/// What is wanted, and what is done to it.
private final class Soak: Sendable {
    private struct State {
        var counter: Int64 = 0
        /// The objects that come and go and are wanted now.
        var present: Set<Int> = []
        var everDropped: Set<Int> = []
    }

    private let cluster: TestCluster
    private let state = Mutex(State())

    init(cluster: TestCluster) { self.cluster = cluster }

    private static let bystander = "/api/v1/namespaces/shop/configmaps/bystander"

    /// The cluster before: a namespace with something of somebody else in it.
    func plant() {
        cluster.create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]])
        cluster.create("/api/v1/namespaces/shop/configmaps", configMap("bystander", ["k": "theirs"]))
        release(0b1111)
    }

    private static func name(_ number: Int) -> String { number < 4 ? "stays-\(number)" : "comes-\(number)" }

    private var desired: (counter: Int64, numbers: [Int]) {
        state.withLock { ($0.counter, [0, 1, 2, 3] + $0.present.sorted()) }
    }

    private func release(_ bits: UInt64) {
        state.withLock { state in
            state.counter += 1
            let present = Set((4..<8).filter { bits >> UInt64($0) & 1 == 1 })
            state.everDropped.formUnion(state.present.subtracting(present))
            state.present = present
        }
        let (counter, numbers) = desired
        cluster.coordinator.want("web", counter, numbers.map { configMap(Self.name($0), ["k": "release \(counter)"]) }) {
            $0.pruneMaxPercent = 100
        }
    }

    func take(_ step: Step, _ time: TestClock) async throws {
        switch step {
        case .release(let bits): release(bits)
        case .edit(let number): cluster.edit(TestCluster.config(Self.name(number)), ["data": ["k": "edited"]])
        case .delete(let number): cluster.delete(TestCluster.config(Self.name(number)))
        case .fault(let kind): cluster.setFaults { Self.worsen(&$0, kind) }
        case .mend: cluster.setFaults { $0 = Faults() }
        case .act(let action): cluster.simulator.act(action)
        case .drop: cluster.simulator.dropConnections()
        case .token:
            guard let renewed = cluster.simulator.cluster("c")?.renewToken() else { return }
            // The old one is no good already, as after a clock that was wrong; the file follows.
            try await time.clock.sleep(.seconds(1))
            try Folder.write(Array(renewed.utf8), to: "\(cluster.folder.path)/api-token")
        case .clock(let hours): time.step(by: .seconds(hours * 3_600))
        case .coordinator(let isDown): cluster.coordinator.setDown(isDown)
        case .pass(let milliseconds): try await time.clock.sleep(.milliseconds(milliseconds))
        }
    }

    private static func worsen(_ faults: inout Faults, _ kind: Int) {
        switch kind {
        case 0: faults.isDown = true
        case 1: faults.errorRate = 0.3
        case 2: (faults.throttleRate, faults.retryAfterSeconds) = (0.4, 2)
        case 3: faults.conflictRate = 0.4
        case 4: faults.refusesTokens = true
        case 5: faults.webhook = WebhookFault(isFailing: true, resources: ["configmaps"])
        default: faults.latency = .milliseconds(15)
        }
    }

    /// Ends all trouble and waits until all is well.
    func settle() async throws {
        cluster.coordinator.setDown(false)
        cluster.setFaults { $0 = Faults() }
        cluster.simulator.act(.dropWatches)
        release(0b0101_0000)
        // Edits that nobody undid may be conflicts by now: drift of the last release is what is healed.
        let (counter, numbers) = desired
        await cluster.coordinator.wait("web", counter, .synced, .current)
        for number in numbers { cluster.edit(TestCluster.config(Self.name(number)), ["data": ["k": "edited"]]) }
        try await cluster.until { numbers.allSatisfy { cluster.setting(Self.name($0)) == "release \(counter)" } }
    }

    func violations() throws -> [String] {
        var violations: [String] = []
        let dropped = state.withLock { $0.everDropped }
        let allowed = Set(dropped.map { TestCluster.config(Self.name($0)) })
        for path in try cluster.agentDeletes() where !allowed.contains(path) { violations.append("deleted \(path)") }
        let (_, numbers) = desired
        for number in 0..<8 where cluster.get(TestCluster.config(Self.name(number))).isNull == numbers.contains(number) {
            violations.append("\(Self.name(number)) is \(numbers.contains(number) ? "missing" : "left")")
        }
        if cluster.setting("bystander") != "theirs" { violations.append("the bystander was touched") }
        let touched = try cluster.agentWrites().filter { $0.hasSuffix("/bystander") }
        if !touched.isEmpty { violations.append("the agent wrote to the bystander: \(touched)") }
        return violations
    }
}
