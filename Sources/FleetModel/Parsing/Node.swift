// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A value with its place in a declaration. Readers give `nil` after having reported what is wrong.
struct Node {
    let value: Value
    let path: [PathStep]
    let document: SourceDocument

    /// The last key on the way here, for messages.
    var name: String {
        for step in path.reversed() { if case .key(let key) = step { return key } }
        return "the document"
    }

    func error(_ code: String, _ message: String, hint: String? = nil, part: YAML.Part = .value) {
        document.add(.error, code, message, hint: hint, at: path, part: part)
    }

    func wrongType(_ wanted: String, hint: String? = nil) {
        error("wrong-type", "'\(name)' must be \(wanted), not \(value.kindName)", hint: hint)
    }

    func invalid(_ message: String, hint: String? = nil) { error("invalid-value", message, hint: hint) }

    // MARK: Containers

    /// The members, after a report of those that are not `known`.
    func members(_ known: String...) -> Members? {
        guard let map = value.map else {
            wrongType("a map")
            return nil
        }
        for key in map.keys where !known.contains(key) {
            document.add(
                .error, "unknown-field", path.isEmpty ? "unknown field '\(key)'" : "unknown field '\(key)' in '\(name)'",
                hint: Suggestion.hint(for: key, among: known, what: "known fields"), at: path + [.key(key)], part: .key)
        }
        return Members(node: self, map: map)
    }

    /// The items of a list, each with its place.
    func items() -> [Node] {
        guard let list = value.list else {
            wrongType("a list")
            return []
        }
        return list.enumerated().map { Node(value: $1, path: path + [.index($0)], document: document) }
    }

    // MARK: Scalars

    func text() -> String? {
        switch value {
        case .string(let text):
            if text.isEmpty {
                invalid("'\(name)' must not be empty")
                return nil
            }
            return text
        case .int, .decimal, .bool:
            wrongType("a string", hint: "put it in quotes")
            return nil
        case .null, .list, .map:
            wrongType("a string")
            return nil
        }
    }

    func flag() -> Bool? {
        if let flag = value.bool { return flag }
        wrongType("true or false")
        return nil
    }

