// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What a pipeline's applications may touch in a cluster: the declaration's `bounds`, without what only the coordinator looks at.
///
/// `nil` leaves a dimension unbounded for applications that act as a service account; an empty list allows nothing.
package struct Bounds: Sendable, Hashable {
    /// Names of namespaces, as `NamespacePattern` reads them.
    package var namespaces: [String]?
    /// Kinds that live outside namespaces, as `KindName` reads them.
    package var clusterScoped: [String]?
    /// Names of the service accounts that may be impersonated.
    package var serviceAccounts: [String]?

    /// Items of one list.
    package static let itemsMax = 1_000
    private static let itemBytesMax = 512

    package init(namespaces: [String]? = nil, clusterScoped: [String]? = nil, serviceAccounts: [String]? = nil) {
        self.namespaces = namespaces
        self.clusterScoped = clusterScoped
        self.serviceAccounts = serviceAccounts
    }

    package var json: Value {
        var map = Map()
        for (key, items) in [("namespaces", namespaces), ("clusterScoped", clusterScoped), ("serviceAccounts", serviceAccounts)] {
            if let items { map[key] = .list(items.map { .string($0) }) }
        }
        return .map(map)
    }

    package init(json value: Value, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        // A dimension that is not known here would be left unbounded.
        for key in fields.map.keys where !["namespaces", "clusterScoped", "serviceAccounts"].contains(key) {
            throw fields.failure(String(key.prefix(40)), "a bound that this version does not know")
        }
        func items(_ key: String) throws(ShapeError) -> [String]? {
            guard fields.map[key] != nil else { return nil }
            let items = try fields.strings(key, limit: Self.itemsMax)
            guard items.allSatisfy({ $0.utf8.count <= Self.itemBytesMax }) else {
                throw fields.failure(key, "an item of more than \(Self.itemBytesMax) bytes")
            }
            return items
        }
        namespaces = try items("namespaces")
        clusterScoped = try items("clusterScoped")
        serviceAccounts = try items("serviceAccounts")
    }
}
