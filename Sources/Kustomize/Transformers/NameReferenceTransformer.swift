// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Follows references by name to resources whose names or namespaces have changed.
///
/// A field holds a name; resources that were called so and are of a kind the field may refer to are candidates. Namespaces, and what
/// kustomizations put before and behind names, decide between several. Source of the rules: kustomize `api/filters/nameref` and
/// `api/internal/accumulator/namereferencetransformer.go`.
struct NameReferenceTransformer: Transformer {
    private let references: [TransformerConfiguration.NameReference]

    init(_ references: [TransformerConfiguration.NameReference]) { self.references = references }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        let targets = ReferenceTargets(resources.items)
        var plans = KindCache<Plan>()
        for (position, resource) in resources.items.enumerated() {
            let plan = plans.choose(resource.originalID) { Plan(for: resource.originalID, references) }
            guard plan.hasFields else { continue }
            do throws(FieldFailure) {
                var referrer = try Referrer(resource, targets.facts[position])
                let value = try plan.tree.updated(resource.value) { (value, ends) throws(FieldFailure) in
                    try Self.updated(value, ends.map { plan.fields[$0] }, &referrer, targets)
                }
                if let value { resource.value = value }
            } catch {
                throw KustomizeFailure(
                    KustomizeProblem(
                        code: "wrong-reference", path: resource.source.path, message: "references of \(resource.id): \(error.message)"))
            }
        }
    }

    /// The fields of one kind that hold names.
    private final class Plan {
        struct Field {
            let target: TransformerConfiguration.NameReference
            let isRoleReference: Bool
        }

        let tree = FieldTree()
        private(set) var fields: [Field] = []

        var hasFields: Bool { !fields.isEmpty }

        init(for id: ResourceID, _ references: [TransformerConfiguration.NameReference]) {
            for reference in references {
                for field in reference.fields where field.selects(id) {
                    tree.add(field.steps, fields.count)
                    fields.append(Field(target: reference, isRoleReference: field.path.hasSuffix("roleRef/name")))
                }
            }
        }
    }

    // MARK: - One field

    private static func updated(
        _ value: Value, _ fields: [Plan.Field], _ referrer: inout Referrer, _ targets: ReferenceTargets
    ) throws(FieldFailure) -> Value? {
        var result: Value?
        for field in fields {
            if let new = try updated(result ?? value, field, &referrer, targets) { result = new }
        }
        return result
    }

    private static func updated(
        _ value: Value, _ field: Plan.Field, _ referrer: inout Referrer, _ targets: ReferenceTargets
    ) throws(FieldFailure) -> Value? {
        switch value {
        case .null: return nil
        case .bool, .int, .decimal, .string: return try updated(scalar: value, field, &referrer, targets)
        case .map(let map): return try updated(map: map, field, &referrer, targets)
        case .list(let items):
            var result: [Value]?
            for (index, item) in items.enumerated() {
                if case .list = item { throw FieldFailure(message: "there is a list where a name or a map with a name should be") }
                guard let new = try updated(item, field, &referrer, targets) else { continue }
                if result == nil { result = items }
                result?[index] = new
            }
            return result.map { .list($0) }
        }
    }

    private static func updated(
        scalar value: Value, _ field: Plan.Field, _ referrer: inout Referrer, _ targets: ReferenceTargets
    ) throws(FieldFailure) -> Value? {
        guard let old = value.scalarText,
            let target = try target(named: old, namespace: nil, field, &referrer, targets, isSame: { $0.name == $1.name })
        else { return nil }
        target.referrers.append(referrer.facts.id)
        let new = target.name
        guard new != old, !new.isEmpty else { return nil }
        return value.replacing(text: new)
    }

    /// A reference of two parts; both are set.
    private static func updated(
        map: Map, _ field: Plan.Field, _ referrer: inout Referrer, _ targets: ReferenceTargets
    ) throws(FieldFailure) -> Value? {
        guard let name = map["name"] else { throw FieldFailure(message: "there is a map without a name where a reference should be") }
        let old = name.scalarText ?? ""
        let namespace = map["namespace"].map { $0.scalarText ?? "" }
        let found = try target(named: old, namespace: namespace, field, &referrer, targets) {
            $0.name == $1.name && $0.namespace == $1.namespace
        }
        guard let target = found else { return nil }
        target.referrers.append(referrer.facts.id)
        let id = target.id
        if id.name == old && id.namespace.isEmpty { return nil }
        var result = map
        if id.name.isEmpty { result["name"] = nil } else { result["name"] = name.replacing(text: id.name) }
        if !id.namespace.isEmpty { result["namespace"] = (map["namespace"] ?? .string("")).replacing(text: id.namespace) }
        return .map(result)
    }

    // MARK: - The target

    /// - Parameters:
    ///   - namespace: what the reference itself says; `nil` where it says none.
    ///   - isSame: whether it makes no difference which of two is taken.
    /// - Throws: where it does make a difference.
    private static func target(
        named name: String, namespace: String?, _ field: Plan.Field, _ referrer: inout Referrer, _ targets: ReferenceTargets,
        isSame: (ResourceID, ResourceID) -> Bool
    ) throws(FieldFailure) -> Resource? {
        let roleKind = field.isRoleReference ? referrer.roleKind : nil
        var candidates: [Int] = []
        for position in targets.positions(formerlyNamed: name, for: referrer, in: namespace) {
            let resource = targets.resources[position]
            let ids = resource.formerIDs
            guard ids.contains(where: { field.target.selects($0) }) else { continue }
            if let roleKind, !ids.contains(where: { roleKind.selects($0) }) { continue }
            guard referrer.reaches(targets.facts[position]) else { continue }
            candidates.append(position)
        }
        if candidates.count <= 1 { return candidates.first.map { targets.resources[$0] } }
        var resources = candidates.map { targets.resources[$0] }
        resources.removeAll { !$0.wasNamed(like: referrer.resource, emptyMatches: true) }
        if resources.count > 1 { resources.removeAll { !$0.wasNamed(like: referrer.resource, emptyMatches: false) } }
        guard let first = resources.first else { return nil }
        guard resources.allSatisfy({ isSame($0.id, first.id) }) else {
            throw FieldFailure(
                message: "\(name) may mean any of \(resources.map(\.id.description).joined(separator: ", ")): they were all named so once")
        }
        return first
    }
}

