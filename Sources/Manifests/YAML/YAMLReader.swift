// SPDX-License-Identifier: Apache-2.0
import CYAML

/// Builds values from events by recursive descent.
struct YAMLReader: ~Copyable {
    private var events: YAMLEvents
    private let limits: Limits
    private let rules: YAML.ScalarRules
    private let duplicateKeys: YAML.DuplicateKeys

    private var depth = 0
    /// The deepest level reached since the innermost open anchor began.
    private var deepest = 0
    /// Values made so far, those that aliases copied included.
    private var made = 0
    /// Values that aliases copied.
    private var copied = 0
    private var anchors: [String: Anchored] = [:]

    private struct Anchored {
        let value: Value
        let count: Int
        let height: Int
    }

    init(
        _ buffer: UnsafeBufferPointer<UInt8>, limits: Limits, rules: YAML.ScalarRules, duplicateKeys: YAML.DuplicateKeys = .refused
    ) throws(DocumentError) {
        events = try YAMLEvents(buffer)
        self.limits = limits
        self.rules = rules
        self.duplicateKeys = duplicateKeys
    }

    mutating func readDocuments() throws(DocumentError) -> [Value] {
        var documents: [Value] = []
        _ = try events.next()  // the stream's start
        while try events.next() == YAML_DOCUMENT_START_EVENT {
            guard documents.count < limits.documentsMax else {
                throw error("too-many-documents", "more documents than the limit of \(limits.documentsMax)", at: events.mark)
            }
            _ = try events.next()
            anchors.removeAll(keepingCapacity: true)
            documents.append(try readNode())
            _ = try events.next()  // the document's end
        }
        return documents
    }

    /// Reads the node that the current event begins; afterwards the current event is its last.
    private mutating func readNode() throws(DocumentError) -> Value {
        let kind = events.kind
        if kind == YAML_ALIAS_EVENT { return try readAlias() }
        guard let anchor = events.anchor else { return try readContent(kind) }
        let outer = (made: made, deepest: deepest)
        deepest = depth
        let value = try readContent(kind)
        anchors[anchor] = Anchored(value: value, count: made - outer.made, height: deepest - depth)
        deepest = max(deepest, outer.deepest)
        return value
    }

    private mutating func readContent(_ kind: yaml_event_type_t) throws(DocumentError) -> Value {
        made += 1
        if kind == YAML_SCALAR_EVENT { return try readScalar() }
        depth += 1
        guard depth <= limits.depthMax else {
            throw error("too-deep", "nested deeper than the limit of \(limits.depthMax)", at: events.mark)
        }
        if depth > deepest { deepest = depth }
        let value = kind == YAML_SEQUENCE_START_EVENT ? try readList() : try readMap()
        depth -= 1
        return value
    }

    private mutating func readAlias() throws(DocumentError) -> Value {
        let name = events.anchor ?? ""
        guard let anchored = anchors[name] else {
            // Not by its name: it may be somebody's password that begins with an asterisk.
            throw error(
                "unknown-anchor", "the alias refers to nothing that comes before it; a text that begins with * needs quotes",
                at: events.mark)
        }
        made += anchored.count
        copied += anchored.count
        guard copied <= limits.aliasesMax else {
            throw error("too-many-aliases", "aliases copy more than the limit of \(limits.aliasesMax) values", at: events.mark)
        }
        guard depth + anchored.height <= limits.depthMax else {
            throw error("too-deep", "nested deeper than the limit of \(limits.depthMax)", at: events.mark)
        }
        deepest = max(deepest, depth + anchored.height)
        return anchored.value
    }

    private mutating func readList() throws(DocumentError) -> Value {
        var items: [Value] = []
        while try events.next() != YAML_SEQUENCE_END_EVENT { items.append(try readNode()) }
        return .list(items)
    }

    private mutating func readMap() throws(DocumentError) -> Value {
        var entries: [Map.Entry] = []
        var seen = SeenKeys()
        var merge: (position: Int, map: Value)?
        while try events.next() != YAML_MAPPING_END_EVENT {
            let mark = events.mark
            if events.kind == YAML_SCALAR_EVENT, isMergeKey() {
                guard merge == nil else { throw error("duplicate-key", "key '<<' is there twice", at: mark) }
                _ = try events.next()
                let valueMark = events.mark
                let value = try readNode()
                guard value.map != nil || (value.list?.allSatisfy { $0.map != nil } ?? false) else {
                    throw error("invalid-merge", "'<<' wants a map or a list of maps, not \(value.kindName)", at: valueMark)
                }
                merge = (entries.count, value)
                continue
            }
            let key = try readKey(at: mark)
            let isNew = seen.insert(key, among: entries)
            guard isNew || duplicateKeys == .lastCounts else { throw error("duplicate-key", "key '\(key)' is there twice", at: mark) }
            _ = try events.next()
            let value = try readNode()
            if isNew {
                entries.append(Map.Entry(key: key, value: value))
            } else if let position = entries.firstIndex(where: { $0.key == key }) {
                entries[position].value = value
            }
        }
        if let merge { insert(merge.map, into: &entries, at: merge.position) }
        return .map(Map(unique: entries))
    }

    private func isMergeKey() -> Bool {
        let bytes = events.scalarBytes
        guard bytes.count == 2, bytes[0] == UInt8(ascii: "<"), bytes[1] == UInt8(ascii: "<") else { return false }
        if let tag = events.scalarTag { return tag == "tag:yaml.org,2002:merge" }
        return events.scalarIsPlain
    }

