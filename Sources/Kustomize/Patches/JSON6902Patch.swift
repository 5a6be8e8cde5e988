// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A JSON patch (RFC 6902) as kustomize applies it.
///
/// Laxer than the standard, and than `Manifests.JSONPatch`, where the library that kustomize uses is (evanphx/json-patch, version 4): indices
/// count from the end when they are negative, `replace` and `copy` take a map's missing member for null, what is before a path's first slash
/// does not count, and an absent `value` is null.
struct JSON6902Patch: Sendable, Hashable {
    /// Why a patch cannot be read or applied.
    struct Failure: Error, Hashable {
        let message: String
        init(_ message: String) { self.message = message }
    }

    private struct Operation: Sendable, Hashable {
        let name: String
        let path: String?
        let from: String?
        /// `nil` where there is none; JSON's null is `.null`.
        let value: Value?
    }

    /// How many values the `copy` operations of one patch may copy into one object: a patch may double an object with each of them.
    private static let copiesMax = 1_000_000

    /// A patch without operations.
    static let empty = JSON6902Patch(operations: [])

    private let operations: [Operation]

    private init(operations: [Operation]) { self.operations = operations }

    var isEmpty: Bool { operations.isEmpty }

    /// Reads the text of a patch: JSON where it begins with a bracket, else the first document of a YAML stream.
    static func reading(_ bytes: [UInt8]) throws(Failure) -> JSON6902Patch {
        let document: Value
        do throws(DocumentError) {
            document =
                bytes.first == UInt8(ascii: "[") ? try JSON.read(bytes) : try YAML.documents(bytes, scalars: .kubernetes).first ?? .null
        } catch {
            throw Failure("\(error)")
        }
        return try JSON6902Patch(document)
    }

    /// - Parameter document: a list of operations; null is an empty one.
    init(_ document: Value) throws(Failure) {
        if document.isNull {
            operations = []
            return
        }
        guard case .list(let items) = document else { throw Failure("a JSON patch is a list of operations, not \(document.kindName)") }
        var operations: [Operation] = []
        operations.reserveCapacity(items.count)
        for item in items {
            guard item.map != nil || item.isNull else { throw Failure("an operation is a map, not \(item.kindName)") }
            operations.append(
                Operation(name: item["op"]?.string ?? "", path: item["path"]?.string, from: item["from"]?.string, value: item["value"]))
        }
        self.operations = operations
    }

