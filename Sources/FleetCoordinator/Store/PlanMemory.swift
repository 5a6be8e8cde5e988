// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Promotion
import Synchronization

/// What this process remembers of stored plans, so that the next one need not be compared in the database.
///
/// Only what never changes once it is stored; another coordinator's plans are read when they are needed. Bounded.
final class PlanMemory: Sendable {
    private struct Tree {
        let stage: StageID
        let sequence: Int64
        let tree: MerkleTree
    }

    private struct State {
        var bases: [String: PlanBase] = [:]
        /// The one used last at the end.
        var trees: [Tree] = []
    }

    /// Of all trees together, beyond the two used last.
    private static let leavesMax = 300_000

    private let state = Mutex(State())

    /// The full plan of a pipeline that its next ones are compared with.
    func base(of pipeline: String) -> PlanBase? { state.withLock { $0.bases[pipeline] } }

    func keep(_ base: PlanBase, of pipeline: String) {
        state.withLock { state in
            guard (state.bases[pipeline]?.sequence ?? 0) < base.sequence else { return }
            state.bases[pipeline] = base
        }
    }

    /// The Merkle tree of a plan's stage.
    func tree(of stage: StageID, sequence: Int64) -> MerkleTree? {
        state.withLock { state in
            guard let index = state.trees.firstIndex(where: { $0.stage == stage && $0.sequence == sequence }) else { return nil }
            let found = state.trees.remove(at: index)
            state.trees.append(found)
            return found.tree
        }
    }

    func keep(_ tree: MerkleTree, of stage: StageID, sequence: Int64) {
        state.withLock { state in
            state.trees.removeAll { $0.stage == stage && $0.sequence == sequence }
            state.trees.append(Tree(stage: stage, sequence: sequence, tree: tree))
            while state.trees.count > 2, state.trees.reduce(0, { $0 + $1.tree.leaves.count }) > Self.leavesMax {
                state.trees.removeFirst()
            }
        }
    }
}
