// SPDX-License-Identifier: Apache-2.0
import CYAML

/// Follows a path through a stream's events, to say where something stands.
struct YAMLLocator: ~Copyable {
    private var events: YAMLEvents

    init(_ buffer: UnsafeBufferPointer<UInt8>) throws(DocumentError) { events = try YAMLEvents(buffer) }

    mutating func find(_ path: [PathStep], document: Int, part: YAML.Part) throws(DocumentError) -> SourceMark? {
        _ = try events.next()
        var skipped = 0
        while try events.next() == YAML_DOCUMENT_START_EVENT {
            _ = try events.next()
            if skipped == document { return try descend(path, part: part) }
            try skipNode()
            _ = try events.next()
            skipped += 1
        }
        return nil
    }

    private mutating func descend(_ path: [PathStep], part: YAML.Part) throws(DocumentError) -> SourceMark? {
        var mark = events.mark
        for (position, step) in path.enumerated() {
            switch step {
            case .index(let wanted):
                guard events.kind == YAML_SEQUENCE_START_EVENT, try enterItem(wanted) else { return nil }
                mark = events.mark
            case .key(let wanted):
                guard events.kind == YAML_MAPPING_START_EVENT, let keyMark = try enterMember(wanted) else { return nil }
                mark = part == .key && position == path.count - 1 ? keyMark : events.mark
            }
        }
        return mark
    }

    /// Moves to the first event of the list's item at `wanted`.
    private mutating func enterItem(_ wanted: Int) throws(DocumentError) -> Bool {
        var index = 0
        while try events.next() != YAML_SEQUENCE_END_EVENT {
            if index == wanted { return true }
            try skipNode()
            index += 1
        }
        return false
    }

    /// Moves to the first event of the value of `wanted`; gives the key's place.
    private mutating func enterMember(_ wanted: String) throws(DocumentError) -> SourceMark? {
        while try events.next() != YAML_MAPPING_END_EVENT {
            let mark = events.mark
            let found = events.kind == YAML_SCALAR_EVENT && keyText == wanted
            try skipNode()
            _ = try events.next()
            if found { return mark }
            try skipNode()
        }
        return nil
    }

    private var keyText: String? {
        let bytes = events.scalarBytes
        if events.scalarIsPlain, events.scalarTag == nil, case .value(let value) = PlainScalar.resolve(bytes, rules: .kubernetes) {
            return value.keyText
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where the text of the node that begins at `mark` ends; `nil` where none begins.
    mutating func end(ofNodeAt mark: SourceMark) throws(DocumentError) -> SourceMark? {
        while try events.next() != YAML_STREAM_END_EVENT {
            switch events.kind {
            case YAML_SCALAR_EVENT, YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT, YAML_ALIAS_EVENT:
                guard events.mark == mark else { continue }
                return try endOfNode()
            default: continue
            }
        }
        return nil
    }

    private mutating func endOfNode() throws(DocumentError) -> SourceMark {
        var open = 0
        var end = events.mark
        while true {
            switch events.kind {
            case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT: open += 1
            // A block ends where the next thing begins: only what is in it has an end of its own.
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: open -= 1
            default: end = max(end, events.endMark)
            }
            if open <= 0 { return end }
            _ = try events.next()
        }
    }

    /// Moves to the last event of the node that the current event begins.
    private mutating func skipNode() throws(DocumentError) {
        var open = 0
        while true {
            switch events.kind {
            case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT: open += 1
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: open -= 1
            default: break
            }
            if open <= 0 { return }
            _ = try events.next()
        }
    }
}
