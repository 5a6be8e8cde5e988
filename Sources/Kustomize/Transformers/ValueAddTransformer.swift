// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Puts one value into fields of many resources: instead of what is there, or as a part of a file's path.
///
/// Source of the rules: kustomize `api/filters/valueadd`.
struct ValueAddTransformer: Transformer {
    private struct Target {
        let place: Node
        /// `nil` means every resource.
        let selector: Selector?
        let path: String
        /// Where in a file's path the value goes, counted from 1; 0 where the field is no such path.
        let position: Int64

        init(_ node: Node) throws(KustomizeFailure) {
            _ = try node.map()
            place = node
            selector = if let selected = node["selector"] { try Selector(selected) } else { nil }
            path = try node.looseText("fieldPath")
            position = try node["filePathPosition"]?.int() ?? 0
            guard !path.isEmpty else { throw node.failure("missing-field", "fieldPath is missing") }
            guard position >= 0 else { throw node.failure("wrong-value", "filePathPosition cannot be negative") }
        }
    }

    private let value: String
    private var targets: [Target] = []

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        let said = try plugin.looseText("value").trimmingBlanks()
        value = said.isEmpty ? files.folder.split(separator: "/").last.map(String.init) ?? "" : said
        guard !value.isEmpty else {
            throw plugin.failure("missing-field", "value is missing", hint: "the root folder has no name that could be taken")
        }
        for node in try plugin.list("targets") { targets.append(try Target(node)) }
        if let place = plugin["targetFilePath"], case let path = try place.looseString(), !path.isEmpty {
            let file = try files.documents(path, for: place)
            let root = Node(file.documents.first ?? .null, of: file)
            for node in try root.list("targets") { targets.append(try Target(node)) }
        }
        guard !targets.isEmpty else { throw plugin.failure("missing-field", "there are no targets") }
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        for target in targets {
            var setter = NamespaceSetter(namespace: value)
            let path = ValuePath(target.path)
            for resource in try target.selector?.select(from: resources.items) ?? resources.items {
                do throws(FieldFailure) {
                    if target.path == "metadata/namespace" {
                        try setter.set(in: resource)
                    } else {
                        try path.set(in: &resource.value) { old in
                            target.position > 0 ? Self.inserting(value, at: target.position - 1, into: old) : value
                        }
                    }
                } catch {
                    throw target.place.failure(FieldFailure(message: "\(target.path) of \(resource.id): \(error.message)"))
                }
            }
        }
    }

    /// A file's path with one more part. The first position lies behind the slash of an absolute path, and any that is too large at the end.
    static func inserting(_ part: String, at position: Int64, into path: String) -> String {
        if path.isEmpty { return part }
        var parts = path == "/" ? [""] : path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var position = Int(min(position, Int64(parts.count)))
        if parts[0].isEmpty, position < parts.count { position += 1 }
        parts.insert(part, at: position)
        let isAbsolute = parts[0].isEmpty
        var clean: [String] = []
        for part in parts where !part.isEmpty && part != "." {
            if part == "..", let last = clean.last, last != ".." {
                clean.removeLast()
            } else if part != ".." || !isAbsolute {
                clean.append(part)
            }
        }
        return (isAbsolute ? "/" : "") + clean.joined(separator: "/")
    }
}

/// A path to one field, which is made where it is missing: names, positions in lists (`-` is the last), and `[name=value]` for the first item
/// of a list with that member.
private struct ValuePath {
    private enum Step {
        case name(String)
        /// Counted from 0; `nil` is the last one.
        case position(Int?)
        case item(key: String, value: String)
        case wrong(String)
    }

    private let steps: [Step]

    init(_ path: String) {
        steps = FieldSpec.split(path).map { $0.trimmingBlanks() }.filter { !$0.isEmpty }.map { part in
            if let position = Int(part) { return position < 0 ? .wrong("a position cannot be negative") : .position(position) }
            if part == "-" { return .position(nil) }
            if part == "*" { return .wrong("* is not understood here") }
            guard part.hasPrefix("["), part.hasSuffix("]") else { return .name(part) }
            let inner = part.dropFirst().dropLast()
            guard let sign = inner.firstIndex(of: "=") else { return .wrong("\(part) should be [name=value]") }
            return .item(key: String(inner[..<sign]), value: String(inner[inner.index(after: sign)...]))
        }
    }

    func set(in value: inout Value, _ text: (String) -> String) throws(FieldFailure) { try set(&value, steps[...], text) }

    private func set(_ value: inout Value, _ steps: ArraySlice<Step>, _ text: (String) -> String) throws(FieldFailure) {
        guard let step = steps.first else {
            switch value {
            case .list, .map: throw .noScalar(value)
            case .null: value = YAML.plainScalar(text(""), scalars: .kustomize)
            case .bool, .int, .decimal, .string: value = value.replacing(text: text(value.scalarText ?? ""))
            }
            return
        }
        let rest = steps.dropFirst()
        if case .wrong(let message) = step { throw FieldFailure(message: message) }
        if value.isNull, case .name = step { return }
        switch (step, value) {
        case (.name(let name), .map(var map)):
            var member = map[name] ?? Self.made(for: rest.first)
            try set(&member, rest, text)
            map[name] = member
            value = .map(map)
        case (.position(let position), .list(var items)):
            guard let index = position ?? items.indices.last, items.indices.contains(index) else { return }
            try set(&items[index], rest, text)
            value = .list(items)
        case (.item(let key, let wanted), .list(var items)):
            let found = items.firstIndex { item in
                key.isEmpty ? item.scalarText == wanted : item.map?[key]?.scalarText == wanted
            }
            if found == nil {
                let scalar = YAML.plainScalar(wanted, scalars: .kustomize)
                items.append(key.isEmpty ? scalar : .map(Map([(key, scalar)])))
            }
            try set(&items[found ?? items.count - 1], rest, text)
            value = .list(items)
        case (.name, _): throw .noMap(value)
        case (_, _): throw FieldFailure(message: "there is \(value.kindName) where a list should be")
        }
    }

    /// What is missing, by what is looked for in it.
    private static func made(for step: Step?) -> Value {
        switch step {
        case nil: .null
        case .item, .position(.some): .list([])
        case .name, .position(nil), .wrong: .map(Map())
        }
    }
}
