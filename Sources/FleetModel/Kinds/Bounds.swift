// SPDX-License-Identifier: Apache-2.0
import Manifests

extension Pipeline {
    /// What the pipeline's applications may touch. `nil` leaves a dimension unbounded; an empty list allows nothing.
    ///
    /// An application without `sync.serviceAccount` acts with the agent's rights, and gets no more than its namespaces: where `namespaces`
    /// is `nil` only its own, where `clusterScoped` is `nil` no kind outside namespaces.
    package struct Bounds: Sendable, Hashable {
        /// Names, with `*` for any characters; see `NamespacePattern`.
        package var namespaces: [String]?
        /// Kinds of objects outside namespaces: `Kind` for one that comes with Kubernetes, `Kind.group` for any; see `KindName`.
        package var clusterScoped: [String]?
        /// The service accounts that applications may name.
        package var serviceAccounts: [String]?
        /// The repositories that the pipeline's sources may come from; `fleetRepository` is the fleet repository itself.
        package var repositories: [String]?

        /// What the fleet repository is called among the declared ones, none of which may have this name.
        package static let fleetRepository = "fleet"

        package init() {}
    }
}

extension Pipeline.Bounds {
    func allows(namespace: String) -> Bool { namespaces?.contains { NamespacePattern($0).matches(namespace) } ?? true }
    func allows(serviceAccount: String) -> Bool { serviceAccounts?.contains(serviceAccount) ?? true }
    func allows(repository: String) -> Bool { repositories?.contains(repository) ?? true }
}
