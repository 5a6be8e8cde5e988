// SPDX-License-Identifier: Apache-2.0

import Manifests

// ValidatingAdmissionPolicy: rules that the cluster's own objects make for others.
extension ClusterCore {
    private static let policyGroup = "admissionregistration.k8s.io"
    private static let policyKey = ResourceKey(group: policyGroup, plural: "validatingadmissionpolicies")
    private static let bindingKey = ResourceKey(group: policyGroup, plural: "validatingadmissionpolicybindings")

    /// Asks every policy bound to a request; the first that denies refuses it.
    func admitPolicies(_ operation: String, _ object: Value?, old: Value?, _ context: inout Context) throws(StatusError) {
        guard store.count(Self.bindingKey) > 0, store.count(Self.policyKey) > 0, context.type.group != Self.policyGroup else { return }
        for binding in store.list(Self.bindingKey) {
            let name = ObjectName(namespace: "", name: binding.at("spec", "policyName")?.string ?? "")
            guard let policy = store.get(Self.policyKey, name),
                matches(policy.at("spec", "matchConstraints"), operation, object, old, context),
                binding.at("spec", "matchResources").map({ matches($0, operation, object, old, context) }) ?? true
            else { continue }
            try judge(policy, binding, operation, object, old, &context)
        }
    }

    private func judge(
        _ policy: Value, _ binding: Value, _ operation: String, _ object: Value?, _ old: Value?, _ context: inout Context
    ) throws(StatusError) {
        let actions = binding.at("spec", "validationActions")?.list?.compactMap(\.string) ?? []
        let ignoresFailures = policy.at("spec", "failurePolicy")?.string == "Ignore"
        var names = names(operation, object, old, context)
        func report(_ message: String, _ reason: String) throws(StatusError) {
            let title = "ValidatingAdmissionPolicy '\(policy.name)' with binding '\(binding.name)'"
            if actions.contains("Warn") { context.warnings.append("Validation failed for \(title): \(message)") }
            if actions.contains("Deny") { throw Self.denied("\(title) denied request: \(message)", reason, context, object ?? old) }
        }
        if let parameters = policy.at("spec", "paramKind") {
            guard let found = parameter(parameters, binding.at("spec", "paramRef"), context.namespace) else {
                if binding.at("spec", "paramRef", "parameterNotFoundAction")?.string == "Allow" { return }
                return try report(
                    "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction", "Invalid")
            }
            names["params"] = found
        }
        for condition in policy.at("spec", "matchConditions")?.list ?? [] {
            let met = try? holds(condition["expression"]?.string ?? "", names)
            guard met ?? true else { return }
        }
        var variables = Map()
        for variable in policy.at("spec", "variables")?.list ?? [] {
            guard let name = variable["name"]?.string, let expression = try? Expression(variable["expression"]?.string ?? "") else {
                continue
            }
            // One that fails is missed only by the validation that uses it.
            if let value = try? ExpressionContext(names: names).value(expression) { variables[name] = value }
            names["variables"] = .map(variables)
        }
        for validation in policy.at("spec", "validations")?.list ?? [] {
            let text = validation["expression"]?.string ?? ""
            do throws(ExpressionProblem) {
                if try holds(text, names) { continue }
            } catch {
                guard case .failed(let why) = error, !ignoresFailures else { continue }
                try report("expression '\(text)' resulted in error: \(why)", "Invalid")
                continue
            }
            var message = validation["message"]?.string ?? "failed expression: \(text)"
            if let source = validation["messageExpression"]?.string, let expression = try? Expression(source),
                case .string(let made)? = try? ExpressionContext(names: names).value(expression), !made.isEmpty
            {
                message = made
            }
            try report(message, validation["reason"]?.string ?? "Invalid")
        }
    }

    private func holds(_ text: String, _ names: [String: Value]) throws(ExpressionProblem) -> Bool {
        guard let expression = try? Expression(text) else { throw .unknown }
        return try ExpressionContext(names: names).flag(expression)
    }

