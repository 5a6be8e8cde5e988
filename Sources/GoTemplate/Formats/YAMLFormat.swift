// SPDX-License-Identifier: Apache-2.0
import Manifests

/// YAML as Helm's functions read and write it: by way of JSON's data model.
enum YAMLFormat {
    /// `toYaml`: without the line break at the end.
    /// - Throws: for infinities, NaN and maps that hold themselves.
    static func write(_ value: Datum) throws(TemplateFailure) -> String { try write(value, isPretty: false) }

    /// `toYamlPretty`: numbers are not taken through JSON, so that a million is `1e+06`.
    static func writePretty(_ value: Datum) throws(TemplateFailure) -> String { try write(value, isPretty: true) }

    private static func write(_ value: Datum, isPretty: Bool) throws(TemplateFailure) -> String {
        var builder = Builder(isPretty: isPretty)
        let document = try builder.document(value, 0)
        var text = YAML.write(document.keysSorted(), layout: isPretty ? .pretty : .kubernetes)
        text.removeLast()
        return text
    }

    // MARK: Reading

    /// The first document; `.null` for none.
    /// - Throws: the message of Go's library.
    static func read(_ text: [UInt8]) throws(TemplateFailure) -> Datum {
        do throws(DocumentError) {
            let documents = try YAML.documents(text, scalars: .kubernetes, duplicateKeys: .lastCounts)
            return Datum(documents.first ?? .null)
        } catch {
            throw TemplateFailure("error converting YAML to JSON: yaml: " + goMessage(error))
        }
    }

    /// A mistake in the words of Go's library, which is libyaml's too, but counts lines from 0 where the parser complains, and names no
    /// line for the first.
    private static func goMessage(_ error: DocumentError) -> String {
        var problem = error.message
        if error.code == "unknown-anchor", let name = problem.split(separator: "'").first {
            return "unknown anchor '\(name.dropFirst())' referenced"
        }
        if let context = problem.firstRange(of: " (while ") { problem = String(problem[..<context.lowerBound]) }
        guard error.line > 1 else { return problem }
        let isParser = problem.hasPrefix("did not find expected") || problem.hasPrefix("found undefined tag handle")
        return "line \(isParser ? error.line - 1 : error.line): \(problem)"
    }

    /// What Go calls the kind of a document's value when it has the wrong one.
    static func kind(_ value: Datum) -> String {
        switch value {
        case .list: "array"
        case .string, .raw: "string"
        case .bool: "bool"
        case .map: "object"
        default: "number"
        }
    }
}

/// Makes documents of what templates hold.
private struct Builder {
    let isPretty: Bool
    /// How many values are still allowed.
    private var left = Nesting.bytesMost / 8

    init(isPretty: Bool) { self.isPretty = isPretty }

    mutating func document(_ value: Datum, _ depth: Int) throws(TemplateFailure) -> Value {
        left -= 1
        guard left > 0, depth <= Nesting.most else {
            throw TemplateFailure("json: unsupported value: encountered a cycle via map[string]interface {}")
        }
        switch value {
        case .none, .null, .list(_, .nilAny), .list(_, .nilString): return .null
        case .bool(let flag): return .bool(flag)
        case .integer(let number, .uint64): return number >= 0 ? .int(number) : .decimal(Decimal(json: String(UInt64(bitPattern: number))))
        case .integer(let number, _): return .int(number)
        case .float(let number): return try self.number(number)
        case .string(let text): return .string(text)
        case .raw(let bytes): return .string(UTF8Bytes.repaired(bytes))
        case .bytes(let bytes): return .string(String(decoding: Base64.encode(bytes), as: UTF8.self))
        case .list(let items, _): return try list(items, depth)
        case .map(let map): return try self.map(Array(map.members), depth)
        case .time(let moment): return .string(moment.rfc3339)
        case .object(let object):
            if let text = object.printed { return .string(text) }
            if let items = object.items { return try list(items, depth) }
            return try map(object.members ?? [], depth)
        }
    }

    private mutating func list(_ items: [Datum], _ depth: Int) throws(TemplateFailure) -> Value {
        var values: [Value] = []
        values.reserveCapacity(items.count)
        for item in items { values.append(try document(item, depth + 1)) }
        return .list(values)
    }

    private mutating func map(_ members: [(String, Datum)], _ depth: Int) throws(TemplateFailure) -> Value {
        var entries: [Map.Entry] = []
        entries.reserveCapacity(members.count)
        for (key, item) in members { entries.append(Map.Entry(key: key, value: try document(item, depth + 1))) }
        return .map(Map(unique: entries))
    }

    private func number(_ number: Double) throws(TemplateFailure) -> Value {
        guard number.isFinite else { throw TemplateFailure("json: unsupported value: \(FloatText.general(number))") }
        if isPretty, number.magnitude >= 1e6 { return .decimal(Decimal(json: FloatText.general(number))) }
        if let whole = Int64(exactly: number) { return .int(whole) }
        if let whole = UInt64(exactly: number) { return .decimal(Decimal(json: String(whole))) }
        return Decimal(number).map { .decimal($0) } ?? .null
    }
}
