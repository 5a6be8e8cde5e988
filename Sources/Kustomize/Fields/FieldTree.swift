// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The paths of several field specs as one tree, so that one walk through a resource finds them all.
///
/// For fields that are only changed where they are: nothing is created on the way.
final class FieldTree {
    struct Branch {
        let step: FieldSpec.Step
        let tree: FieldTree
    }

    fileprivate(set) var branches: [Branch] = []
    /// Which specs end here, in their order; numbers are the caller's.
    fileprivate(set) var ends: [Int] = []

    func add(_ steps: some Sequence<FieldSpec.Step>, _ end: Int) {
        var here = self
        for step in steps {
            if let branch = here.branches.first(where: { $0.step == step }) {
                here = branch.tree
            } else {
                let tree = FieldTree()
                here.branches.append(Branch(step: step, tree: tree))
                here = tree
            }
        }
        here.ends.append(end)
    }

    /// The value with the fields changed that `body` has new values for; `nil` where nothing changes.
    ///
    /// A null that a path calls a list becomes an empty one, as in kustomize.
    func updated(_ value: Value, _ body: (Value, [Int]) throws(FieldFailure) -> Value?) throws(FieldFailure) -> Value? {
        let new = ends.isEmpty ? nil : try body(value, ends)
        guard !branches.isEmpty else { return new }
        return try below(new ?? value, body) ?? new
    }

    private func below(_ value: Value, _ body: (Value, [Int]) throws(FieldFailure) -> Value?) throws(FieldFailure) -> Value? {
        switch value {
        case .null: return nil
        case .list(let items):
            var changed: [Value]?
            for (index, item) in items.enumerated() {
                guard let new = try below(item, body) else { continue }
                if changed == nil { changed = items }
                changed?[index] = new
            }
            return changed.map { .list($0) }
        case .map(let map):
            var changed: Map?
            for branch in branches {
                if let failure = branch.step.failure { throw failure }
                guard let member = (changed ?? map)[branch.step.name] else { continue }
                if member.isNull, branch.step.isList {
                    if changed == nil { changed = map }
                    changed?[branch.step.name] = .list([])
                    continue
                }
                guard let new = try branch.tree.updated(member, body) else { continue }
                if changed == nil { changed = map }
                changed?[branch.step.name] = new
            }
            return changed.map { .map($0) }
        case .bool, .int, .decimal, .string: throw .noContainer(value)
        }
    }
}

extension FieldTree {
    /// What several trees say about one place.
    convenience init(joining trees: [FieldTree]) {
        self.init()
        for tree in trees {
            branches += tree.branches
            ends += tree.ends
        }
    }
}
