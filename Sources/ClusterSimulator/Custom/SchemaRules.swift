// SPDX-License-Identifier: Apache-2.0

import Manifests

/// The rules of `x-kubernetes-validations`. A rule with calls that are not known here holds: a simulated cluster rather lets an object pass
/// than refuses what a real one takes.
enum SchemaRules {
    static func check(_ value: Value, old: Value?, _ schema: Value, _ path: String, _ causes: inout [StatusError.Cause]) {
        for rule in schema["x-kubernetes-validations"]?.list ?? [] {
            guard let text = rule["rule"]?.string else { continue }
            if text.contains("oldSelf"), old == nil { continue }
            guard let expression = try? Expression(text) else { continue }
            let context = ExpressionContext(names: ["self": value, "oldSelf": old ?? .null])
            let message: String
            do throws(ExpressionProblem) {
                if try context.flag(expression) { continue }
                message = Self.message(rule, text, context)
            } catch {
                guard case .failed(let why) = error else { continue }
                message = "\(why) evaluating rule: \(Self.message(rule, text, context))"
            }
            let field = path + (rule["fieldPath"]?.string ?? "")
            causes.append(.init(reason: rule["reason"]?.string ?? "FieldValueInvalid", message: Self.worded(rule, message), field: field))
        }
        switch value {
        case .map(let map):
            for entry in map {
                let below = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                guard let inner = schema["properties"]?[entry.key] ?? schema["additionalProperties"], inner.map != nil else { continue }
                check(entry.value, old: old?[entry.key], inner, below, &causes)
            }
        case .list(let items):
            guard let inner = schema["items"] else { return }
            // Items of a keyed list have a past; those of other lists have none.
            let keys =
                schema["x-kubernetes-list-type"]?.string == "map"
                ? schema["x-kubernetes-list-map-keys"]?.list?.compactMap(\.string) ?? [] : []
            for (index, item) in items.enumerated() {
                let before = keys.isEmpty ? nil : old?.list?.first { past in keys.allSatisfy { past[$0] == item[$0] } }
                check(item, old: before, inner, "\(path)[\(index)]", &causes)
            }
        default: break
        }
    }

    /// The words for a broken rule: its own expression for them, its fixed message, or the rule itself.
    private static func message(_ rule: Value, _ text: String, _ context: ExpressionContext) -> String {
        if let source = rule["messageExpression"]?.string, let expression = try? Expression(source),
            case .string(let message)? = try? context.value(expression), !message.isEmpty
        {
            return message
        }
        return rule["message"]?.string ?? "failed rule: \(text)"
    }

    private static func worded(_ rule: Value, _ message: String) -> String {
        switch rule["reason"]?.string {
        case "FieldValueForbidden": "Forbidden: \(message)"
        case "FieldValueRequired": "Required value: \(message)"
        default: "Invalid value: \(message)"
        }
    }
}
