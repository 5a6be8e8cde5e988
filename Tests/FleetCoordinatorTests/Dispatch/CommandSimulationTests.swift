// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Logging
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

/// Delivery of commands over a real database, with an agent that keeps its ledger as the real one does: answers are lost and doubled, the
/// agent crashes at any point and now and then loses its folder.
@Suite("Commands under trouble") struct CommandSimulationTests {
    /// What survives a crash.
    private struct Disk {
        var instance = "i1"
        var ledger = CommandLedger()
        var results: [CommandResult] = []
    }

    private struct World {
        var random: SplitMix
        var disk = Disk()
        var instances = 1
        // Of the running agent.
        var last = CommandLedger.none
        var waiting: [Command] = []
        var running: [Command] = []
        // What is to hold.
        var asked: [Generation] = []
        var executions: [Generation: Int] = [:]
        var begunInOrder: [Generation] = []
        var told: [Generation: String] = [:]
        var violations: [String] = []

        /// The agent starts again: memory is gone, the folder is not.
        mutating func restart(at now: Timestamp) {
            for result in disk.ledger.interrupted(at: now) {
                disk.results.append(result)
                disk.ledger.end(result.id)
            }
            waiting = []
            running = []
            last = disk.results.map(\.id).reduce(disk.ledger.last, max)
        }

        mutating func loseFolder() {
            instances += 1
            disk = Disk(instance: "i\(instances)")
            waiting = []
            running = []
            last = CommandLedger.none
            begunInOrder = []
        }

        mutating func take(_ commands: [Command]) {
            for command in commands where command.id > last {
                waiting.append(command)
                last = command.id
            }
        }

        mutating func begin(at now: Timestamp) {
            guard running.count < 2, !waiting.isEmpty else { return }
            let command = waiting.removeFirst()
            guard command.expires > now else {
                disk.results.append(CommandResult(id: command.id, outcome: .expired, message: "expired", finishedAt: now))
                disk.ledger.end(command.id)
                return
            }
            guard disk.ledger.begin(command.id, at: now) else {
                violations.append("\(command.id) came again")
                return
            }
            // A crash right here has written it down and done nothing.
            guard random.next(below: 20) > 0 else { return restart(at: now) }
            if let before = begunInOrder.last, before >= command.id { violations.append("\(command.id) begun after \(before)") }
            begunInOrder.append(command.id)
            executions[command.id, default: 0] += 1
            running.append(command)
        }

        mutating func finish(at now: Timestamp) {
            guard !running.isEmpty else { return }
            let command = running.remove(at: random.next(below: running.count))
            let result = CommandResult(
                id: command.id, outcome: random.next(below: 4) == 0 ? .failed : .done, message: "run", startedAt: now, finishedAt: now)
            disk.results.append(result)
            disk.ledger.end(command.id)
        }
    }

    @Test("each runs at most once and ends done, failed or expired", arguments: 1...12)
    func simulate(_ seed: UInt64) async throws {
        let time = HandTime()
        let store = try await Store.open(try await TestDatabase.shared.make(connections: 2), now: time.now)
        let engine = PromotionEngine(
            store: store, time: time.wall, readyAt: time.now, identifiers: Identifiers(), bells: Bells(),
            waker: ClusterWaker(waiters: PollWaiters(), outgoing: ChangedClusters(), bell: Bell()))
        let agents = AgentService(
            store: store, time: time.wall, waiters: PollWaiters(),
            reports: ReportWriter(store: store, engine: engine, time: time.wall, logger: Logger(label: "test")),
            sealing: try SealingKeys(parsing: String(repeating: "5e", count: 32)), desk: CommandDesk(engine: engine),
            upgrades: AgentUpgrades(engine: engine, fleet: { nil }, version: FlotillaVersion.current))
        try await store.database.transaction { session in
            _ = try ClusterRows.declare(
                session, [.init(name: "c1", environment: nil, labels: [:], paused: false, credentialEpoch: 0)])
        }
        let actions = CommandActions(engine: engine)
        var world = World(random: SplitMix(seed: seed))
        func ask() async throws {
            let asked = try await actions.ask(
                "listObject", parameters: ["kind": "pods"], cluster: "c1", expiresSeconds: [30, 120, 600][world.random.next(below: 3)],
                reason: "", by: Author(name: "tester"), may: Grants([], for: .administrator))
            world.asked.append(asked.id)
        }
        func poll(_ world: inout World, loses: Bool) async throws {
            let answer = try await agents.poll(
                PollRequest(
                    instance: world.disk.instance, agentVersion: "", kubernetesVersion: "", waitSeconds: 0, held: [],
                    lastCommand: world.last, driftPauses: []), cluster: "c1")
            if !loses { world.take(answer.commands) }
        }
        func send(_ world: inout World, loses: Bool, doubles: Bool) async throws {
            guard !world.disk.results.isEmpty else { return }
            let results = CommandResults(results: world.disk.results)
            let answer = try await agents.results(results, cluster: "c1")
            if doubles { _ = try await agents.results(results, cluster: "c1") }
            for result in results.results where world.told[result.id] == nil { world.told[result.id] = result.outcome.rawValue }
            if !loses { world.disk.results.removeAll { answer.acknowledged.contains($0.id) } }
        }
        for _ in 0..<220 {
            switch world.random.next(below: 24) {
            case 0..<4: try await ask()
            case 4..<9: try await poll(&world, loses: world.random.next(below: 4) == 0)
            case 9..<14: world.begin(at: time.now)
            case 14..<18: world.finish(at: time.now)
            case 18..<21:
                try await send(&world, loses: world.random.next(below: 3) == 0, doubles: world.random.next(below: 3) == 0)
            case 21: world.restart(at: time.now)
            case 22:
                time.advance(by: .seconds(world.random.next(below: 60)))
                try await agents.desk.tidy()
            default:
                guard world.random.next(below: 6) == 0 else { continue }
                world.loseFolder()
                time.advance(by: .seconds(AgentService.sessionSeconds + 1))
            }
        }
        // The trouble is over.
        for _ in 0..<60 {
            try await poll(&world, loses: false)
            world.begin(at: time.now)
            world.finish(at: time.now)
            try await send(&world, loses: false, doubles: false)
        }
        time.advance(by: .seconds(3_600))
        try await agents.desk.tidy()
        #expect(world.violations.isEmpty, "seed \(seed)")
        for id in world.asked {
            let found = try #require(try await store.database.read { try CommandRows.one($0, cluster: "c1", id) })
            let times = world.executions[id] ?? 0
            #expect(times <= 1, "seed \(seed): \(id) ran \(times) times")
            #expect(found.state.isFinal, "seed \(seed): \(id) is \(found.state)")
            // The first thing that the agent said is what is kept.
            if let told = world.told[id] { #expect(found.state.rawValue == told, "seed \(seed): \(id)") }
            if found.state == .done { #expect(times == 1, "seed \(seed): \(id)") }
            if found.state == .expired { #expect(times == 0, "seed \(seed): \(id)") }
        }
        #expect(world.executions.count > 5, "seed \(seed)")
        await store.database.close()
    }
}

/// SplitMix64: small, and the same everywhere.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next(below limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(limit))
    }
}