/// A resource whose references are followed, and what of it decides where they may lead.
struct Referrer {
    let resource: Resource
    let facts: ReferenceTargets.Facts
    /// The namespaces of a role binding's service accounts, as written.
    let accountNamespaces: Set<String>
    /// The kind of role that a role binding says it refers to.
    lazy var roleKind: TransformerConfiguration.NameReference? = {
        guard case .map(let role)? = resource.value["roleRef"], let group = role["apiGroup"], !group.isNull, let kind = role["kind"],
            !kind.isNull
        else { return nil }
        return .init(group: group.scalarText ?? "", kind: kind.scalarText ?? "")
    }()

    init(_ resource: Resource, _ facts: ReferenceTargets.Facts) throws(FieldFailure) {
        self.resource = resource
        self.facts = facts
        guard facts.id.kind == "RoleBinding", !facts.isClusterScoped, case .list(let subjects)? = resource.value["subjects"] else {
            accountNamespaces = []
            return
        }
        var namespaces: Set<String> = []
        for subject in subjects {
            guard case .map(let subject) = subject else { throw FieldFailure(message: "a subject is \(subject.kindName), not a map") }
            guard let namespace = subject["namespace"], let kind = subject["kind"] else { continue }
            guard let kind = kind.string else { throw FieldFailure(message: "the kind of a subject is \(kind.kindName)") }
            guard kind == "ServiceAccount" else { continue }
            guard let text = namespace.string else {
                throw FieldFailure(message: "the namespace of a service account is \(namespace.kindName)")
            }
            namespaces.insert(text)
        }
        accountNamespaces = namespaces
    }

    /// Whether references may lead to a resource: into the own namespace, out of all namespaces, and from role bindings to service accounts
    /// in those they name.
    func reaches(_ target: ReferenceTargets.Facts) -> Bool {
        if facts.isClusterScoped || target.isClusterScoped || facts.namespace == target.namespace { return true }
        return target.id.kind == "ServiceAccount" && accountNamespaces.contains(target.id.namespace)
    }
}

extension Resource {
    /// Whether both were named in the same kustomizations: the shorter list of what was put before their names ends the longer one, and the
    /// same behind.
    fileprivate func wasNamed(like other: Resource, emptyMatches: Bool) -> Bool {
        func endAlike(_ left: [String], _ right: [String]) -> Bool {
            if left.isEmpty || right.isEmpty { return emptyMatches || (left.isEmpty && right.isEmpty) }
            return zip(left.reversed(), right.reversed()).allSatisfy { $0 == $1 }
        }
        return endAlike(prefixes, other.prefixes) && endAlike(suffixes, other.suffixes)
    }
}
