// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The resources of a build in their order, no two with the same identity.
struct ResourceMap {
    /// Transformers may change resources in place, and replace this whole list; one that changes names or kinds and then looks something up
    /// calls `identitiesChanged` between the two. After a transformer the build does so itself.
    var items: [Resource] { didSet { index = nil } }
    /// Positions by present and by former names, so that look-ups stay linear over a build.
    private var index: (current: [String: [Int]], former: [String: [Int]])?

    init(_ items: [Resource] = []) { self.items = items }

    mutating func identitiesChanged() { index = nil }

    /// Adds a resource at the end.
    /// - Returns: the resource that is there already under the same identity, and then nothing is added.
    mutating func append(_ resource: Resource) -> Resource? {
        let id = resource.id
        if let present = indices(current: id).first { return items[present] }
        appendUnchecked(resource)
        return nil
    }

    mutating func appendUnchecked(_ resource: Resource) {
        // Set aside, not copied: two owners would make each change of it a copy.
        var kept: (current: [String: [Int]], former: [String: [Int]])?
        swap(&kept, &index)
        items.append(resource)
        swap(&kept, &index)
        if index != nil { Self.add(resource, at: items.count - 1, to: &index) }
    }

    /// Puts a resource in the place of one that is and was called the same.
    mutating func replace(_ position: Int, with resource: Resource) {
        let kept = index
        items[position] = resource
        index = kept
    }

    /// Positions of resources that are called `id` now.
    mutating func indices(current id: ResourceID) -> [Int] {
        ensureIndex()
        return index?.current[id.name]?.filter { items[$0].id.matches(id) } ?? []
    }

    /// Positions, in order, of resources that are or were ever called `id`, as `matching` compares (default: `ResourceID.matches`).
    mutating func indices(ever id: ResourceID, matching: (ResourceID, ResourceID) -> Bool = { $0.matches($1) }) -> [Int] {
        ensureIndex()
        guard let index else { return [] }
        let candidates = Set(index.current[id.name] ?? []).union(index.former[id.name] ?? []).sorted()
        return candidates.filter { items[$0].wasEver { matching(id, $0) } }
    }

    /// Positions of resources that are or were ever named `name`, in order.
    mutating func indices(everNamed name: String) -> [Int] {
        ensureIndex()
        guard let index else { return [] }
        return Set(index.current[name] ?? []).union(index.former[name] ?? []).sorted()
    }

    private mutating func ensureIndex() {
        guard index == nil else { return }
        index = ([:], [:])
        for (position, item) in items.enumerated() { Self.add(item, at: position, to: &index) }
    }

    private static func add(_ item: Resource, at position: Int, to index: inout (current: [String: [Int]], former: [String: [Int]])?) {
        index?.current[item.id.name, default: []].append(position)
        for former in item.formers where index?.former[former.name]?.last != position {
            index?.former[former.name, default: []].append(position)
        }
    }

    /// A resource to be named in an error: of the same kind and name, else of the same kind.
    func nearest(to id: ResourceID) -> ResourceID? {
        (items.first { $0.id.name == id.name && $0.id.kind == id.kind } ?? items.first { $0.id.kind == id.kind })?.id
    }
}
