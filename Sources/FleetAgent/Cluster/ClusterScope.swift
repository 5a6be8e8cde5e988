// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// Which part of its cluster an agent manages.
///
/// An agent with rights in some namespaces only neither lists nor watches beyond them, and says itself what it may not touch: an API server
/// would refuse the lists as well as the objects.
package enum ClusterScope: Sendable, Hashable {
    case whole
    /// Only objects in these namespaces; none without a namespace.
    case namespaces([String])

    /// Where a kind's objects are listed and watched: `""` is all namespaces.
    func places(of type: ResourceType) -> [String] {
        switch self {
        case .whole: [""]
        case .namespaces(let namespaces): type.namespaced ? namespaces : []
        }
    }

    func covers(_ identity: ObjectIdentity) -> Bool {
        switch self {
        case .whole: true
        case .namespaces(let namespaces): namespaces.contains(identity.namespace)
        }
    }

    /// Why a bundle with these objects is refused; `nil` when the agent may manage all of them.
    func failure(of identities: some Sequence<ObjectIdentity>) -> ApplyFailure? {
        guard case .namespaces(let namespaces) = self else { return nil }
        let outside = identities.filter { !covers($0) }
        guard let first = outside.first else { return nil }
        let what = first.namespace.isEmpty ? "it belongs to no namespace" : "it is in the namespace \(first.namespace)"
        let more = outside.count > 1 ? "; so are \(outside.count - 1) other objects of the bundle" : ""
        return ApplyFailure(
            first,
            "outside of what this agent may manage, the namespaces \(namespaces.joined(separator: ", ")): \(what)\(more). "
                + "Enrol the cluster with the namespaces that its applications need, or with --mode cluster-admin", .wait)
    }
}