    /// Applies all operations in order; after a failure the object may have been changed by those before it.
    func apply(to object: inout Value) throws(Failure) {
        var copied = 0
        for (index, operation) in operations.enumerated() {
            do throws(Failure) {
                try Self.perform(operation, on: &object, copied: &copied)
            } catch {
                let place = [operation.name, operation.path ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
                throw Failure("operation \(index + 1)\(place.isEmpty ? "" : " (\(place))"): \(error.message)")
            }
        }
        guard object.map != nil else { throw Failure("the patch makes \(object.kindName) of the object") }
    }

    private static func perform(_ operation: Operation, on object: inout Value, copied: inout Int) throws(Failure) {
        guard ["add", "remove", "replace", "move", "copy", "test"].contains(operation.name) else {
            throw Failure("there is no such operation; there are add, remove, replace, move, copy and test")
        }
        guard let path = operation.path else { throw Failure("the operation has no path") }
        switch operation.name {
        case "add": try change(path, in: &object) { (parent, key) throws(Failure) in try add(operation.value ?? .null, key, to: &parent) }
        case "remove": _ = try take(path, from: &object)
        case "replace":
            if path.isEmpty {
                guard let value = operation.value else { throw Failure("the operation has no value") }
                // Nothing else takes the object's place, and the library says nothing of it.
                if value.map != nil || value.list != nil { object = value }
            } else {
                try change(path, in: &object) { (parent, key) throws(Failure) in
                    _ = try member(key, of: parent)
                    try set(operation.value ?? .null, key, of: &parent)
                }
            }
        case "move":
            guard let from = operation.from else { throw Failure("the operation has no from") }
            let moved = try take(from, from: &object)
            try change(path, in: &object) { (parent, key) throws(Failure) in try add(moved, key, to: &parent) }
        case "copy":
            guard let from = operation.from else { throw Failure("the operation has no from") }
            let value = try find(from, in: object) ?? .null
            copied += size(value, limit: copiesMax - copied + 1)
            guard copied <= copiesMax else { throw Failure("the patch copies more than \(copiesMax) values") }
            try change(path, in: &object) { (parent, key) throws(Failure) in try add(value, key, to: &parent) }
        default:
            guard let expected = operation.value else { throw Failure("the operation has no value") }
            let found = path.isEmpty ? object : try find(path, in: object) ?? .null
            guard found == expected else { throw Failure("the value is not the expected one") }
        }
    }

    /// How many values there are in `value`, counted up to the limit.
    private static func size(_ value: Value, limit: Int) -> Int {
        var count = 0
        var pending = [value]
        while let next = pending.popLast(), count < limit {
            count += 1
            switch next {
            case .null, .bool, .int, .decimal, .string: break
            case .list(let items): pending += items
            case .map(let map): pending += map.values
            }
        }
        return count
    }

    // MARK: - Places

    /// The keys on the way to the parent, and the last one.
    private static func steps(_ path: String) throws(Failure) -> (way: ArraySlice<String>, key: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(unescape)
        guard let key = parts.last else { throw Failure("the path leads nowhere: it must begin with a slash") }
        return (parts.dropLast(), key)
    }

    private static func unescape(_ part: Substring) -> String {
        guard part.utf8.contains(UInt8(ascii: "~")) else { return String(part) }
        var result: [UInt8] = []
        var bytes = part.utf8[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "~"), let next = bytes.first, next == UInt8(ascii: "0") || next == UInt8(ascii: "1") {
                result.append(next == UInt8(ascii: "1") ? UInt8(ascii: "/") : byte)
                bytes.removeFirst()
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Changes what `path` leads to through its parent, which must be there.
    private static func change(
        _ path: String, in object: inout Value, _ body: (inout Value, String) throws(Failure) -> Void
    ) throws(Failure) {
        let (way, key) = try steps(path)
        try change(way, in: &object) { (parent) throws(Failure) in try body(&parent, key) }
    }

    private static func change(
        _ way: ArraySlice<String>, in value: inout Value, _ body: (inout Value) throws(Failure) -> Void
    ) throws(Failure) {
        guard let key = way.first else { return try body(&value) }
        switch value {
        case .map(var map):
            guard let index = map.index(of: key), !map.entries[index].value.isNull else { throw missing(key) }
            value = .null  // so that `map` is the only owner and changes in place
            var failure: Failure?
            map.update(key) { member in
                do throws(Failure) { try change(way.dropFirst(), in: &member, body) } catch { failure = error }
            }
            value = .map(map)
            if let failure { throw failure }
        case .list(var items):
            let index = try position(key, count: items.count)
            value = .null
            var failure: Failure?
            do throws(Failure) { try change(way.dropFirst(), in: &items[index], body) } catch { failure = error }
            value = .list(items)
            if let failure { throw failure }
        case .null, .bool, .int, .decimal, .string: throw missing(key)
        }
    }

    private static func missing(_ key: String) -> Failure { Failure("the object has no \(key) on the way there") }

    /// What is at `path`; `nil` for a member of a map that is not there.
    private static func find(_ path: String, in object: Value) throws(Failure) -> Value? {
        let (way, key) = try steps(path)
        var here = object
        for step in way {
            guard let next = try member(step, of: here), !next.isNull else { throw missing(step) }
            here = next
        }
        return try member(key, of: here)
    }

    private static func member(_ key: String, of parent: Value) throws(Failure) -> Value? {
        switch parent {
        case .map(let map): map[key]
        case .list(let items): items[try position(key, count: items.count)]
        case .null, .bool, .int, .decimal, .string: throw missing(key)
        }
    }

    private static func set(_ value: Value, _ key: String, of parent: inout Value) throws(Failure) {
        switch parent {
        case .map: parent[key] = value
        case .list(var items):
            let index = try position(key, count: items.count)
            parent = .null
            items[index] = value
            parent = .list(items)
        case .null, .bool, .int, .decimal, .string: throw missing(key)
        }
    }

    private static func add(_ value: Value, _ key: String, to parent: inout Value) throws(Failure) {
        guard case .list(var items) = parent else { return try set(value, key, of: &parent) }
        let index = key == "-" ? items.count : try position(key, count: items.count + 1)
        parent = .null
        items.insert(value, at: index)
        parent = .list(items)
    }

    /// Removes what is at `path`, which must be there.
    private static func take(_ path: String, from object: inout Value) throws(Failure) -> Value {
        var taken = Value.null
        try change(path, in: &object) { (parent, key) throws(Failure) in
            switch parent {
            case .map(let map):
                guard let value = map[key] else { throw Failure("there is no \(key) to remove") }
                taken = value
                parent[key] = nil
            case .list(var items):
                let index = try position(key, count: items.count)
                parent = .null
                taken = items.remove(at: index)
                parent = .list(items)
            case .null, .bool, .int, .decimal, .string: throw missing(key)
            }
        }
        return taken
    }

    /// Reads an index of a list, counted from the end where it is negative.
    private static func position(_ key: String, count: Int) throws(Failure) -> Int {
        guard let number = Int(key) else { throw Failure("'\(key)' is no index of a list") }
        guard number < count, number >= -count else { throw Failure("the list has no item \(key)") }
        return number < 0 ? number + count : number
    }
}