    /// A map's own keys win over merged ones, and earlier maps of a merged list over later ones (yaml.org/type/merge).
    private func insert(_ merged: Value, into entries: inout [Map.Entry], at position: Int) {
        var present = Set(entries.lazy.map(\.key))
        var added: [Map.Entry] = []
        for map in merged.list ?? [merged] {
            for entry in map.map?.entries ?? [] where present.insert(entry.key).inserted { added.append(entry) }
        }
        entries.insert(contentsOf: added, at: position)
    }

    /// Keys are strings in JSON's data model: numbers and booleans become their text.
    private mutating func readKey(at mark: SourceMark) throws(DocumentError) -> String {
        let kind = events.kind
        guard kind == YAML_SCALAR_EVENT || kind == YAML_ALIAS_EVENT else {
            throw error("invalid-key", "a key must be a string, not \(kind == YAML_SEQUENCE_START_EVENT ? "a list" : "a map")", at: mark)
        }
        let value = try readNode()
        guard let key = value.keyText else { throw error("invalid-key", "a key must be a string, not \(value.kindName)", at: mark) }
        return key
    }

    private func readScalar() throws(DocumentError) -> Value {
        let bytes = events.scalarBytes
        if let tag = events.scalarTag { return try readTagged(tag, bytes) }
        guard events.scalarIsPlain else {
            if rules == .kustomize, events.scalarIsFolded { return .string(Self.foldedAgain(bytes)) }
            return .string(String(decoding: bytes, as: UTF8.self))
        }
        guard let resolved = PlainScalar.resolve(bytes, rules: rules) else { return .string(String(decoding: bytes, as: UTF8.self)) }
        guard case .value(let value) = resolved else {
            throw error("invalid-scalar", "a number that JSON does not know", at: events.mark)
        }
        // Beyond 64 bits even an integer is a double to kustomize, and is printed as one.
        if rules == .kustomize, case .decimal(let number) = value, number.text.allSatisfy({ $0 != "." && $0 != "e" && $0 != "E" }),
            UInt64(number.text) == nil, let rounded = Decimal(number.double)
        {
            return .decimal(rounded)
        }
        return value
    }

    /// Kustomize writes a folded scalar and reads it again before it prints it, and its writer puts a line break too many before lines that
    /// are indented more than the one before them.
    private static func foldedAgain(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let newline = UInt8(ascii: "\n")
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 8)
        var lineIsIndented = bytes.first.map(isBlank) ?? false
        var index = 0
        while index < bytes.count {
            guard bytes[index] == newline else {
                result.append(bytes[index])
                index += 1
                continue
            }
            while index < bytes.count, bytes[index] == newline {
                result.append(newline)
                index += 1
            }
            let isIndented = index < bytes.count && isBlank(bytes[index])
            if isIndented, !lineIsIndented { result.append(newline) }
            lineIsIndented = isIndented
        }
        return String(decoding: result, as: UTF8.self)
    }

    private func readTagged(_ tag: String, _ bytes: UnsafeBufferPointer<UInt8>) throws(DocumentError) -> Value {
        let text = String(decoding: bytes, as: UTF8.self)
        let prefix = "tag:yaml.org,2002:"
        guard tag.hasPrefix(prefix) else { return .string(text) }
        let name = tag.dropFirst(prefix.count)
        let resolved = PlainScalar.resolve(bytes, rules: rules)
        switch (name, resolved) {
        case ("int", .value(.int)), ("int", .value(.decimal)), ("float", .value(.int)), ("float", .value(.decimal)),
            ("bool", .value(.bool)), ("null", .value(.null)):
            guard case .value(let value) = resolved else { return .string(text) }
            return value
        case ("int", _), ("float", _), ("bool", _), ("null", _):
            throw error("invalid-scalar", "the text here is no \(name)", at: events.mark)
        case ("binary", _):
            guard let decoded = decodeBase64(bytes).flatMap({ String(validating: $0, as: UTF8.self) }) else {
                throw error("invalid-scalar", "not the base64 of a text", at: events.mark)
            }
            return .string(decoded)
        default: return .string(text)
        }
    }

    private func error(_ code: String, _ message: String, at mark: SourceMark) -> DocumentError {
        DocumentError(code: code, message: message, line: mark.line, column: mark.column)
    }
}

extension Value {
    /// What this value is called as a map's key; `nil` where it can be none.
    var keyText: String? {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .decimal(let number): number.text
        case .bool(let flag): flag ? "true" : "false"
        case .null, .list, .map: nil
        }
    }
}

/// Decodes base64 (RFC 4648 §4), line breaks and blanks skipped; `nil` where it is none.
func decodeBase64(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in text {
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): digit = 62
        case UInt8(ascii: "/"): digit = 63
        case 0x20, 0x09, 0x0A, 0x0D: continue
        case UInt8(ascii: "="):
            padding += 1
            continue
        default: return nil
        }
        guard padding == 0 else { return nil }
        bits = bits << 6 | UInt32(digit)
        digits += 1
        if digits % 4 == 0 {
            bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bits = 0
        }
    }
    switch (digits % 4, padding) {
    case (0, 0): break
    case (2, 2): bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
    case (3, 1):
        bytes.append(UInt8(truncatingIfNeeded: bits >> 10))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 2))
    default: return nil
    }
    return bytes
}
