// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion
import Testing

@testable import FleetCoordinator

/// Plans are written as differences from earlier ones, and read as if each had been written in full.
@Suite("Plans as differences") struct PlanDifferenceTests {
    typealias Random = DeclarationReaderTests.Seeded

    static let now = Timestamp(seconds: 1_800_000_000)

    /// A plan's contents, as a person would write them down.
    struct Model: Equatable {
        var applications: [String: PlanRows.Application] = [:]
        /// Environment, cluster, application.
        var leaves: [String: [String: [String: Int]]] = [:]

        init(_ generator: inout Random) {
            for index in 0..<40 { applications["app-\(index)"] = Self.application("app-\(index)") }
            for environment in ["staging", "production"] {
                for cluster in 0..<3 {
                    for index in 0..<40 where Int.random(in: 0..<8, using: &generator) > 0 {
                        leaves[environment, default: [:]]["c\(cluster)", default: [:]]["app-\(index)"] = 0
                    }
                }
            }
        }

        static func application(_ name: String) -> PlanRows.Application {
            PlanRows.Application(name: name, namespace: "shop", options: SyncOptions(), dependsOn: [], orphanOnDeletion: false)
        }

        mutating func edit(_ generator: inout Random) {
            let name = "app-\(Int.random(in: 0..<44, using: &generator))"
            let environment = ["staging", "production"].randomElement(using: &generator) ?? ""
            let cluster = "c\(Int.random(in: 0..<4, using: &generator))"
            switch Int.random(in: 0..<12, using: &generator) {
            case 0:
                applications[name] = nil
                for environment in leaves.keys {
                    for cluster in (leaves[environment] ?? [:]).keys { leaves[environment]?[cluster]?[name] = nil }
                }
            case 1: applications[name]?.options.force.toggle()
            case 2: applications[name]?.dependsOn = Bool.random(using: &generator) ? ["app-1", "app-2"] : []
            case 3: applications[name]?.orphanOnDeletion.toggle()
            case 4: leaves[environment]?[cluster] = nil
            case 5:
                for cluster in 0..<3 where applications[name] != nil {
                    leaves[environment, default: [:]]["c\(cluster)", default: [:]][name] = Int.random(in: 0..<9, using: &generator)
                }
            case 6: if Int.random(in: 0..<4, using: &generator) == 0 { leaves[environment] = nil }
            default:
                if applications[name] == nil { applications[name] = Self.application(name) }
                leaves[environment, default: [:]][cluster, default: [:]][name] = Int.random(in: 0..<3, using: &generator)
            }
            for environment in leaves.keys { leaves[environment] = leaves[environment]?.filter { !$0.value.isEmpty } }
            leaves = leaves.filter { !$0.value.isEmpty }
        }

        func merkleLeaves(_ environment: String) -> [MerkleLeaf] {
            (leaves[environment] ?? [:]).flatMap { cluster, applications in
                applications.map { MerkleLeaf(cluster: cluster, application: $0.key, bundle: .sha256("\($0.value)")) }
            }.sorted()
        }

        func plan(_ number: Int) -> PlanRows.Plan {
            PlanRows.Plan(
                pipeline: "shop", release: "r\(number)", fleet: "f", origin: .release, subject: "", author: "", committedAt: now,
                renders: 0, applications: applications.values.sorted { $0.name < $1.name },
                stages: leaves.keys.sorted().map { environment in
                    PlanRows.StagePlan(
                        environment: environment, strategy: Strategy(waves: []), rendered: .sha256(""),
                        tree: MerkleTree(merkleLeaves(environment)))
                })
        }

        /// What `PlanRows.same` is to find.
        func isSame(_ other: Model, _ environment: String) -> Bool {
            let (one, two) = (leaves[environment] ?? [:], other.leaves[environment] ?? [:])
            let shared = Set(one.keys).intersection(two.keys)
            func told(_ model: Model, _ cluster: String) -> [String: [String]] {
                (model.leaves[environment]?[cluster] ?? [:]).reduce(into: [:]) { result, leaf in
                    let application = model.applications[leaf.key]
                    result[leaf.key] = ["\(leaf.value)", "\(application?.options.force ?? false)"] + (application?.dependsOn ?? [])
                }
            }
            return !shared.isEmpty && shared.allSatisfy { told(self, $0) == told(other, $0) }
        }
    }

    @Test("a plan reads as it was planned, and compares as it would in full", arguments: [1, 2, 3] as [UInt64])
    func readsInFull(seed: UInt64) async throws {
        var generator = Random(state: seed)
        let database = try await TestDatabase.shared.make(connections: 2)
        // Two coordinators: what one has stored in full need not be what the other remembers.
        let stores = [try await Store.open(database, now: Self.now), try await Store.open(database, now: Self.now)]
        var model = Model(&generator)
        var planned: [(sequence: Int64, model: Model)] = []
        var written = 0
        for number in 0..<40 {
            if number > 0 { for _ in 0..<Int.random(in: 0...5, using: &generator) { model.edit(&generator) } }
            let before = try await database.read { try Self.rows($0) }
            let store = stores[Int.random(in: 0...1, using: &generator)]
            let sequence = try await store.add(model.plan(number), at: Self.now)
            written += try await database.read { try Self.rows($0) } - before
            // A second time, by whomever, changes nothing.
            let again = try await stores[Int.random(in: 0...1, using: &generator)].add(model.plan(number), at: Self.now)
            #expect(again == sequence)
            planned.append((sequence, model))
        }
        for (sequence, model) in planned {
            for environment in ["staging", "production"] {
                let stage = StageID(pipeline: "shop", environment: environment)
                let leaves = try await database.read { try PlanRows.leaves($0, stage: stage, sequence: sequence).sorted() }
                #expect(leaves == model.merkleLeaves(environment))
                let other = planned[Int.random(in: planned.indices, using: &generator)]
                let same = try await database.read { try PlanRows.same($0, stage: stage, sequence, other.sequence) }
                #expect(same == model.isSame(other.model, environment), "\(sequence) \(other.sequence) \(environment)")
            }
            let names = try await database.read { session in
                try session.query(
                    "select application from planned_applications where pipeline = 'shop' and sequence = $1 order by 1", [.int(sequence)]
                ).map { try $0.text("application") }
            }
            #expect(names == model.applications.keys.sorted())
        }
        // In full they would be more than 200 rows each.
        #expect(written < 40 * 100, "\(written) rows for 40 plans")
    }

    private static func rows(_ session: Session) throws -> Int {
        let rows = try session.query("select (select count(*) from plan_leaves) + (select count(*) from plan_applications) as rows")
        return Int(try rows.first?.int64("rows") ?? 0)
    }

    @Test("a plan that was refused first is stored in full when it can be planned")
    func afterRefusal() async throws {
        var generator = Random(state: 7)
        let store = try await Store.open(try await TestDatabase.shared.make(connections: 1), now: Self.now)
        let model = Model(&generator)
        try await store.database.transaction { session in
            try PlanRows.addRefused(
                session, pipeline: "shop", release: "r0", fleet: "f", error: "no", subject: "", author: "", committedAt: Self.now,
                at: Self.now)
        }
        let sequence = try await store.add(model.plan(0), at: Self.now)
        let stage = StageID(pipeline: "shop", environment: "staging")
        let leaves = try await store.database.read { try PlanRows.leaves($0, stage: stage, sequence: sequence).sorted() }
        #expect(leaves == model.merkleLeaves("staging"))
    }
}
