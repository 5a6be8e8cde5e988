// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Manifests
import PostgresClient
import Promotion
import Testing

@testable import FleetCoordinator

/// Who signed what, from the push to what is in force: over a real database and a real Git remote.
@Suite("Signature rules of the fleet repository", .serialized) struct SignatureTests {
    static let clusters = JourneyTests.clusters
    static let ada = SSHSigner.generate(comment: "ada")
    static let eve = SSHSigner.generate(comment: "eve")
    static let declaration = "fleet/repositories/trunk.yaml"

    static func rule(_ require: String, url: String, signers: String = "keys/signers") -> String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: Repository
        metadata: {name: trunk}
        spec:
          url: \(url)
          signatures: {require: \(require), allowedSigners: \(signers)}
        """
    }

    static func signers(_ signers: SSHSigner...) -> String {
        signers.map { $0.allowedSignersLine(principal: "\($0.comment)@example.com") + "\n" }.joined()
    }

    /// A fleet where a release has reached production, and whose rule is in force since the last commit.
    static func fleet(_ require: String) async throws -> (fleet: TestFleet, inForce: ObjectID) {
        let fleet = try await TestFleet(files: JourneyTests.files(approvals: 0))
        try await fleet.settle(clusters: clusters, rounds: 30)
        let commit = try await fleet.push(
            [declaration: rule(require, url: "file://\(fleet.remote)/"), "keys/signers": signers(ada)], message: "Ask for signatures\n")
        try await fleet.settle(clusters: clusters, rounds: 30)
        #expect(try await fleet.inForce() == "\(commit)")
        #expect(try await fleet.stage("shop/production")?.running?.verdict == .verified)
        return (fleet, commit)
    }

    /// Sets a branch of the remote to a commit that it has, as a push with force does.
    static func point(_ branch: String, at commit: ObjectID, in remote: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/git")
        process.arguments = ["--git-dir", remote, "update-ref", "refs/heads/\(branch)", "\(commit)"]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    private func close(_ fleet: TestFleet) async {
        await fleet.store.database.close()
        await fleet.mirror.close()
    }

    @Test("an unsigned head neither comes into force nor is released; a signed one on top is")
    func head() async throws {
        let (fleet, before) = try await Self.fleet("head")
        let mark = try await fleet.store.auditTrail().last?.sequence ?? 0
        let unsigned = try await fleet.push(JourneyTests.images("registry.example/web:2"), message: "Not signed\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 10)
        #expect(try await fleet.inForce() == "\(before)")
        #expect(try await fleet.released("shop", "\(unsigned)") == false)
        let seen = try #require(try await fleet.store.database.read { try FleetCommitRows.newest($0, valid: false) })
        #expect(seen.commit == "\(unsigned)" && !seen.valid)
        #expect(
            seen.diagnostics.prefix(2) == [
                "1 commit does not meet the signature rule of repository 'trunk' (require: head):",
                "\("\(unsigned)".prefix(12)) \"Not signed\": not signed",
            ])
        #expect(try await fleet.messages("fleetRefused").count == 1)
        let refusals = try await fleet.store.auditTrail(after: mark).filter { $0.action == "fleet.refuse" }
        #expect(refusals.count == 1 && refusals.first?.outcome == "refused" && refusals.first?.commit == "\(unsigned)")
        #expect(refusals.first?.reason.contains("not signed") == true)

        let foreign = try await fleet.push(["README": "hello\n"], message: "Eve was here\n", signer: Self.eve)
        try await fleet.settle(clusters: Self.clusters, rounds: 3)
        #expect(try await fleet.inForce() == "\(before)")
        #expect(try await fleet.released("shop", "\(foreign)") == false)

        let signed = try await fleet.push(["README": "hello again\n"], message: "Signed\n", signer: Self.ada)
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        #expect(try await fleet.inForce() == "\(signed)")
        #expect(try await fleet.released("shop", "\(signed)"))
        let accepted = try await fleet.store.auditTrail().last { $0.action == "fleet.accept" }
        #expect(accepted?.commit == "\(signed)" && accepted?.means.contains("ada@example.com") == true)
        await close(fleet)
    }

    @Test("with 'all' every commit counts, and the trunk may be rewritten where it never came into force")
    func all() async throws {
        let (fleet, before) = try await Self.fleet("all")
        try await fleet.push(["README": "1\n"], message: "Not signed\n")
        let top = try await fleet.push(["README": "2\n"], message: "Signed\n", signer: Self.ada)
        try await fleet.settle(clusters: Self.clusters, rounds: 3)
        #expect(try await fleet.inForce() == "\(before)")
        let message = try #require(try await fleet.messages("fleetRefused").last)
        #expect(message.contains("1 commit does not meet") && message.contains("\"Not signed\": not signed"))
        // Raising the rule did not refuse what was in force: the stages run what they ran.
        #expect(try await fleet.stage("shop/production")?.hold == nil)

        let tree = try await fleet.mirror.treeID(of: top)
        let again = try await fleet.push(
            tree: tree, parent: before, message: "Signed again\n", branch: "again", signer: Self.ada, expecting: .some(nil))
        try Self.point("main", at: again, in: fleet.remote)
        try await fleet.settle(clusters: Self.clusters, rounds: 3)
        #expect(try await fleet.inForce() == "\(again)")
        #expect(try await fleet.messages("trunkRewritten").isEmpty)
        await close(fleet)
    }

    @Test("the trunk may go back to what is in force, and that is said once")
    func back() async throws {
        let (fleet, before) = try await Self.fleet("head")
        try await fleet.push(["README": "1\n"], message: "Not signed\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        try Self.point("main", at: before, in: fleet.remote)
        let count = try await fleet.messages("fleetCommit").count
        try await fleet.settle(clusters: Self.clusters, rounds: 3)
        let newest = try await fleet.store.database.read { try FleetCommitRows.newest($0, valid: false) }
        #expect(newest?.commit == "\(before)" && newest?.valid == true)
        #expect(try await fleet.messages("fleetCommit").count == count + 1)
        await close(fleet)
    }

    @Test("a commit that changes the rule or the keys is judged by the old ones")
    func changes() async throws {
        let (fleet, before) = try await Self.fleet("head")
        let lowered = try await fleet.push([Self.declaration: nil], message: "No rule\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.inForce() == "\(before)")
        let keys = try await fleet.push(
            [Self.declaration: Self.rule("head", url: "file://\(fleet.remote)"), "keys/signers": Self.signers(Self.eve)],
            message: "My key\n", signer: Self.eve)
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.inForce() == "\(before)" && lowered != keys)
        let handed = try await fleet.push(["README": "handed over\n"], message: "Hand over\n", signer: Self.ada)
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.inForce() == "\(handed)")
        let own = try await fleet.push(["README": "mine\n"], message: "By Eve\n", signer: Self.eve)
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.inForce() == "\(own)")
        await close(fleet)
    }

    @Test("keys that cannot be read refuse the commit, with their place")
    func unusable() async throws {
        let fleet = try await TestFleet(files: JourneyTests.files(approvals: 0))
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        let before = try await fleet.inForce()
        let rule = Self.rule("head", url: "file://\(fleet.remote)")
        try await fleet.push([Self.declaration: rule], message: "No keys\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.messages("fleetRefused").last?.contains("\(Self.declaration):6:31: error[unusable-keys]") == true)
        try await fleet.push(["keys/signers": "# nobody\n"], message: "Nobody\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.messages("fleetRefused").last?.contains("no key is listed") == true)
        try await fleet.push(
            ["keys/signers": Self.signers(Self.ada), "fleet/other.yaml": rule.replacing("name: trunk", with: "name: other")],
            message: "Twice\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.messages("fleetRefused").last?.contains("are both the fleet repository") == true)
        #expect(try await fleet.inForce() == before)
        await close(fleet)
    }

    @Test("a head that somebody pushed to a stage's branch is adopted only when it is signed")
    func environment() async throws {
        let (fleet, _) = try await Self.fleet("head")
        let branch = "flotilla/shop/production"
        let record = try #require(try await fleet.mirror.head(of: branch))
        let mark = try await fleet.store.auditTrail().last?.sequence ?? 0
        let change = ["environments/production/web/web.yaml": JourneyTests.deployment("registry.example/web:7")]
        let unsigned = try await fleet.push(change, message: "By hand\n", branch: branch)
        try await fleet.settle(clusters: Self.clusters, rounds: 5)
        let held = try #require(try await fleet.stage("shop/production"))
        #expect(held.running?.commit == "\(record)")
        #expect(held.hold?.cause == .branch && held.hold?.reason.contains("not signed") == true)
        let refusals = try await fleet.store.auditTrail(after: mark).filter { $0.action == "stage.adopt" }
        #expect(refusals.count == 1 && refusals.first?.outcome == "refused" && refusals.first?.commit == "\(unsigned)")

        // A new coordinator with an empty database takes up the record, and holds as well.
        let again = try await TestFleet(files: [:], time: fleet.time, remote: fleet.remote, signer: fleet.signer)
        try await again.settle(clusters: Self.clusters, rounds: 5)
        #expect(try await again.stage("shop/production")?.running?.commit == "\(record)")
        #expect(try await again.stage("shop/production")?.hold?.cause == .branch)
        await close(again)

        let signed = try await fleet.push(["environments/production/web/note": "x"], message: "Mine\n", branch: branch, signer: Self.ada)
        try await fleet.settle(clusters: Self.clusters, rounds: 5)
        #expect(try await fleet.stage("shop/production")?.running?.commit == "\(signed)")
        await close(fleet)
    }

    @Test("a new database does not take up a trunk by the word of its head alone")
    func rebuilt() async throws {
        let (fleet, _) = try await Self.fleet("head")
        try await fleet.push(JourneyTests.images("registry.example/web:3"), message: "Release\n", signer: Self.ada)
        try await fleet.settle(clusters: Self.clusters, rounds: 40)
        let inForce = try await fleet.inForce()
        let without = try await fleet.push([Self.declaration: nil], message: "No rule\n")
        let again = try await TestFleet(files: [:], time: fleet.time, remote: fleet.remote, signer: fleet.signer)
        try await again.settle(clusters: Self.clusters, rounds: 5)
        #expect(try await again.inForce() == inForce)
        #expect(try await again.store.auditTrail().map(\.action).prefix(2) == ["fleet.accept", "fleet.refuse"])
        await close(again)

        // The way out where the keys are lost: whoever runs the coordinator vouches for a commit.
        let later = try await fleet.push(["README": "later\n"], message: "Later\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.inForce() == inForce)
        let vouching = try await TestFleet(
            files: [:], time: fleet.time, database: fleet.store.database, remote: fleet.remote, signer: fleet.signer, vouched: without)
        try await vouching.settle(clusters: Self.clusters, rounds: 5)
        #expect(try await vouching.inForce() == "\(later)")
        let vouched = try await vouching.store.auditTrail().filter { $0.commit == "\(without)" }
        #expect(vouched.map(\.action) == ["fleet.accept"])
        #expect(vouched.first?.means == "git, vouched for by whoever runs the coordinator")
        await vouching.mirror.close()
        await close(fleet)
    }

    @Test("the first commit ever is judged by its own declaration")
    func first() async throws {
        let fleet = try await TestFleet(files: JourneyTests.files(approvals: 0))
        let changes = [Self.declaration: Self.rule("all", url: "file://\(fleet.remote)"), "keys/signers": Self.signers(Self.ada)]
        try await fleet.push(changes, message: "Not signed\n")
        try await fleet.settle(clusters: [], rounds: 2)
        #expect(try await fleet.inForce() == nil)
        // The history before it is older than the rule.
        let signed = try await fleet.push(["README": "x"], message: "Signed\n", signer: Self.ada)
        try await fleet.settle(clusters: Self.clusters, rounds: 2)
        #expect(try await fleet.inForce() == "\(signed)")
        await close(fleet)
    }

    @Test("releases of another branch are judged too, from the last release on")
    func otherBranch() async throws {
        let (fleet, before) = try await Self.fleet("all")
        let pipeline = try #require(JourneyTests.files(approvals: 0)["fleet/pipelines/shop.yaml"]).replacing(
            "branch: main", with: "branch: next")
        try await fleet.push(
            tree: try await fleet.mirror.treeID(of: before), parent: before, message: "Begin next\n", branch: "next", signer: Self.ada,
            expecting: .some(nil))
        try await fleet.push(["fleet/pipelines/shop.yaml": pipeline], message: "Follow next\n", signer: Self.ada)
        try await fleet.settle(clusters: Self.clusters, rounds: 10)
        let unsigned = try await fleet.push(JourneyTests.images("registry.example/web:4"), message: "Unsigned\n", branch: "next")
        let top = try await fleet.push(["README": "x"], message: "Signed\n", branch: "next", signer: Self.ada)
        try await fleet.settle(clusters: Self.clusters, rounds: 3)
        #expect(try await fleet.released("shop", "\(top)") == false)
        let refusals = try await fleet.store.auditTrail().filter { $0.action == "release.refuse" }
        #expect(refusals.count == 1 && refusals.first?.reason.contains("\("\(unsigned)".prefix(12))") == true)
        await close(fleet)
    }
}

extension TestFleet {
    /// The fleet commit in force.
    func inForce() async throws -> String? {
        try await store.database.read { try FleetCommitRows.newest($0, valid: true) }?.commit
    }

    /// Whether there is a plan of the commit.
    func released(_ pipeline: String, _ commit: String) async throws -> Bool {
        try await store.database.read {
            try !$0.query(
                "select 1 as one from plans where pipeline = $1 and release = $2 and error = ''", [.text(pipeline), .text(commit)]
            )
            .isEmpty
        }
    }

    /// What events of a kind say, oldest first.
    func messages(_ kind: String) async throws -> [String] {
        try await store.database.read {
            try $0.query("select message from events where kind = $1 order by id", [.text(kind)]).map { try $0.text("message") }
        }
    }
}
