// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Where an object is kept within its resource.
struct ObjectName: Hashable, Sendable, Comparable {
    let namespace: String
    let name: String

    static func < (left: ObjectName, right: ObjectName) -> Bool {
        left.namespace == right.namespace ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8) : left.namespace < right.namespace
    }
}

/// The objects of one cluster and the history of their changes. Plain data: no clock, no I/O.
struct Store {
    /// A change of one object; `object` is what it was when it is gone.
    struct Event: Sendable {
        let version: Int64
        let resource: ResourceKey
        let name: ObjectName
        /// The state before; `nil` for a new object.
        let old: Value?
        /// The state after; `nil` when it is gone.
        let new: Value?
        /// How a deleted object is shown: its last state with the version of its deletion.
        let last: Value?
    }

    private(set) var version: Int64
    private(set) var objects: [ResourceKey: [ObjectName: Value]] = [:]
    /// The names of `objects` in order: controllers list them at every turn.
    private var order: [ResourceKey: [ObjectName]] = [:]
    /// The objects that name an owner, by the owner's UID.
    private var owned: [String: Set<Place>] = [:]
    /// The latest events, oldest first.
    private(set) var history: [Event] = []
    /// Events up to and including this version are forgotten.
    private(set) var compacted: Int64
    let historyMax: Int

    /// An object, by its resource and name.
    struct Place: Hashable, Sendable {
        let resource: ResourceKey
        let name: ObjectName
    }

    init(version: Int64, historyMax: Int) {
        self.version = version
        compacted = version
        self.historyMax = historyMax
    }

    func get(_ resource: ResourceKey, _ name: ObjectName) -> Value? { objects[resource]?[name] }

    /// All objects of a resource, in order, within one namespace when given.
    func list(_ resource: ResourceKey, namespace: String? = nil) -> [Value] {
        guard let all = objects[resource], let names = order[resource] else { return [] }
        guard let namespace else { return names.compactMap { all[$0] } }
        let first = Self.place(of: ObjectName(namespace: namespace, name: ""), in: names)
        return names[first...].prefix { $0.namespace == namespace }.compactMap { all[$0] }
    }

    /// Where a name is among sorted ones, or would be.
    private static func place(of name: ObjectName, in names: [ObjectName]) -> Int {
        var low = 0
        var high = names.count
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Stores an object under its name. Returns what was there.
    private mutating func set(_ object: Value, _ name: ObjectName, of resource: ResourceKey) -> Value? {
        let old = objects[resource, default: [:]].updateValue(object, forKey: name)
        if old == nil {
            let place = Self.place(of: name, in: order[resource] ?? [])
            order[resource, default: []].insert(name, at: place)
        }
        return old
    }

    func count(_ resource: ResourceKey) -> Int { objects[resource]?.count ?? 0 }

    /// Stores an object under the next version and gives it that version.
    mutating func put(_ resource: ResourceKey, _ object: Value) -> (Value, Event) {
        version += 1
        var stored = object
        stored.set(.string(String(version)), "metadata", "resourceVersion")
        let name = ObjectName(namespace: object.namespace, name: object.name)
        let old = set(stored, name, of: resource)
        note(Place(resource: resource, name: name), from: old, to: stored)
        return (stored, record(Event(version: version, resource: resource, name: name, old: old, new: stored, last: nil)))
    }

    /// Removes an object; `nil` where there was none.
    mutating func remove(_ resource: ResourceKey, _ name: ObjectName, last: Value? = nil) -> Event? {
        guard let old = objects[resource]?.removeValue(forKey: name) else { return nil }
        if let names = order[resource] { order[resource]?.remove(at: Self.place(of: name, in: names)) }
        note(Place(resource: resource, name: name), from: old, to: nil)
        version += 1
        var shown = last ?? old
        shown.set(.string(String(version)), "metadata", "resourceVersion")
        return record(Event(version: version, resource: resource, name: name, old: old, new: nil, last: shown))
    }

    /// The objects that name an owner with this UID, in order.
    func dependants(of uid: String) -> [(place: Place, object: Value)] {
        (owned[uid] ?? []).sorted { left, right in
            let one = (left.resource.group, left.resource.plural)
            let other = (right.resource.group, right.resource.plural)
            return one == other ? left.name < right.name : one < other
        }.compactMap { place in get(place.resource, place.name).map { (place, $0) } }
    }

    private mutating func note(_ place: Place, from old: Value?, to new: Value?) {
        let before = old?.ownerReferences ?? []
        let after = new?.ownerReferences ?? []
        if before.isEmpty, after.isEmpty { return }
        for reference in before {
            guard let uid = reference["uid"]?.string else { continue }
            owned[uid]?.remove(place)
            if owned[uid]?.isEmpty == true { owned[uid] = nil }
        }
        for reference in after { if let uid = reference["uid"]?.string { owned[uid, default: []].insert(place) } }
    }

    private mutating func record(_ event: Event) -> Event {
        history.append(event)
        if history.count > historyMax + historyMax / 4 { forget(keeping: historyMax) }
        return event
    }

    /// Drops all but the latest events: watches and lists from before then are answered 410 Gone.
    mutating func forget(keeping count: Int) {
        guard history.count > count else { return }
        let dropped = history.count - count
        compacted = history[dropped - 1].version
        history.removeFirst(dropped)
    }

    /// Drops all events.
    mutating func forgetAll() {
        history.removeAll()
        compacted = version
    }

    /// The events after a version; `nil` when some of them are forgotten.
    func events(after version: Int64) -> ArraySlice<Event>? {
        if version < compacted { return nil }
        var low = 0
        var high = history.count
        while low < high {
            let middle = (low + high) / 2
            if history[middle].version <= version { low = middle + 1 } else { high = middle }
        }
        return history[low...]
    }

    /// The objects of a resource as they were at a version; `nil` when that is forgotten.
    func list(_ resource: ResourceKey, namespace: String?, at version: Int64) -> [Value]? {
        if version >= self.version { return list(resource, namespace: namespace) }
        guard let since = events(after: version) else { return nil }
        var all = objects[resource] ?? [:]
        for event in since.reversed() where event.resource == resource { all[event.name] = event.old }
        return all.filter { namespace == nil || $0.key.namespace == namespace }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Puts back an object read from disk, under the version it has.
    mutating func restore(_ resource: ResourceKey, _ object: Value) {
        let name = ObjectName(namespace: object.namespace, name: object.name)
        let old = set(object, name, of: resource)
        note(Place(resource: resource, name: name), from: old, to: object)
        if let number = Int64(object.resourceVersion), number > version {
            version = number
            compacted = number
        }
    }

    mutating func advance(to version: Int64) {
        self.version = max(self.version, version)
        compacted = max(compacted, self.version)
        history.removeAll()
    }
}