    private static func denied(_ message: String, _ reason: String, _ context: Context, _ object: Value?) -> StatusError {
        let name = object?.name ?? context.name ?? ""
        let code =
            switch reason {
            case "Unauthorized": 401
            case "Forbidden": 403
            case "RequestEntityTooLarge": 413
            default: 422
            }
        let cause = StatusError.Cause(reason: "", message: message, field: "")
        return StatusError(
            code: code, reason: reason, message: "\(context.type.qualified) \"\(name)\" is forbidden: \(message)",
            details: StatusError.details(name: name, group: context.type.group, kind: context.type.plural, causes: [cause]))
    }

    private func names(_ operation: String, _ object: Value?, _ old: Value?, _ context: Context) -> [String: Value] {
        let type = context.type
        let kind: Value = ["group": .string(type.group), "version": .string(type.version), "kind": .string(type.kind)]
        let resource: Value = ["group": .string(type.group), "version": .string(type.version), "resource": .string(type.plural)]
        let namespace = type.isNamespaced ? get(builtIn("namespaces"), "", context.namespace) : nil
        return [
            "object": object ?? .null, "oldObject": old ?? .null, "namespaceObject": namespace ?? .null, "params": .null,
            "variables": [:],
            "request": [
                "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
                "subResource": .string(context.subresource ?? ""), "name": .string(object?.name ?? old?.name ?? context.name ?? ""),
                "namespace": .string(type.isNamespaced ? context.namespace : ""), "operation": .string(operation),
                "userInfo": [
                    "username": .string(context.user.name), "uid": .string(context.user.uid),
                    "groups": .list(context.user.groups.map { .string($0) }),
                ],
                "dryRun": .bool(context.dryRun),
            ],
        ]
    }

    private func parameter(_ kind: Value, _ reference: Value?, _ namespace: String) -> Value? {
        guard let type = type(apiVersion: kind["apiVersion"]?.string ?? "", kind: kind["kind"]?.string ?? "") else { return nil }
        let place = reference?["namespace"]?.string ?? namespace
        if let name = reference?["name"]?.string { return get(type, place, name).map { converted($0, to: type) } }
        let selector = LabelSelector(object: reference?["selector"])
        return store.list(type.key, namespace: type.isNamespaced ? place : nil).first { selector.matches($0.labels) }
    }

    // MARK: - What a policy or webhook is about

    /// Whether match constraints, of a policy, a binding or a webhook's own fields, include a request.
    func matches(_ constraints: Value?, _ operation: String, _ object: Value?, _ old: Value?, _ context: Context) -> Bool {
        guard let constraints else { return false }
        if let selector = constraints["namespaceSelector"], context.type.isNamespaced {
            let labels = get(builtIn("namespaces"), "", context.namespace)?.labels ?? Map()
            if !LabelSelector(object: selector).matches(labels) { return false }
        }
        if let selector = constraints["objectSelector"] {
            let wanted = LabelSelector(object: selector)
            if ![object, old].compactMap({ $0 }).contains(where: { wanted.matches($0.labels) }) { return false }
        }
        if let excluded = constraints["excludeResourceRules"]?.list, excluded.contains(where: { includes($0, operation, context) }) {
            return false
        }
        guard let rules = constraints["resourceRules"]?.list ?? constraints["rules"]?.list else { return true }
        return rules.contains { includes($0, operation, context) }
    }

    private func includes(_ rule: Value, _ operation: String, _ context: Context) -> Bool {
        func has(_ field: String, _ wanted: String...) -> Bool {
            (rule[field]?.list ?? []).contains { $0.string == "*" || $0.string.map(wanted.contains) == true }
        }
        let type = context.type
        guard has("operations", operation), has("apiGroups", type.group), has("apiVersions", type.version) else { return false }
        let resources = rule["resources"]?.list?.compactMap(\.string) ?? []
        let hit: Bool
        if let subresource = context.subresource {
            hit = resources.contains { ["*/*", "\(type.plural)/\(subresource)", "\(type.plural)/*", "*/\(subresource)"].contains($0) }
        } else {
            hit = resources.contains { $0 == "*" || $0 == "*/*" || $0 == type.plural }
        }
        guard hit else { return false }
        if let names = rule["resourceNames"]?.list, !names.isEmpty, !names.contains(where: { $0.string == context.name }) { return false }
        switch rule["scope"]?.string {
        case "Namespaced": return type.isNamespaced
        case "Cluster": return !type.isNamespaced
        default: return true
        }
    }
}
