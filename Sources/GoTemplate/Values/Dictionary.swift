// SPDX-License-Identifier: Apache-2.0

/// A map with string keys, shared by everyone who holds it, as Go's maps are.
///
/// Members are found by scanning the hashes of the keys, which is fastest for the sizes there are; larger maps get an index. Walking
/// goes in byte order of the keys, as `range` and `%v` do.
package final class Dictionary {
    private(set) var keys: [String] = []
    private(set) var values: [Datum] = []
    private var hashes: [UInt32] = []
    private var isSorted = true
    /// From key to position; made when the map grows past `indexedFrom` members.
    private var index: [String: Int]?
    private static let indexedFrom = 48
    /// What `%T` prints.
    let typeName: String

    init(typeName: String = "map[string]interface {}", capacity: Int = 0) {
        self.typeName = typeName
        if capacity > 0 {
            keys.reserveCapacity(capacity)
            values.reserveCapacity(capacity)
            hashes.reserveCapacity(capacity)
        }
    }

    package convenience init(_ members: some Collection<(String, Datum)>) {
        self.init(capacity: members.count)
        for (key, value) in members { self[key] = value }
    }

    package var count: Int { keys.count }

    /// FNV-1a over the key's bytes.
    static func hash(_ key: String) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in key.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return hash
    }

    @inline(__always)
    private func position(_ key: String, _ hash: UInt32) -> Int? {
        if let index { return index[key] }
        return hashes.withUnsafeBufferPointer { buffer in
            for position in 0..<buffer.count where buffer[position] == hash {
                if keys[position] == key { return position }
            }
            return nil
        }
    }

    func value(_ key: String, hash: UInt32) -> Datum? { position(key, hash).map { values[$0] } }

    package subscript(key: String) -> Datum? {
        get { value(key, hash: Self.hash(key)) }
        set {
            let hash = Self.hash(key)
            guard let position = position(key, hash) else {
                if let newValue { append(key, hash, newValue) }
                return
            }
            if let newValue {
                values[position] = newValue
            } else {
                keys.remove(at: position)
                values.remove(at: position)
                hashes.remove(at: position)
                if index != nil { makeIndex() }
            }
        }
    }

    func contains(_ key: String) -> Bool { position(key, Self.hash(key)) != nil }

    func removeAll() {
        keys = []
        values = []
        hashes = []
        index = nil
        isSorted = true
    }

    private func append(_ key: String, _ hash: UInt32, _ value: Datum) {
        if isSorted, let last = keys.last, !Self.isBefore(last, key) { isSorted = false }
        keys.append(key)
        values.append(value)
        hashes.append(hash)
        if index != nil {
            index?[key] = keys.count - 1
        } else if keys.count > Self.indexedFrom {
            makeIndex()
        }
    }

    private func makeIndex() {
        guard keys.count > Self.indexedFrom else {
            index = nil
            return
        }
        var made: [String: Int] = [:]
        made.reserveCapacity(keys.count * 2)
        for (position, key) in keys.enumerated() { made[key] = position }
        index = made
    }

    /// Puts the members in order of their keys.
    func sort() {
        guard !isSorted else { return }
        isSorted = true
        let order = keys.indices.sorted { Self.isBefore(keys[$0], keys[$1]) }
        keys = order.map { keys[$0] }
        values = order.map { values[$0] }
        hashes = order.map { hashes[$0] }
        if index != nil { makeIndex() }
    }

    var sortedKeys: [String] {
        sort()
        return keys
    }

    /// The members in order of their keys; changes meanwhile are not seen.
    var members: Zip2Sequence<[String], [Datum]> {
        sort()
        return zip(keys, values)
    }

    static func isBefore(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

    func deepCopy() -> Dictionary {
        let copy = shallowCopy()
        for position in copy.values.indices { copy.values[position] = copy.values[position].deepCopy() }
        return copy
    }

    /// The same members under another type. The members are shared one by one; adding to one map does not add to the other.
    func retyped(_ typeName: String) -> Dictionary { typeName == self.typeName ? self : copied(typeName) }

    package func shallowCopy() -> Dictionary { copied(typeName) }

    private func copied(_ typeName: String) -> Dictionary {
        let copy = Dictionary(typeName: typeName)
        copy.keys = keys
        copy.values = values
        copy.hashes = hashes
        copy.isSorted = isSorted
        copy.index = index
        return copy
    }
}
