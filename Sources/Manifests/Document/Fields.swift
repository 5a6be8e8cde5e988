// SPDX-License-Identifier: Apache-2.0

/// A message or file that does not have the shape it should: where, and what was expected there.
package struct ShapeError: Error, Hashable, CustomStringConvertible {
    /// For example `tasks[2].generation`; empty for the whole document.
    package var path: String
    package var message: String

    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    package var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// Reads the members of a map with their types. Unknown members are passed over, so that newer writers stay readable.
package struct Fields: Sendable {
    package let map: Map
    private let path: String

    package init(_ value: Value?, at path: String = "") throws(ShapeError) {
        guard case .map(let map)? = value else {
            throw ShapeError(path: path, message: "expected a map, found \(value?.kindName ?? "nothing")")
        }
        self.map = map
        self.path = path
    }

    private func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The member, with an explicit null counting as absent.
    package func value(_ key: String) -> Value? { map[key].flatMap { $0.isNull ? nil : $0 } }

    package func failure(_ key: String, _ message: String) -> ShapeError { ShapeError(path: place(key), message: message) }

    private func expected(_ what: String, _ key: String) -> ShapeError {
        failure(key, "expected \(what), found \(map[key]?.kindName ?? "nothing")")
    }

    package func optionalString(_ key: String) throws(ShapeError) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { throw expected("a string", key) }
        return text
    }

    package func string(_ key: String) throws(ShapeError) -> String {
        guard let text = try optionalString(key) else { throw expected("a string", key) }
        return text
    }

    package func optionalInt(_ key: String) throws(ShapeError) -> Int64? {
        guard let value = value(key) else { return nil }
        guard case .int(let number) = value else { throw expected("an integer", key) }
        return number
    }

    /// A text that is no longer than so many bytes.
    package func string(_ key: String, bytesMax: Int) throws(ShapeError) -> String {
        let text = try string(key)
        guard text.utf8.count <= bytesMax else { throw failure(key, "longer than \(bytesMax) bytes") }
        return text
    }

    package func int(_ key: String) throws(ShapeError) -> Int64 {
        guard let number = try optionalInt(key) else { throw expected("an integer", key) }
        return number
    }

    package func optionalBool(_ key: String) throws(ShapeError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let flag) = value else { throw expected("a boolean", key) }
        return flag
    }

    package func bool(_ key: String, default absent: Bool) throws(ShapeError) -> Bool { try optionalBool(key) ?? absent }

    package func bool(_ key: String) throws(ShapeError) -> Bool {
        guard let flag = try optionalBool(key) else { throw expected("a boolean", key) }
        return flag
    }

    package func time(_ key: String) throws(ShapeError) -> Timestamp {
        guard let time = try optionalTime(key) else { throw expected("a time", key) }
        return time
    }

    package func optionalTime(_ key: String) throws(ShapeError) -> Timestamp? {
        guard let text = try optionalString(key) else { return nil }
        guard let time = Timestamp(rfc3339: text) else { throw failure(key, "expected an RFC 3339 time, found '\(text.prefix(40))'") }
        return time
    }

    package func object(_ key: String) throws(ShapeError) -> Fields { try Fields(map[key], at: place(key)) }

    package func optionalObject(_ key: String) throws(ShapeError) -> Fields? {
        guard let value = value(key) else { return nil }
        return try Fields(value, at: place(key))
    }

    /// The items of a list, each read by `body`; an absent list is empty.
    /// - Parameter limit: the largest count that is accepted.
    package func list<Item>(
        _ key: String, limit: Int, _ body: (Value, _ path: String) throws(ShapeError) -> Item
    ) throws(ShapeError) -> [Item] {
        guard let value = value(key) else { return [] }
        guard case .list(let items) = value else { throw expected("a list", key) }
        guard items.count <= limit else { throw failure(key, "\(items.count) items, more than the limit of \(limit)") }
        var result: [Item] = []
        result.reserveCapacity(items.count)
        for (index, item) in items.enumerated() { result.append(try body(item, "\(place(key))[\(index)]")) }
        return result
    }

    package func strings(_ key: String, limit: Int) throws(ShapeError) -> [String] {
        try list(key, limit: limit) { (item, path) throws(ShapeError) in
            guard case .string(let text) = item else { throw ShapeError(path: path, message: "expected a string, found \(item.kindName)") }
            return text
        }
    }
}
