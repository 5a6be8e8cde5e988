// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Logging
import Manifests
import PostgresClient
import Promotion

/// Commits decisions to the journal branches, batched within a second.
///
/// The branch's `state.json` says how far it goes, so that decisions are neither lost nor written twice when the process dies in between.
struct Journalist: Sendable {
    let store: Store
    let mirror: GitMirror
    let signer: SSHSigner
    let time: WallTime
    let bell: Bell
    let logger: Logger

    private static let path = "state.json"
    private static let batching = Duration.milliseconds(500)
    /// The audit trail's head is journalled at least so often while the trail grows.
    static let headInterval = Duration.seconds(3_600)
    /// How often it is looked whether that is due.
    private static let headLook = Duration.seconds(60)

    func run() async {
        var nextLook = time.now
        while !Task.isCancelled {
            await bell.wait(atMost: .seconds(10))
            // What was decided together is committed together.
            try? await Task.sleep(for: Self.batching)
            guard !Task.isCancelled else { return }
            do {
                for pipeline in try await store.database.read({ try JournalRows.pipelines($0) }) { try await flush(pipeline: pipeline) }
                if time.now >= nextLook {
                    nextLook = time.now + Self.headLook
                    try await keepAuditHead()
                }
            } catch {
                logger.warning("the journal waits for the Git host", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Writes the pipeline's pending decisions now; returns when they are on the branch.
    func flush(pipeline: String) async throws {
        // Twice is enough in practice; a third coordinator in between makes the next round try again.
        for _ in 0..<3 {
            let (pending, head) = try await store.database.read {
                (try JournalRows.pending($0, pipeline: pipeline), try AuditRows.head($0))
            }
            guard let last = pending.last else { return }
            let branch = Branches.journal(pipeline: pipeline)
            let parent = try await mirror.head(of: branch)
            var state = try await state(at: parent)
            let fresh = pending.filter { $0.id > state.through }
            if !fresh.isEmpty {
                for entry in fresh { state.apply(entry.decision) }
                state.through = last.id
                keep(head, in: &state)
                do { try await push(state, fresh.map(\.decision), branch: branch, parent: parent) } catch GitError.moved {
                    _ = try await mirror.fetch()
                    continue
                }
                CrashPoint.reached(.journalPushed)
            }
            try await store.database.transaction { try JournalRows.done($0, pipeline: pipeline, through: last.id) }
            return
        }
        throw GitError.failed(what: Branches.journal(pipeline: pipeline), reason: "others keep writing to it")
    }

    /// Journals the audit trail's head where no decision has for a while; a trail that has not grown writes nothing.
    func keepAuditHead() async throws {
        let branch = Branches.fleetJournal
        for _ in 0..<3 {
            let head = try await store.database.read { try AuditRows.head($0) }
            let parent = try await mirror.head(of: branch)
            var state = try await state(at: parent)
            guard head.sequence > 0, state.audit?.head != head else { return }
            if let known = state.audit, time.now < known.at + Self.headInterval { return }
            keep(head, in: &state)
            do { try await push(state, [], branch: branch, parent: parent) } catch GitError.moved {
                _ = try await mirror.fetch()
                continue
            }
            return
        }
        throw GitError.failed(what: branch, reason: "others keep writing to it")
    }

    /// The state to go on from; what another database numbered does not count here.
    private func state(at head: ObjectID?) async throws -> JournalState {
        var state = try await Self.state(in: mirror, at: head)
        if state.epoch != store.epoch {
            state.epoch = store.epoch
            state.through = 0
            state.audit = nil
        }
        return state
    }

    private func keep(_ head: AuditHead, in state: inout JournalState) {
        guard head.sequence > 0 else { return }
        if let known = state.audit?.head, known.sequence > head.sequence || known.sequence == head.sequence && known != head {
            logger.error(
                "the audit trail is not the one that the journal knows: verify it",
                metadata: ["journalled": "\(known.sequence)", "found": "\(head.sequence)"])
        }
        state.audit = JournalState.AuditEntry(head: head, at: time.now)
    }

    /// The journal's state at a head of its branch; a branch that is not there yet has an empty one.
    static func state(in mirror: GitMirror, at head: ObjectID?) async throws -> JournalState {
        guard let head else { return JournalState() }
        let bytes = try await mirror.read(at: head) { tree in try tree.read(path, limit: 16 << 20) }
        return try JournalState(json: JSON.read(bytes))
    }

    private func push(
        _ state: JournalState, _ decisions: [Decision], branch: String, parent: ObjectID?
    ) async throws {
        let tree = try await mirror.writeTree(files: [Self.path: JSON.write(state.json, pretty: true)])
        let person = CommitPerson(name: Recorder.committerName, email: Recorder.committerEmail, when: decisions.last?.at ?? time.now)
        let commit = try await mirror.buildCommit(
            CommitDraft(
                tree: tree, parents: parent.map { [$0] } ?? [], author: person,
                message: Self.message(decisions, epoch: state.epoch, audit: state.audit?.head), signer: signer))
        _ = try await mirror.store(commit: commit.bytes)
        try await mirror.push(commit: commit.id, to: "refs/heads/\(branch)", expecting: parent)
    }

    private static func message(_ decisions: [Decision], epoch: Int64, audit: AuditHead?) -> String {
        let trailer = audit.map { "\n\(AuditJournals.trailer(epoch: epoch, $0))\n" } ?? ""
        guard !decisions.isEmpty else { return "audit trail up to entry \(audit?.sequence ?? 0)\n\(trailer)" }
        let lines = decisions.map { decision in
            var line = "\(decision.kind.rawValue) \(decision.stage)"
            if let cluster = decision.cluster, let application = decision.application { line += " \(application) on \(cluster)" }
            if let until = decision.until { line += " until \(until.rfc3339)" }
            if let release = decision.release { line += " \(release.prefix(7))" }
            line += " by \(RecordMessage.oneLine(decision.by))"
            if !decision.reason.isEmpty { line += ": \(RecordMessage.oneLine(decision.reason))" }
            return line
        }
        guard lines.count > 1 else { return (lines.first ?? "nothing") + "\n" + trailer }
        return "\(lines.count) decisions\n\n" + lines.joined(separator: "\n") + "\n" + trailer
    }
}
