// SPDX-License-Identifier: Apache-2.0

import Manifests

// Reading and changing objects by path.
extension Value {
    var name: String { at("metadata", "name")?.string ?? "" }
    var namespace: String { at("metadata", "namespace")?.string ?? "" }
    var uid: String { at("metadata", "uid")?.string ?? "" }
    var resourceVersion: String { at("metadata", "resourceVersion")?.string ?? "" }
    var generation: Int64 { at("metadata", "generation")?.int ?? 0 }
    var isTerminating: Bool { at("metadata", "deletionTimestamp")?.string != nil }
    var finalizers: [String] { at("metadata", "finalizers")?.list?.compactMap(\.string) ?? [] }
    var labels: Map { at("metadata", "labels")?.map ?? Map() }
    var annotations: Map { at("metadata", "annotations")?.map ?? Map() }
    var ownerReferences: [Value] { at("metadata", "ownerReferences")?.list ?? [] }

    func at(path: some Collection<String>) -> Value? {
        guard let first = path.first else { return self }
        return self[first]?.at(path: path.dropFirst())
    }

    /// Sets or (with `nil`) removes what is at a path of maps, making those that are missing.
    mutating func set(_ value: Value?, _ path: String...) { set(value, path: path[...]) }

    mutating func set(_ value: Value?, path: ArraySlice<String>) {
        guard let first = path.first else {
            if let value { self = value }
            return
        }
        var map = self.map ?? Map()
        self = .null
        if path.count == 1 {
            map[first] = value
        } else if value != nil || map[first]?.map != nil {
            map.update(first) { inner in
                if inner.map == nil { inner = [:] }
                inner.set(value, path: path.dropFirst())
            }
        }
        self = .map(map)
    }

    /// Sets what is at a path only where nothing is.
    mutating func fill(_ value: @autoclosure () -> Value, _ path: String...) {
        let present = at(path: path)
        if present == nil || present?.isNull == true { set(value(), path: path[...]) }
    }

    /// Changes the value at a path in place, where there is one.
    mutating func change(_ path: String..., body: (inout Value) -> Void) { change(path: path[...], body) }

    mutating func change(path: ArraySlice<String>, _ body: (inout Value) -> Void) {
        guard let first = path.first else { return body(&self) }
        guard case .map(var map) = self, map.index(of: first) != nil else { return }
        self = .null
        map.update(first) { $0.change(path: path.dropFirst(), body) }
        self = .map(map)
    }

    /// Changes each item of the list at a path.
    mutating func changeItems(_ path: String..., body: (inout Value) -> Void) {
        change(path: path[...]) { value in
            guard case .list(var items) = value else { return }
            value = .null
            for index in items.indices { body(&items[index]) }
            value = .list(items)
        }
    }

    /// The object with the keys at its top in order, as Go prints a map.
    var sortedAtTop: Value {
        guard case .map(let map) = self else { return self }
        return .map(Map(unique: map.entries.sorted { $0.key < $1.key }))
    }

    /// The object without the record of its owners and version: for telling whether a write changed anything.
    var withoutBookkeeping: Value {
        var result = self
        result.change("metadata") { metadata in
            guard case .map(var map) = metadata else { return }
            map["resourceVersion"] = nil
            if case .list(let entries)? = map["managedFields"] {
                map["managedFields"] = .list(
                    entries.map { entry in
                        var bare = entry
                        bare["time"] = nil
                        return bare
                    })
            }
            metadata = .map(map)
        }
        return result
    }
}
