// SPDX-License-Identifier: Apache-2.0

/// A map from strings to values that keeps the order in which its keys were written.
///
/// Manifests' maps are small: look-up walks the entries. Past a few dozen keys that is still faster than hashing in practice,
/// but readers that see untrusted input must find duplicate keys with a set of their own (`Map.init(unique:)` trusts its caller).
package struct Map: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package struct Entry: Sendable, Hashable {
        package var key: String
        package var value: Value

        package init(key: String, value: Value) {
            self.key = key
            self.value = value
        }
    }

    package private(set) var entries: [Entry]

    package init() { entries = [] }

    /// Keeps the last value of a repeated key, at the place of the first.
    package init(_ pairs: some Sequence<(String, Value)>) {
        entries = []
        entries.reserveCapacity(pairs.underestimatedCount)
        for (key, value) in pairs { self[key] = value }
    }

    /// Takes entries whose keys are known to differ from each other.
    package init(unique entries: [Entry]) { self.entries = entries }

    package init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }
    package var keys: some Sequence<String> { entries.lazy.map(\.key) }
    package var values: some Sequence<Value> { entries.lazy.map(\.value) }

    package func index(of key: String) -> Int? { entries.firstIndex { $0.key == key } }

    /// Reads, replaces in place, appends at the end, or (with `nil`) removes.
    package subscript(key: String) -> Value? {
        get { index(of: key).map { entries[$0].value } }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Changes a member in place, without a copy; an absent one starts as null and is added.
    package mutating func update<Result>(_ key: String, _ body: (inout Value) throws -> Result) rethrows -> Result {
        let index: Int
        if let present = self.index(of: key) {
            index = present
        } else {
            index = entries.count
            entries.append(Entry(key: key, value: .null))
        }
        return try body(&entries[index].value)
    }

    /// Changes every value in place, in order.
    package mutating func updateValues(_ body: (String, inout Value) throws -> Void) rethrows {
        for index in entries.indices { try body(entries[index].key, &entries[index].value) }
    }

    package mutating func append(unique key: String, _ value: Value) { entries.append(Entry(key: key, value: value)) }

    package mutating func removeAll(where predicate: (Entry) throws -> Bool) rethrows { try entries.removeAll(where: predicate) }

    package static func == (left: Map, right: Map) -> Bool {
        guard left.count == right.count else { return false }
        for (position, entry) in left.entries.enumerated() {
            let other = right.entries[position]
            if other.key == entry.key {
                guard other.value == entry.value else { return false }
            } else {
                guard right[entry.key] == entry.value else { return false }
            }
        }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        var sum = 0
        for entry in entries {
            var one = Hasher()
            entry.hash(into: &one)
            sum &+= one.finalize()
        }
        hasher.combine(sum)
    }
}

extension Map: Sequence {
    package func makeIterator() -> IndexingIterator<[Entry]> { entries.makeIterator() }
}
