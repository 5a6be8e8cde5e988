// SPDX-License-Identifier: Apache-2.0

/// The resources of a build in their order, no two with the same identity.
struct ResourceMap: Sendable {
    var items: [Resource] = []
    /// Positions by name: identities are compared among these only, so that adding stays linear.
    private var byName: [String: [Int]] = [:]

    /// - Returns: the resource that is there already under the same identity, and then nothing is added.
    mutating func append(_ resource: Resource) -> Resource? {
        let id = resource.id
        if let present = byName[id.name]?.first(where: { items[$0].id.matches(id) }) { return items[present] }
        byName[id.name, default: []].append(items.count)
        items.append(resource)
        return nil
    }

    /// Resources that have or had this identity.
    func indices(matching id: ResourceID) -> [Int] {
        items.indices.filter { !items[$0].isDeleted && (items[$0].id.matches(id) || items[$0].previous.contains { $0.matches(id) }) }
    }

    /// Whether another resource now has the identity of the one at `index`.
    func conflict(with index: Int) -> Int? {
        let id = items[index].id
        return byName[id.name]?.first { $0 != index && items[$0].id.matches(id) }
    }

    /// To be called after names have changed.
    mutating func reindex() {
        byName = [:]
        for (index, item) in items.enumerated() { byName[item.id.name, default: []].append(index) }
    }

    mutating func removeDeleted() {
        guard items.contains(where: \.isDeleted) else { return }
        items.removeAll(where: \.isDeleted)
        reindex()
    }

    /// A resource of the same kind, to be named in an error.
    func nearest(to id: ResourceID) -> ResourceID? {
        (items.first { $0.id.name == id.name && $0.id.kind == id.kind } ?? items.first { $0.id.kind == id.kind })?.id
    }
}
