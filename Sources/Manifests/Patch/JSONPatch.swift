// SPDX-License-Identifier: Apache-2.0

/// JSON patch (RFC 6902): operations on places named by JSON pointers, all of them or none.
///
/// As in the API server, `replace` also sets a member of a map that is not there yet.
package enum JSONPatch {
    /// Limit on the operations of one patch, as in the API server.
    static let operationsMax = 10_000

    /// Applies every operation in order.
    /// - Parameter patch: the list of operations, as in the patch document.
    package static func apply(_ patch: Value, to target: Value) throws(JSONPatchError) -> Value {
        guard case .list(let operations) = patch else {
            throw JSONPatchError(
                operation: nil, path: "", reason: .malformed("a JSON patch is a list of operations, not \(patch.kindName)"))
        }
        guard operations.count <= operationsMax else {
            throw JSONPatchError(operation: nil, path: "", reason: .malformed("more than \(operationsMax) operations"))
        }
        var result = target
        for (index, operation) in operations.enumerated() {
            let path = operation["path"]?.string ?? ""
            do throws(Failure) {
                try perform(operation, on: &result)
            } catch {
                throw JSONPatchError(operation: index, path: path, reason: error.reason)
            }
        }
        return result
    }

    private struct Failure: Error {
        let reason: JSONPatchError.Reason
        init(_ reason: JSONPatchError.Reason) { self.reason = reason }
    }

    private static func perform(_ operation: Value, on document: inout Value) throws(Failure) {
        guard let name = operation["op"]?.string else { throw Failure(.malformed("the operation has no \"op\"")) }
        let path = try tokens(operation, "path")
        switch name {
        case "add": try add(try value(of: operation), at: path[...], in: &document)
        case "remove": _ = try remove(at: path[...], in: &document)
        case "replace":
            let new = try value(of: operation)
            // The standard wants something to be there. Kubernetes sets a map's member that is not, and people's patches rely on it.
            if let last = path.last, case .map? = try? find(path.dropLast(), in: document) {
                try change(at: path.dropLast(), in: &document) { (parent: inout Value) in parent[last] = new }
            } else {
                try change(at: path[...], in: &document) { $0 = new }
            }
        case "move":
            let from = try tokens(operation, "from")
            guard from.count >= path.count || Array(path.prefix(from.count)) != from else {
                throw Failure(.malformed("a value cannot move into itself"))
            }
            try add(try remove(at: from[...], in: &document), at: path[...], in: &document)
        case "copy": try add(try find(try tokens(operation, "from")[...], in: document), at: path[...], in: &document)
        case "test":
            let expected = try value(of: operation)
            // A test for null also holds where there is nothing, as in the API server's implementation.
            let found: Value
            do throws(Failure) {
                found = try find(path[...], in: document)
            } catch {
                if expected.isNull, case .missing = error.reason { return }
                throw error
            }
            guard found == expected else { throw Failure(.testFailed) }
        default: throw Failure(.malformed("unknown operation \"\(name)\""))
        }
    }

    private static func value(of operation: Value) throws(Failure) -> Value {
        guard let value = operation["value"] else { throw Failure(.malformed("the operation has no \"value\"")) }
        return value
    }

    /// The unescaped tokens of a pointer (RFC 6901).
    private static func tokens(_ operation: Value, _ member: String) throws(Failure) -> [String] {
        guard let text = operation[member]?.string else { throw Failure(.malformed("the operation has no \"\(member)\"")) }
        if text.isEmpty { return [] }
        guard text.utf8.first == UInt8(ascii: "/") else { throw Failure(.malformed("\"\(text)\" does not begin with /")) }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(unescape)
    }

    private static func unescape(_ token: Substring) -> String {
        guard token.utf8.contains(UInt8(ascii: "~")) else { return String(token) }
        var result = ""
        var tilde = false
        for character in token.unicodeScalars {
            switch (tilde, character) {
            case (false, "~"): tilde = true
            case (true, "1"):
                result += "/"
                tilde = false
            case (true, "0"):
                result += "~"
                tilde = false
            case (true, _):
                result += "~"
                result.unicodeScalars.append(character)
                tilde = false
            case (false, _): result.unicodeScalars.append(character)
            }
        }
        return tilde ? result + "~" : result
    }

    private static func index(_ token: String, count: Int) throws(Failure) -> Int {
        guard !token.isEmpty, token.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let index = Int(token),
            token == "0" || token.utf8.first != UInt8(ascii: "0")
        else { throw Failure(.malformed("\"\(token)\" is no index of a list")) }
        guard index < count else { throw Failure(.missing) }
        return index
    }

    private static func find(_ path: ArraySlice<String>, in value: Value) throws(Failure) -> Value {
        guard let token = path.first else { return value }
        switch value {
        case .map(let map):
            guard let next = map[token] else { throw Failure(.missing) }
            return try find(path.dropFirst(), in: next)
        case .list(let items): return try find(path.dropFirst(), in: items[try index(token, count: items.count)])
        case .null, .bool, .int, .decimal, .string: throw Failure(.missing)
        }
    }

    /// Changes the value at `path`, which must exist, in place.
    private static func change(
        at path: ArraySlice<String>, in value: inout Value, _ body: (inout Value) throws(Failure) -> Void
    ) throws(Failure) {
        guard let token = path.first else { return try body(&value) }
        switch value {
        case .map(var map):
            guard var next = map[token] else { throw Failure(.missing) }
            try change(at: path.dropFirst(), in: &next, body)
            map[token] = next
            value = .map(map)
        case .list(var items):
            let position = try index(token, count: items.count)
            try change(at: path.dropFirst(), in: &items[position], body)
            value = .list(items)
        case .null, .bool, .int, .decimal, .string: throw Failure(.missing)
        }
    }

    private static func add(_ new: Value, at path: ArraySlice<String>, in document: inout Value) throws(Failure) {
        guard let last = path.last else {
            document = new
            return
        }
        try change(at: path.dropLast(), in: &document) { (parent: inout Value) throws(Failure) in
            switch parent {
            case .map(var map):
                map[last] = new
                parent = .map(map)
            case .list(var items):
                items.insert(new, at: last == "-" ? items.count : try index(last, count: items.count + 1))
                parent = .list(items)
            case .null, .bool, .int, .decimal, .string: throw Failure(.missing)
            }
        }
    }

    private static func remove(at path: ArraySlice<String>, in document: inout Value) throws(Failure) -> Value {
        guard let last = path.last else { throw Failure(.malformed("the whole document cannot be removed")) }
        var removed = Value.null
        try change(at: path.dropLast(), in: &document) { (parent: inout Value) throws(Failure) in
            switch parent {
            case .map(var map):
                guard let old = map[last] else { throw Failure(.missing) }
                removed = old
                map[last] = nil
                parent = .map(map)
            case .list(var items):
                removed = items.remove(at: try index(last, count: items.count))
                parent = .list(items)
            case .null, .bool, .int, .decimal, .string: throw Failure(.missing)
            }
        }
        return removed
    }
}

/// Why a JSON patch could not be applied.
package struct JSONPatchError: Error, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// There is nothing at the path.
        case missing
        /// A `test` operation found another value.
        case testFailed
        /// The patch itself is wrong.
        case malformed(String)
    }

    /// The operation's position in the patch, from 0; `nil` when the patch as a whole is wrong.
    package let operation: Int?
    /// The path of the operation, as written.
    package let path: String
    package let reason: Reason

    package var description: String {
        let place = operation.map { "operation \($0 + 1) (\(path)): " } ?? ""
        return switch reason {
        case .missing: "\(place)there is nothing at this path"
        case .testFailed: "\(place)the value is not the expected one"
        case .malformed(let why): "\(place)\(why)"
        }
    }
}
