// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Judges what one application would touch by the bounds of its pipeline.
///
/// An application that names no service account acts with the agent's own rights. It gets no more than its namespaces: what the bounds
/// leave open is then its own namespace, and no kind outside namespaces.
package struct BoundsCheck: Sendable {
    private let bounds: Bounds
    private let namespace: String
    private let serviceAccount: String?
    /// `nil` for any.
    private let namespaces: [NamespacePattern]?
    /// `nil` for any.
    private let clusterScoped: [KindName]?

    /// - Parameter namespace: the application's own, into which objects go that name none.
    package init(_ bounds: Bounds, namespace: String, serviceAccount: String?) {
        self.bounds = bounds
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        if let listed = bounds.namespaces {
            namespaces = listed.map { NamespacePattern($0) }
        } else {
            namespaces = serviceAccount == nil ? [NamespacePattern(namespace)] : nil
        }
        if let listed = bounds.clusterScoped {
            clusterScoped = listed.map { KindName($0) }
        } else {
            clusterScoped = serviceAccount == nil ? [] : nil
        }
    }

    /// Why the application may not act as the service account that it names; `nil` where it may, or names none.
    package func violationByAccount() -> BoundsViolation? {
        guard let serviceAccount else { return nil }
        if let listed = bounds.serviceAccounts, !listed.contains(serviceAccount) {
            return BoundsViolation(
                bound: .serviceAccounts,
                message:
                    "service account '\(serviceAccount)' is not one of the pipeline's spec.bounds.serviceAccounts (\(Self.words(listed)))",
                hint: "add it there, or name another one in sync.serviceAccount")
        }
        guard !allows(namespace: namespace) else { return nil }
        return BoundsViolation(
            bound: .namespaces,
            message: "service account '\(serviceAccount)' lives in namespace '\(namespace)', \(lacking())",
            hint: "add the namespace there, or set the application's 'namespace'")
    }

    /// Why the application may not have its namespace made; `nil` where it may.
    package func violationByMakingNamespace() -> BoundsViolation? {
        guard !allows(namespace: namespace) else { return nil }
        return BoundsViolation(
            bound: .namespaces, message: "sync.createNamespace would make namespace '\(namespace)', \(lacking())",
            hint: "add it there, or set the application's 'namespace'")
    }

    /// Why the application may not touch an object; `nil` where it may.
    /// - Parameters:
    ///   - identity: an empty namespace of a kind that lives in namespaces is the application's.
    ///   - scope: `nil` where only the cluster knows: then what either scope would allow passes, for whoever asks the cluster to judge.
    package func violation(of identity: ObjectIdentity, scope: KindScope?) -> BoundsViolation? {
        switch scope {
        case .cluster: violationByKind(identity) ?? violationByName(identity)
        case .namespaced: violationByNamespace(identity)
        case nil: violationByKind(identity) == nil ? nil : violationByNamespace(identity)
        }
    }

    private func violationByKind(_ identity: ObjectIdentity) -> BoundsViolation? {
        guard let clusterScoped,
            !clusterScoped.contains(where: { $0.matchesClusterScoped(group: identity.group, kind: identity.kind) })
        else { return nil }
        let name = KindName(group: identity.group, kind: identity.kind)
        let why =
            bounds.clusterScoped == nil
            ? "without sync.serviceAccount an application gets only what the pipeline's spec.bounds.clusterScoped lists"
            : "the pipeline's spec.bounds.clusterScoped does not list it"
        return BoundsViolation(
            object: identity, bound: .clusterScoped, message: "kind \(name) lives outside namespaces, and \(why)",
            hint: "list '\(name)' there, or take the object out of the application")
    }

    /// A Namespace is as good as what is in it: labels of it decide what its pods may do.
    private func violationByName(_ identity: ObjectIdentity) -> BoundsViolation? {
        guard identity.group.isEmpty, identity.kind == "Namespace", !allows(namespace: identity.name) else { return nil }
        return BoundsViolation(
            object: identity, bound: .namespaces, message: "namespace '\(identity.name)' is out of bounds: it is \(lacking())",
            hint: "add it there, or take the object out of the application")
    }

    private func violationByNamespace(_ identity: ObjectIdentity) -> BoundsViolation? {
        let place = identity.namespace.isEmpty ? namespace : identity.namespace
        guard !allows(namespace: place) else { return nil }
        let placed = ObjectIdentity(group: identity.group, kind: identity.kind, namespace: place, name: identity.name)
        return BoundsViolation(
            object: placed, bound: .namespaces, message: "namespace '\(place)' is out of bounds: it is \(lacking())",
            hint: "add it there, or put the object elsewhere")
    }

    private func allows(namespace: String) -> Bool { namespaces?.contains { $0.matches(namespace) } ?? true }

    private func lacking() -> String {
        guard let listed = bounds.namespaces else {
            return "not the application's own namespace '\(namespace)', which is all that it gets without sync.serviceAccount and without "
                + "the pipeline's spec.bounds.namespaces"
        }
        return "not among the pipeline's spec.bounds.namespaces (\(Self.words(listed)))"
    }

    private static func words(_ items: [String]) -> String {
        guard !items.isEmpty else { return "none" }
        let more = items.count > 5 ? " and \(items.count - 5) more" : ""
        return items.prefix(5).joined(separator: ", ") + more
    }
}

/// Something that an application would touch and its pipeline's bounds do not allow.
package struct BoundsViolation: Sendable, Hashable, CustomStringConvertible {
    package enum Bound: String, Sendable, Hashable {
        case namespaces, clusterScoped, serviceAccounts
    }

    /// `nil` where it is about the application as a whole.
    package var object: ObjectIdentity?
    package var bound: Bound
    package var message: String
    /// How to mend it.
    package var hint: String

    package init(object: ObjectIdentity? = nil, bound: Bound, message: String, hint: String) {
        self.object = object
        self.bound = bound
        self.message = message
        self.hint = hint
    }

    package var description: String { (object.map { "\($0): " } ?? "") + "\(message) (\(hint))" }
}

extension SyncTask {
    /// What its objects are judged by; `nil` where its pipeline has no bounds.
    package var boundsCheck: BoundsCheck? {
        options.bounds.map { BoundsCheck($0, namespace: namespace, serviceAccount: options.serviceAccount) }
    }
}
