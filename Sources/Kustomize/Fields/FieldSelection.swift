// SPDX-License-Identifier: Apache-2.0

/// What counts of an identity when fields are chosen.
struct KindKey: Hashable {
    let group: String
    let version: String
    let kind: String

    init(_ id: ResourceID) {
        group = id.group
        version = id.version
        kind = id.kind
    }
}

/// Chooses something by the kind of a resource, once for all resources of that kind.
struct KindCache<Chosen> {
    private var chosen: [KindKey: Chosen] = [:]

    mutating func choose(_ id: ResourceID, _ make: () -> Chosen) -> Chosen {
        let key = KindKey(id)
        if let known = chosen[key] { return known }
        let made = make()
        chosen[key] = made
        return made
    }
}
