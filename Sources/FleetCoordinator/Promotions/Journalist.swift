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

    func run() async {
        while !Task.isCancelled {
            await bell.wait(atMost: .seconds(10))
            // What was decided together is committed together.
            try? await Task.sleep(for: Self.batching)
            guard !Task.isCancelled else { return }
            do {
                for pipeline in try await store.database.read({ try JournalRows.pipelines($0) }) { try await flush(pipeline: pipeline) }
            } catch {
                logger.warning("the journal waits for the Git host", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Writes the pipeline's pending decisions now; returns when they are on the branch.
    func flush(pipeline: String) async throws {
        // Twice is enough in practice; a third coordinator in between makes the next round try again.
        for _ in 0..<3 {
            let pending = try await store.database.read { try JournalRows.pending($0, pipeline: pipeline) }
            guard let last = pending.last else { return }
            let branch = Branches.journal(pipeline: pipeline)
            let head = try await mirror.head(of: branch)
            var state = try await Self.state(in: mirror, at: head)
            if state.epoch != store.epoch {
                state.epoch = store.epoch
                state.through = 0
            }
            let fresh = pending.filter { $0.id > state.through }
            if !fresh.isEmpty {
                for entry in fresh { state.apply(entry.decision) }
                state.through = last.id
                do { try await push(state, fresh.map(\.decision), branch: branch, parent: head) } catch GitError.moved {
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
                tree: tree, parents: parent.map { [$0] } ?? [], author: person, message: Self.message(decisions), signer: signer))
        _ = try await mirror.store(commit: commit.bytes)
        try await mirror.push(commit: commit.id, to: "refs/heads/\(branch)", expecting: parent)
    }

    private static func message(_ decisions: [Decision]) -> String {
        let lines = decisions.map { decision in
            var line = "\(decision.kind.rawValue) \(decision.stage)"
            if let cluster = decision.cluster, let application = decision.application { line += " \(application) on \(cluster)" }
            if let until = decision.until { line += " until \(until.rfc3339)" }
            if let release = decision.release { line += " \(release.prefix(7))" }
            line += " by \(RecordMessage.oneLine(decision.by))"
            if !decision.reason.isEmpty { line += ": \(RecordMessage.oneLine(decision.reason))" }
            return line
        }
        guard lines.count > 1 else { return (lines.first ?? "nothing") + "\n" }
        return "\(lines.count) decisions\n\n" + lines.joined(separator: "\n") + "\n"
    }
}
