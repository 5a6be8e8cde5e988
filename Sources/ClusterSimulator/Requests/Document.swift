// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Reading request bodies, with the complaints of an API server.
enum Document {
    static func yaml(_ bytes: [UInt8]) throws(StatusError) -> Value {
        if let value = try? JSON.read(bytes) { return value }
        do {
            return try YAML.documents(bytes).first ?? .null
        } catch {
            throw StatusError.badRequest("error decoding YAML: error converting YAML to JSON: \(yamlComplaint(error))")
        }
    }

    /// - Parameter isList: whether the patch is a list of operations; a merge patch is an object.
    static func patch(_ bytes: [UInt8], isList: Bool = false) throws(StatusError) -> Value {
        do {
            let value = try JSON.read(bytes)
            if isList ? value.list != nil : value.map != nil { return value }
            throw StatusError.badRequest(
                "error decoding patch: json: cannot unmarshal \(word(value)) into Go value of type \(isList ? "[]handlers.jsonPatchOp" : "map[string]interface {}")"
            )
        } catch let error as StatusError {
            throw error
        } catch let error as DocumentError {
            throw StatusError.badRequest("error decoding patch: \(complaint(error, bytes))")
        } catch {
            throw StatusError.badRequest("error decoding patch: \(error)")
        }
    }

    private static func word(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .int, .decimal: "number"
        case .string: "string"
        case .list: "array"
        case .map: "object"
        }
    }

    /// Where Go's YAML reader says an error is, and what it is: its parser counts lines from 0, its scanner from 1.
    private static func yamlComplaint(_ error: DocumentError) -> String {
        let text = error.message
        guard let context = text.firstRange(of: " (while ") else { return "yaml: line \(error.line): \(text)" }
        let line = text[context.lowerBound...].hasPrefix(" (while parsing") ? error.line - 1 : error.line
        return "yaml: line \(line): \(text[..<context.lowerBound])"
    }

    /// The configuration of a server-side apply.
    static func applied(_ context: Context) throws(StatusError) -> Value {
        let bytes = context.request.body
        if let value = try? JSON.read(bytes) { return value }
        do {
            return try YAML.documents(bytes).first ?? .null
        } catch {
            if error.code == "duplicate-key" {
                if context.request.parameter("fieldValidation") == "Strict" {
                    let key = error.message.split(separator: "'").dropFirst().first.map(String.init) ?? ""
                    throw StatusError.badRequest(
                        "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line \(error.line): key \"\(key)\" already set in map"
                    )
                }
                if let value = lastOfDuplicates(bytes) { return value }
            }
            throw StatusError.badRequest("error decoding YAML: error converting YAML to JSON: \(yamlComplaint(error))")
        }
    }

    /// The beginning of a body, for an error message.
    static func start(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix(1_024), as: UTF8.self) }

    /// A syntax error in the words of Go's decoder, as far as they can be told.
    static func complaint(_ error: DocumentError, _ bytes: [UInt8]) -> String {
        let line = bytes.split(separator: 10, omittingEmptySubsequences: false).dropFirst(max(0, error.line - 1)).first ?? []
        let index = line.startIndex + max(0, error.column - 1)
        guard index < line.endIndex else { return "unexpected end of JSON input" }
        let character = String(decoding: line[index...].prefix(1), as: UTF8.self)
        let before = line[..<index].last { $0 != 32 && $0 != 9 }
        if before == UInt8(ascii: "{") || before == UInt8(ascii: ",") {
            return "invalid character '\(character)' looking for beginning of object key string"
        }
        return "invalid character '\(character)' looking for beginning of value"
    }

    /// The paths of keys given twice in a JSON body; empty for other bodies.
    static func duplicates(_ request: APIRequest) -> [String] {
        do {
            _ = try JSON.read(request.body)
            return []
        } catch {
            guard error.code == "duplicate-key" else { return [] }
            var scanner = DuplicateScanner(request.body)
            _ = scanner.value("")
            return scanner.duplicates
        }
    }

    /// The value of a JSON text in which the last of equal keys counts.
    static func lastOfDuplicates(_ bytes: [UInt8]) -> Value? {
        var scanner = DuplicateScanner(bytes)
        return scanner.value("")
    }
}

/// Reads JSON that is well formed but for repeated keys, of which the last counts, and notes their paths.
struct DuplicateScanner {
    private let bytes: [UInt8]
    private var position = 0
    private(set) var duplicates: [String] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func skip() {
        while position < bytes.count, [32, 9, 10, 13].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ byte: Character) -> Bool {
        skip()
        guard position < bytes.count, bytes[position] == byte.asciiValue else { return false }
        position += 1
        return true
    }

    /// A scalar's or string's text, read by the ordinary reader.
    private mutating func scalar() -> Value? {
        skip()
        let start = position
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            position += 1
            while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            position = min(position + 1, bytes.count)
        } else {
            while position < bytes.count, !",]} \n\r\t".utf8.contains(bytes[position]) { position += 1 }
        }
        return try? JSON.read(Array(bytes[start..<position]))
    }

    mutating func value(_ path: String) -> Value? {
        if take("{") {
            var map = Map()
            if take("}") { return .map(map) }
            repeat {
                guard let key = scalar()?.string, take(":") else { return nil }
                let below = path.isEmpty ? key : "\(path).\(key)"
                guard let member = value(below) else { return nil }
                if map[key] != nil, !duplicates.contains(below) { duplicates.append(below) }
                map[key] = member
            } while take(",")
            return take("}") ? .map(map) : nil
        }
        if take("[") {
            var items: [Value] = []
            if take("]") { return .list(items) }
            repeat {
                guard let item = value("\(path)[\(items.count)]") else { return nil }
                items.append(item)
            } while take(",")
            return take("]") ? .list(items) : nil
        }
        return scalar()
    }
}
