// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Kustomize
import Logging
import Manifests
import PostgresClient
import Promotion
import Rendering

/// Writes records: one signed commit on the stage's environment branch per promotion, before anything is rolled out.
///
/// The exact bytes are stored before the push, and the push moves the branch only from the head that the decision was made on. After a crash
/// the same bytes are pushed again, or found to be there.
struct Recorder: Sendable {
    let store: Store
    let engine: PromotionEngine
    let mirror: GitMirror
    let signer: SSHSigner
    let journalist: Journalist
    let time: WallTime
    let holder: String
    let logger: Logger

    static let committerName = "Flotilla"
    static let committerEmail = "flotilla@coordinator"
    private static let leaseSeconds: Int64 = 60

    /// Writes what waits, whenever there is something, until cancelled.
    func run() async {
        var backoff = Duration.milliseconds(500)
        while !Task.isCancelled {
            let waitFor: Duration
            do {
                let left = try await writeAll()
                backoff = left ? min(backoff * 2, .seconds(30)) : .milliseconds(500)
                waitFor = left ? backoff : .seconds(5)
            } catch {
                logger.warning("records were not written", metadata: ["error": "\(error)"])
                waitFor = .seconds(2)
            }
            await engine.bells.recorder.wait(atMost: waitFor)
        }
    }

    /// Writes every record that waits; `true` when some must be tried again.
    func writeAll() async throws -> Bool {
        let intents = try await store.database.read { try PromotionRows.recording($0) }
        var left = false
        for intent in intents {
            let now = time.now
            let mine = try await store.database.transaction { session in
                try LeaseRows.take(
                    session, name: "record:\(intent.stage)", holder: holder, until: now + .seconds(Self.leaseSeconds), at: now)
            }
            guard mine else {
                left = true
                continue
            }
            do { try await write(intent) } catch let error as GitError {
                left = true
                logger.warning(
                    "the record waits for the Git host",
                    metadata: ["stage": "\(intent.stage)", "promotion_id": "\(intent.candidate.id)", "error": "\(error)"])
            }
            // Whoever comes next, another coordinator or this one started again, must not wait for the lease to run out.
            try await store.database.transaction { try LeaseRows.release($0, name: "record:\(intent.stage)", holder: holder) }
        }
        return left
    }

    private func write(_ intent: PromotionRows.Intent) async throws {
        // What led here is in the journal before the record is on the branch, and both before anything rolls out.
        try await journalist.flush(pipeline: intent.stage.pipeline)
        let branch = Branches.environment(intent.stage)
        let parent = intent.request.parent.flatMap { ObjectID(hex: $0) }
        let commit = try await built(intent, parent: parent)
        let updates = [
            PushUpdate(ref: "refs/heads/\(branch)", to: commit, expecting: .exactly(parent)),
            PushUpdate(ref: Branches.release(intent.candidate.release), to: try Self.objectID(intent.candidate.release), expecting: .any),
        ]
        if let found = try await moved(updates), found != commit, try await !isBeneath(commit, found) {
            let name = found.map { "\("\($0)".prefix(7))" } ?? "nothing"
            try await engine.send(
                [.recordOvertaken(promotion: intent.candidate.id, reason: "\(branch) has moved: found \(name)")], to: intent.stage)
            engine.bells.follower.ring()
            return
        }
        CrashPoint.reached(.recordPushed)
        try await engine.send([.recorded(promotion: intent.candidate.id, commit: "\(commit)")], to: intent.stage)
        CrashPoint.reached(.recordStored)
    }

    /// Pushes; where the branch was not as expected, says where it was (which is the pushed commit itself after a crash).
    private func moved(_ updates: [PushUpdate]) async throws -> ObjectID?? {
        do {
            try await mirror.push(updates)
            return nil
        } catch {
            guard case .moved(_, let actual) = error else { throw error }
            return .some(actual)
        }
    }

    /// Whether the record is on the branch already, with a head on top that a person has pushed since; the follower adopts that.
    private func isBeneath(_ commit: ObjectID, _ head: ObjectID?) async throws -> Bool {
        guard let head else { return false }
        _ = try await mirror.fetch()
        guard try await mirror.contains(head) else { return false }
        return try await mirror.isAncestor(commit, of: head)
    }

    /// The record's commit: as it was stored, or built now and stored before anybody sees it.
    private func built(_ intent: PromotionRows.Intent, parent: ObjectID?) async throws -> ObjectID {
        if let text = intent.commit, let id = ObjectID(hex: text), let bytes = intent.bytes {
            _ = try await mirror.store(commit: bytes)
            return id
        }
        let release = try await mirror.commit(try Self.objectID(intent.candidate.release))
        let person = CommitPerson(name: Self.committerName, email: Self.committerEmail, when: intent.request.decidedAt)
        let message = RecordMessage(
            candidate: intent.candidate, stage: intent.stage, approvals: intent.request.approvals, evidence: intent.request.evidence,
            engine: Renderer.engineVersion, capabilities: Capabilities.none.digest)
        let commit = try await mirror.buildCommit(
            CommitDraft(tree: release.tree, parents: parent.map { [$0] } ?? [], author: person, message: message.text, signer: signer))
        CrashPoint.reached(.recordBuilt)
        _ = try await mirror.store(commit: commit.bytes)
        try await store.database.transaction { session in
            try PromotionRows.keepIntent(session, intent.candidate.id, commit: "\(commit.id)", bytes: commit.bytes)
        }
        CrashPoint.reached(.recordIntended)
        return commit.id
    }

    static func objectID(_ hex: String) throws(GitError) -> ObjectID {
        guard let id = ObjectID(hex: hex) else { throw .invalid(what: "commit", reason: "'\(hex.prefix(50))' is no commit id") }
        return id
    }
}

/// What a cluster can do, as far as a render asked: the traced answers, in canonical form. Plain manifests and Kustomize ask nothing.
struct Capabilities: Sendable {
    let answers: Map

    static let none = Capabilities(answers: [:])

    var digest: Digest { Canonical.digest(.map(["answers": .map(answers), "format": "flotilla.dev/capabilities/v1"])) }
}
