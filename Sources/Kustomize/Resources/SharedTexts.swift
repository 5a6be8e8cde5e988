// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Fields of one resource that kustomize keeps as one.
///
/// Its label and annotation transformers put one and the same node into every map that lacks the key, so that whatever changes one of the
/// fields afterwards, in a later layer too, changes all: a label that an overlay sets in the metadata alone reaches the selector as well.
/// A field leaves when it is removed, or no text any more.
struct SharedTexts: Sendable {
    private var groups: [(paths: [[PathStep]], value: Value)] = []

    var isEmpty: Bool { groups.isEmpty }

    /// Remembers places into which one text was put.
    mutating func add(_ paths: [[PathStep]], _ text: String) { if paths.count > 1 { groups.append((paths, .string(text))) } }

    /// Gives all fields of a group the value that one of them got; where several did, the last one's.
    mutating func settle(in resource: Resource) {
        for index in groups.indices {
            var paths: [[PathStep]] = []
            var newest = groups[index].value
            var differ = false
            for path in groups[index].paths {
                guard let value = Self.value(resource.value, path[...]), value.scalarText != nil else { continue }
                if value != groups[index].value {
                    // Another item may be at that position now.
                    if path.contains(where: \.isIndex) { continue }
                    newest = value
                    differ = true
                }
                paths.append(path)
            }
            if differ {
                groups[index].value = newest
                for path in paths { Self.set(newest, in: &resource.value, path[...]) }
            }
            groups[index].paths = paths
        }
        groups.removeAll { $0.paths.count < 2 }
    }

    private static func value(_ value: Value, _ path: ArraySlice<PathStep>) -> Value? {
        guard let step = path.first else { return value }
        switch step {
        case .key(let key): return value[key].flatMap { Self.value($0, path.dropFirst()) }
        case .index(let index): return value[index].flatMap { Self.value($0, path.dropFirst()) }
        }
    }

    private static func set(_ new: Value, in value: inout Value, _ path: ArraySlice<PathStep>) {
        guard let step = path.first else {
            value = new
            return
        }
        switch (step, value) {
        case (.key(let key), .map(var map)):
            value = .null
            map.update(key) { set(new, in: &$0, path.dropFirst()) }
            value = .map(map)
        case (.index(let index), .list(var items)) where items.indices.contains(index):
            value = .null
            set(new, in: &items[index], path.dropFirst())
            value = .list(items)
        default: break
        }
    }
}

extension PathStep {
    fileprivate var isIndex: Bool { if case .index = self { true } else { false } }
}
