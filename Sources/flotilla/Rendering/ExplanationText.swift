// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import Rendering

/// An explanation with what only the caller knows: where the variables and the namespace come from.
struct ExplanationText: Sendable {
    let explanation: Explanation
    /// Said on the command line.
    let variables: Set<String>
    /// Whether `--namespace` was given.
    let hasNamespace: Bool
    let application: Application?
    let cluster: Variables?
    let places: DeclarationPlaces?

    /// One step or one variable in it.
    struct Row: Sendable, Hashable {
        var step: String
        var place: String
        /// `nil` where the step removed the field.
        var value: Value?
        /// A variable of the step above.
        var isUse = false
    }

    var rows: [Row] {
        explanation.steps.flatMap { step -> [Row] in
            let first: Row =
                switch step.kind {
                case .engine(let name): Row(step: name, place: step.place.map(\.description) ?? "", value: step.value)
                case .namespace: Row(step: "namespace", place: namespaceOrigin, value: step.value)
                }
            return [first]
                + step.variables.map { use in
                    Row(step: "${\(use.name)}", place: origin(of: use), value: .string(use.value), isUse: true)
                }
        }
    }

    /// Lines for people: steps, places and values in columns, then the value that came of it.
    func text(style: Style) -> String {
        let title = style.paint(Table.visible(Self.title(explanation)), .strong)
        let rows = rows
        let cells = rows.map { row in
            (
                step: (row.isUse ? "  " : "") + Table.visible(row.step), place: row.place.isEmpty ? "-" : Table.visible(row.place),
                value: Self.short(row.value)
            )
        }
        let stepWidth = cells.map(\.step.count).max() ?? 0
        let placeWidth = cells.map(\.place.count).max() ?? 0
        var lines = ["\(title) = \(style.paint(Self.short(explanation.value), .good))", ""]
        for (row, cell) in zip(rows, cells) {
            let step = cell.step + String(repeating: " ", count: stepWidth - cell.step.count)
            let place = cell.place + String(repeating: " ", count: placeWidth - cell.place.count)
            lines.append("  \(style.paint(step, row.isUse ? .busy : .plain))  \(style.paint(place, .faint))  \(cell.value)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The same for programs.
    var document: Value {
        let object = explanation.object
        var fields: [(String, Value)] = [
            (
                "object",
                [
                    "group": .string(object.group), "kind": .string(object.kind), "namespace": .string(object.namespace),
                    "name": .string(object.name),
                ]
            ), ("field", .string(explanation.field.description)), ("present", .bool(explanation.value != nil)),
        ]
        if let value = explanation.value { fields.append(("value", value)) }
        fields.append(("steps", .list(explanation.steps.map(document))))
        return .map(Map(fields))
    }

    private func document(_ step: Explanation.Step) -> Value {
        var fields: [(String, Value)] = []
        switch step.kind {
        case .engine(let name):
            fields.append(("step", .string(name)))
            if let place = step.place { fields += Self.fields(place) }
        case .namespace:
            fields += [("step", "namespace"), ("origin", .string(namespaceOrigin))]
        }
        fields.append(("removed", .bool(step.value == nil)))
        if let value = step.value { fields.append(("value", value)) }
        if !step.variables.isEmpty {
            fields.append(
                (
                    "variables",
                    .list(
                        step.variables.map { use in
                            .map(
                                Map(
                                    [
                                        ("name", .string(use.name)), ("variable", use.variable.map(Value.string) ?? .null),
                                        ("value", .string(use.value)), ("origin", .string(origin(of: use))),
                                    ] + Self.fields(use.place)))
                        })
                ))
        }
        return .map(Map(fields))
    }

    private static func fields(_ place: Explanation.Place) -> [(String, Value)] {
        [("file", .string(place.path))]
            + (place.line.map { [("line", .int(Int64($0))), ("column", .int(Int64(place.column ?? 1)))] } ?? [])
    }

    // MARK: - Where values come from

    /// The declaration's file, line and column; `--variable`; or the manifest's own default.
    private func origin(of use: Explanation.Use) -> String {
        guard let variable = use.variable else { return "\(use.place) (default)" }
        if variables.contains(variable) { return "--variable \(variable)" }
        guard let cluster, let (subject, path) = DeclarationPlaces.origin(of: variable, in: cluster) else { return variable }
        return declared(subject, path).map { "\($0) (\(variable))" } ?? variable
    }

    private var namespaceOrigin: String {
        if hasNamespace { return "--namespace" }
        guard let application else { return "" }
        return declared(Subject(.application, application.name), ["spec", "namespace"]) ?? ""
    }

    private func declared(_ subject: Subject, _ path: [PathStep]) -> String? {
        guard let file = places?.file(of: subject) else { return nil }
        return places?.mark(of: subject, at: path).map { "\(file):\($0.line):\($0.column)" } ?? file
    }

    // MARK: - Words

    private static func title(_ explanation: Explanation) -> String {
        let object = explanation.object
        let name = [object.kind, object.namespace, object.name].filter { !$0.isEmpty }.joined(separator: "/")
        return explanation.field.steps.isEmpty ? name : "\(name):\(explanation.field)"
    }

    /// A value in one line; long ones are cut.
    static func short(_ value: Value?) -> String {
        guard let value else { return "(removed)" }
        let text = Table.visible(JSON.text(value))
        return text.count > 100 ? text.prefix(97) + "..." : text
    }
}
