// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Puts resources into a namespace, and says so wherever they refer to their own.
///
/// Source of the rules: kustomize `api/filters/namespace`.
struct NamespaceTransformer: Transformer {
    /// Which subjects of role bindings are in the namespace.
    enum Subjects: String, CaseIterable {
        /// Those named `default`.
        case defaultOnly
        case allServiceAccounts
        case none
    }

    private let setter: NamespaceSetter
    private let place: Node

    init(namespace: String, fields: [FieldSpec], at place: Node) {
        setter = NamespaceSetter(namespace: namespace, fields: fields)
        self.place = place
    }

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        let mode = try plugin.looseText("setRoleBindingSubjects")
        guard let subjects = mode.isEmpty ? .defaultOnly : Subjects(rawValue: mode) else {
            throw (plugin["setRoleBindingSubjects"] ?? plugin).failure(
                "wrong-value", "setRoleBindingSubjects cannot be \(mode)",
                hint: "one of \(Subjects.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        if let metadata = plugin["metadata"] { _ = try metadata.map() }
        setter = NamespaceSetter(
            namespace: try plugin["metadata"]?.looseText("namespace") ?? "", fields: try plugin.looseFields(),
            unsetOnly: try plugin.flag("unsetOnly"), subjects: subjects)
        place = plugin
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        guard !setter.namespace.isEmpty else { return }
        var setter = setter
        var holders: [ResourceID: Int] = [:]
        for resource in resources.items { holders[Self.key(resource.id), default: 0] += 1 }
        for resource in resources.items where !resource.value.isNull && resource.value.map?.isEmpty != true {
            holders[Self.key(resource.id), default: 0] -= 1
            resource.rememberIdentity()
            do throws(FieldFailure) { try setter.set(in: resource) } catch { throw place.failure(error) }
            let id = resource.id
            let count = holders[Self.key(id), default: 0] + 1
            holders[Self.key(id)] = count
            guard count == 1 else {
                throw place.failure("duplicate", "in the namespace \(setter.namespace) there would be \(count) resources \(id)")
            }
        }
    }

    /// Equal for identities that match.
    private static func key(_ id: ResourceID) -> ResourceID {
        var key = id
        key.namespace = id.effectiveNamespace
        return key
    }
}

/// Sets the namespace of one resource after the other.
struct NamespaceSetter {
    let namespace: String
    private let fields: [FieldSpec]
    /// Namespaces that are said already stay.
    private let unsetOnly: Bool
    private let subjects: NamespaceTransformer.Subjects
    private var chosen = KindCache<[FieldSpec]>()

    init(
        namespace: String, fields: [FieldSpec] = [], unsetOnly: Bool = false, subjects: NamespaceTransformer.Subjects = .defaultOnly
    ) {
        self.namespace = namespace
        self.fields = fields
        self.unsetOnly = unsetOnly
        self.subjects = subjects
    }

    private static let own = FieldSpec(path: "metadata/namespace", create: true)

    mutating func set(in resource: Resource) throws(FieldFailure) {
        let id = resource.id
        if !id.isClusterScoped { try change(Self.own, of: resource) }
        let isRoleBinding = id.kind == "RoleBinding" || id.kind == "ClusterRoleBinding"
        if isRoleBinding { try setSubjects(of: resource) }
        let chosen = chosen.choose(id) {
            fields.filter { field in
                // Names are only namespaces in the core group's kind; the rest was dealt with above.
                if field.path == "metadata/namespace" { return false }
                if field.path == "metadata/name", !(id.group.isEmpty && id.version == "v1") { return false }
                let isBinding = field.kind == "RoleBinding" || field.kind == "ClusterRoleBinding"
                if isRoleBinding, isBinding, field.path == "subjects/namespace" { return false }
                return field.selects(id)
            }
        }
        for field in chosen { try change(field, of: resource) }
    }

    private func change(_ field: FieldSpec, of resource: Resource) throws(FieldFailure) {
        try field.change(resource, creation: .scalar) { (target) throws(FieldFailure) in try set(&target) }
    }

    private func set(_ target: inout Value) throws(FieldFailure) {
        if unsetOnly, target.scalarText?.isEmpty == false { return }
        switch target {
        case .list, .map: throw FieldFailure(message: "there is \(target.kindName) where a namespace should be")
        case .null, .bool, .int, .decimal, .string: target = .string(namespace)
        }
    }

    private func setSubjects(of resource: Resource) throws(FieldFailure) {
        guard subjects != .none, let present = resource.value["subjects"], !present.isNull else { return }
        guard case .list(var items) = present else {
            throw FieldFailure(message: "subjects of \(resource.id) is \(present.kindName), not a list")
        }
        let (key, wanted) = subjects == .allServiceAccounts ? ("kind", "ServiceAccount") : ("name", "default")
        var isChanged = false
        for index in items.indices where !items[index].isNull {
            guard case .map(var subject) = items[index] else {
                throw FieldFailure(message: "a subject of \(resource.id) is \(items[index].kindName), not a map")
            }
            guard let said = subject[key], !said.isNull else { continue }
            guard let text = said.scalarText else {
                throw FieldFailure(message: "\(key) of a subject of \(resource.id) is \(said.kindName), not a text")
            }
            guard text == wanted else { continue }
            var namespace = subject["namespace"] ?? .string("")
            try set(&namespace)
            subject["namespace"] = namespace
            items[index] = .map(subject)
            isChanged = true
        }
        if isChanged { resource.value["subjects"] = .list(items) }
    }
}
