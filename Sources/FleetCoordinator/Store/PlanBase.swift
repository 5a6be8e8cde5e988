// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// A plan that is stored in full, which later plans are stored as differences from.
struct PlanBase: Sendable {
    let sequence: Int64
    let applications: [String: PlanRows.Application]
    /// By environment; sorted.
    let leaves: [String: [MerkleLeaf]]

    init(sequence: Int64, applications: [PlanRows.Application], leaves: [String: [MerkleLeaf]]) {
        self.sequence = sequence
        self.applications = Dictionary(applications.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.leaves = leaves
    }

    init(sequence: Int64, _ plan: PlanRows.Plan) {
        self.init(
            sequence: sequence, applications: plan.applications,
            leaves: Dictionary(plan.stages.map { ($0.environment, $0.tree.leaves) }, uniquingKeysWith: { first, _ in first }))
    }

    /// What `plan` has otherwise; `nil` where that is so much that the plan had better be a base of its own.
    func difference(to plan: PlanRows.Plan) -> PlanRows.Content? {
        var content = PlanRows.Content()
        var names: Set<String> = []
        for application in plan.applications {
            names.insert(application.name)
            if applications[application.name] != application { content.applications.append(application) }
        }
        content.dropped = applications.keys.filter { !names.contains($0) }.sorted()
        for stage in plan.stages {
            Self.compare(leaves[stage.environment] ?? [], stage.tree.leaves) { cluster, application, bundle in
                content.leaves.append(
                    PlanRows.Leaf(environment: stage.environment, cluster: cluster, application: application, bundle: bundle))
            }
        }
        let planned = Set(plan.stages.map(\.environment))
        for (environment, leaves) in leaves.sorted(by: { $0.key < $1.key }) where !planned.contains(environment) {
            content.leaves += leaves.map {
                PlanRows.Leaf(environment: environment, cluster: $0.cluster, application: $0.application, bundle: nil)
            }
        }
        let total = plan.applications.count + plan.stages.reduce(0) { $0 + $1.tree.leaves.count }
        return content.count * Self.share <= total ? content : nil
    }

    /// A difference of more than one in so many rows begins a new base.
    private static let share = 8

    /// Walks two sorted lists side by side, and tells what the second has otherwise.
    private static func compare(
        _ old: [MerkleLeaf], _ new: [MerkleLeaf], _ differs: (_ cluster: String, _ application: String, _ bundle: Digest?) -> Void
    ) {
        var place = 0
        for leaf in new {
            while place < old.count, !old[place].isSamePlace(leaf), old[place] < leaf {
                differs(old[place].cluster, old[place].application, nil)
                place += 1
            }
            if place < old.count, old[place].isSamePlace(leaf) {
                if old[place].bundle != leaf.bundle { differs(leaf.cluster, leaf.application, leaf.bundle) }
                place += 1
            } else {
                differs(leaf.cluster, leaf.application, leaf.bundle)
            }
        }
        for leaf in old[place...] { differs(leaf.cluster, leaf.application, nil) }
    }
}

extension MerkleLeaf {
    fileprivate func isSamePlace(_ other: MerkleLeaf) -> Bool { application == other.application && cluster == other.cluster }
}
