// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What became of one field of every resource of a build, step by step: the answer to "who set this?".
final class FieldHistory {
    private let path: [PathStep]
    private var entries: [ObjectIdentifier: [FieldChange]] = [:]
    private var last: [ObjectIdentifier: Value] = [:]
    /// Keeps every resource that was seen, so that no identifier is given out twice.
    private var seen: [Resource] = []

    init(path: [PathStep]) { self.path = path }

    func changes(of resource: Resource) -> [FieldChange] { entries[ObjectIdentifier(resource)] ?? [] }

    func note(read resources: [Resource]) {
        for resource in resources {
            record(resource, step: "read", place: { .init(path: resource.source.path) }, source: resource.source)
        }
    }

    func note(made resources: [Resource], by name: String, at node: Node) {
        let place = node.problem("", "")
        for resource in resources {
            record(resource, step: name, place: { .init(path: place.path, line: place.line, column: place.column) }, source: nil)
        }
    }

    func note(changed resources: [Resource], by name: String, at node: Node, files: any FileScope) {
        for resource in resources {
            record(
                resource, step: name, place: { Self.place(of: self.path, node: node, files: files, result: resource.value) }, source: nil)
        }
    }

    private func record(_ resource: Resource, step: String, place: () -> FieldChange.Place, source: Resource.Source?) {
        let key = ObjectIdentifier(resource)
        let value = Self.value(at: path, of: resource.value)
        if entries[key] == nil {
            seen.append(resource)
            entries[key] = []
        } else if last[key] == value {
            return
        }
        if value != nil || last[key] != nil {
            entries[key]?.append(FieldChange(step: step, place: place(), value: value, source: source.map { ($0.document, $0.steps) }))
        }
        last[key] = value
    }

    static func value(at path: [PathStep], of value: Value) -> Value? {
        var here = value
        for step in path {
            let next: Value? =
                switch step {
                case .key(let key): here[key]
                case .index(let index): here[index]
                }
            guard let next else { return nil }
            here = next
        }
        return here
    }

    /// Where a step says what the field became: in its patch file where it has one that mentions the field, else where it is configured.
    private static func place(of path: [PathStep], node: Node, files: any FileScope, result: Value) -> FieldChange.Place {
        let problem = node.problem("", "")
        let configured = FieldChange.Place(path: problem.path, line: problem.line, column: problem.column)
        var names: [Node] = []
        if let name = node["path"] { names.append(name) }
        if case .list = node.value, let items = try? node.items() { names += items.filter { $0.value.string != nil } }
        for name in names {
            guard let text = name.value.string, let file = try? files.documents(text, for: name) else { continue }
            for (index, document) in file.documents.enumerated() {
                guard let steps = steps(to: path, in: document, like: result), let mark = file.mark(of: steps, document: index) else {
                    continue
                }
                return FieldChange.Place(path: file.path, line: mark.line, column: mark.column)
            }
        }
        return configured
    }

    /// The steps in a patch that lead to what is at `path` in the result: items of lists are found by their names.
    private static func steps(to path: [PathStep], in patch: Value, like result: Value) -> [PathStep]? {
        var steps: [PathStep] = []
        var (here, there) = (patch, result)
        for step in path {
            switch step {
            case .key(let key):
                // What the patch removed is in the patch, as null, and not in the result.
                guard let next = here[key] else { return nil }
                steps.append(step)
                (here, there) = (next, there[key] ?? .null)
            case .index(let index):
                guard let other = there[index], case .list(let items) = here else { return nil }
                let name = other["name"]
                guard let position = name == nil ? items.firstIndex(of: other) : items.firstIndex(where: { $0["name"] == name }) else {
                    return nil
                }
                steps.append(.index(position))
                (here, there) = (items[position], other)
            }
        }
        return steps
    }
}

/// One step in the life of a field.
package struct FieldChange: Sendable {
    package struct Place: Sendable, Hashable, CustomStringConvertible {
        /// From the tree's root.
        package var path: String
        package var line: Int?
        package var column: Int?

        package var description: String { line.map { "\(path):\($0):\(column ?? 1)" } ?? path }
    }

    /// `read`, or the transformer or generator, as kustomize calls it: `PatchTransformer`.
    package let step: String
    package internal(set) var place: Place
    /// `nil` where the field was removed.
    package let value: Value?
    let source: (document: Int, steps: [PathStep])?
}
