// SPDX-License-Identifier: Apache-2.0

/// What differs between two values, place by place.
package enum StructuralDiff {
    package struct Change: Sendable, Hashable {
        package enum Kind: String, Sendable {
            case added, removed, changed
        }

        package let path: JSONPointer
        package let kind: Kind
        /// `nil` where it was added.
        package let old: Value?
        /// `nil` where it was removed.
        package let new: Value?

        package init(path: JSONPointer, kind: Kind, old: Value?, new: Value?) {
            self.path = path
            self.kind = kind
            self.old = old
            self.new = new
        }
    }

    /// The smallest differing places: maps are compared by key, in the new value's order and then what only the old one has; lists by
    /// index; anything else as a whole. Empty exactly where the values are equal.
    package static func changes(from old: Value, to new: Value) -> [Change] {
        var changes: [Change] = []
        var path = JSONPointer()
        compare(old, new, at: &path, into: &changes)
        return changes
    }

    private static func compare(_ old: Value, _ new: Value, at path: inout JSONPointer, into changes: inout [Change]) {
        switch (old, new) {
        case (.map(let before), .map(let after)): compare(before, after, at: &path, into: &changes)
        case (.list(let before), .list(let after)): compare(before, after, at: &path, into: &changes)
        default:
            if old != new { changes.append(Change(path: path, kind: .changed, old: old, new: new)) }
        }
    }

    private static func compare(_ old: Map, _ new: Map, at path: inout JSONPointer, into changes: inout [Change]) {
        // Keys stand in the same order nearly always; only maps that differ in that need a look-up table when they are large.
        let table = old.count > 16 ? Dictionary(old.entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }) : nil
        var matched = 0
        for entry in new.entries {
            path.steps.append(entry.key)
            if let before = table.map({ $0[entry.key] }) ?? old[entry.key] {
                matched += 1
                compare(before, entry.value, at: &path, into: &changes)
            } else {
                changes.append(Change(path: path, kind: .added, old: nil, new: entry.value))
            }
            path.steps.removeLast()
        }
        guard matched < old.count else { return }
        let present = Set(new.keys)
        for entry in old.entries where !present.contains(entry.key) {
            changes.append(Change(path: path.appending(entry.key), kind: .removed, old: entry.value, new: nil))
        }
    }

    private static func compare(_ old: [Value], _ new: [Value], at path: inout JSONPointer, into changes: inout [Change]) {
        for index in 0..<max(old.count, new.count) {
            path.steps.append(String(index))
            if index >= old.count {
                changes.append(Change(path: path, kind: .added, old: nil, new: new[index]))
            } else if index >= new.count {
                changes.append(Change(path: path, kind: .removed, old: old[index], new: nil))
            } else {
                compare(old[index], new[index], at: &path, into: &changes)
            }
            path.steps.removeLast()
        }
    }
}

extension StructuralDiff.Change: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .added: "\(path): added \(new.map { JSON.text($0) } ?? "")"
        case .removed: "\(path): removed \(old.map { JSON.text($0) } ?? "")"
        case .changed: "\(path): \(old.map { JSON.text($0) } ?? "") -> \(new.map { JSON.text($0) } ?? "")"
        }
    }
}