    func integer(_ range: ClosedRange<Int>) -> Int? {
        guard let number = value.int else {
            wrongType("an integer")
            return nil
        }
        guard let number = Int(exactly: number), range.contains(number) else {
            invalid(
                "'\(name)' must be \(range.upperBound == .max ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"), not \(number)"
            )
            return nil
        }
        return number
    }

    func number() -> Double? {
        if let number = value.double { return number }
        wrongType("a number")
        return nil
    }

    func duration() -> Duration? {
        guard case .string(let text) = value, let duration = DurationText.parse(text) else {
            if case .string(let text) = value {
                invalid("'\(text)' is no duration", hint: "write whole numbers with units, such as 90s, 5m or 1h30m")
            } else {
                wrongType("a duration", hint: "write whole numbers with units, such as 90s, 5m or 1h30m")
            }
            return nil
        }
        return duration
    }

    /// A count from 1, or a percentage from 1 to 100.
    func quota() -> Quota? {
        switch value {
        case .int: return integer(1...Int.max).map { .count($0) }
        case .string(let text):
            if text.hasSuffix("%"), let percent = Int(text.dropLast()), (1...100).contains(percent) { return .percent(percent) }
            invalid("'\(text)' is neither a number nor a percentage", hint: "write a number such as 2, or a percentage such as 25%")
            return nil
        case .null, .bool, .decimal, .list, .map:
            wrongType("a number or a percentage")
            return nil
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type = Choice.self) -> Choice? where Choice.RawValue == String {
        let known = Choice.allCases.map(\.rawValue)
        guard case .string(let text) = value else {
            wrongType("one of \(known.joined(separator: ", "))")
            return nil
        }
        if let choice = Choice(rawValue: text) { return choice }
        error(
            "invalid-value", "'\(name)' must be one of \(known.joined(separator: ", ")), not '\(text)'",
            hint: Suggestion.nearest(to: text, among: known).map { "did you mean '\($0)'?" })
        return nil
    }

    func pointer() -> JSONPointer? {
        guard let text = text() else { return nil }
        do throws(JSONPointerError) {
            return try JSONPointer(parsing: text)
        } catch {
            invalid(error.description, hint: "write a path such as /spec/replicas")
            return nil
        }
    }

    // MARK: Lists and maps of texts

    func texts() -> [String] { items().compactMap { $0.text() } }

    /// Names of declarations; one that stands twice is an error.
    func names() -> [String] {
        var names: [String] = []
        var seen: Set<String> = []
        for item in items() {
            guard let name = item.text() else { continue }
            if !seen.insert(name).inserted { item.invalid("'\(name)' is there twice") } else { names.append(name) }
        }
        return names
    }

    /// Strings by name: variables.
    func variables() -> [String: String] {
        guard let map = value.map else {
            wrongType("a map of strings")
            return [:]
        }
        var variables: [String: String] = [:]
        for entry in map.entries {
            let member = Node(value: entry.value, path: path + [.key(entry.key)], document: document)
            if case .string(let text) = entry.value {
                variables[entry.key] = text
            } else {
                member.wrongType("a string", hint: entry.value.map == nil && entry.value.list == nil ? "put it in quotes" : nil)
            }
        }
        return variables
    }

    /// Labels, by Kubernetes' rules.
    func labels() -> [String: String] {
        let labels = variables()
        for (key, text) in labels {
            let prefix = key.contains("/") ? key.prefix { $0 != "/" } : ""
            let short = key.contains("/") ? key.dropFirst(prefix.count + 1) : key[...]
            if !Names.isLabelPart(short, emptyAllowed: false) || (key.contains("/") && !Names.isDomain(prefix)) {
                document.add(
                    .error, "invalid-label", "'\(key)' is no label's name", hint: Names.labelHint, at: path + [.key(key)], part: .key)
            }
            if !Names.isLabelPart(text[...], emptyAllowed: true) {
                document.add(.error, "invalid-label", "'\(text)' is no label's value", hint: Names.labelHint, at: path + [.key(key)])
            }
        }
        return labels
    }

    func selector() -> LabelSelector? {
        guard let members = members("matchLabels", "matchExpressions") else { return nil }
        var selector = LabelSelector()
        selector.matchLabels = members["matchLabels"]?.labels() ?? [:]
        for item in members["matchExpressions"]?.items() ?? [] {
            guard let fields = item.members("key", "operator", "values"), let key = fields.required("key")?.text(),
                let `operator` = fields.required("operator")?.choice(LabelSelector.Requirement.Operator.self)
            else { continue }
            let values = fields["values"]?.texts() ?? []
            switch `operator` {
            case .in, .notIn:
                if values.isEmpty { item.error("missing-field", "'\(`operator`.rawValue)' needs 'values'") }
            case .exists, .doesNotExist:
                if !values.isEmpty { fields["values"]?.invalid("'\(`operator`.rawValue)' takes no 'values'") }
            }
            selector.matchExpressions.append(.init(key: key, operator: `operator`, values: values))
        }
        return selector
    }
}

/// The members of a map node.
struct Members {
    let node: Node
    let map: Map

    /// The member; `nil` where it is absent or null.
    subscript(key: String) -> Node? {
        guard let value = map[key], !value.isNull else { return nil }
        return Node(value: value, path: node.path + [.key(key)], document: node.document)
    }

    func required(_ key: String) -> Node? {
        if let member = self[key] { return member }
        node.document.add(
            .error, "missing-field", node.path.isEmpty ? "'\(key)' is missing" : "'\(key)' is missing in '\(node.name)'", at: node.path,
            part: .key)
        return nil
    }
}
