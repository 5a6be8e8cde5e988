// SPDX-License-Identifier: Apache-2.0

import Manifests

/// All objects of a cluster at one version, for keeping on disk.
struct ClusterSnapshot: Sendable {
    let version: Int64
    let address: UInt32
    let objects: [(resource: ResourceKey, object: Value)]

    init(_ core: ClusterCore) {
        version = core.store.version
        address = core.nextAddress
        objects = core.store.objects.sorted { ($0.key.group, $0.key.plural) < ($1.key.group, $1.key.plural) }.flatMap { resource, all in
            all.sorted { $0.key < $1.key }.map { (resource, $0.value) }
        }
    }

    init(version: Int64, address: UInt32, objects: [(resource: ResourceKey, object: Value)]) {
        self.version = version
        self.address = address
        self.objects = objects
    }

    /// Puts the objects into an empty cluster and wakes its controllers for all of them.
    func restore(into core: ClusterCore) {
        core.nextAddress = max(core.nextAddress, address)
        for (resource, object) in objects { core.store.restore(resource, object) }
        // A gap, so that versions handed out but not written down are not used again.
        core.store.advance(to: version + 1_000)
        core.serveDefinitions(core.builtIn("customresourcedefinitions", group: "apiextensions.k8s.io"))
        for (resource, object) in objects {
            guard let type = core.types.first(where: { $0.key == resource }) else { continue }
            core.noticed(
                Store.Event(
                    version: core.store.version, resource: resource, name: ObjectName(namespace: object.namespace, name: object.name),
                    old: object,
                    new: object, last: nil), type)
        }
    }
}
