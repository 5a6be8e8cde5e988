// SPDX-License-Identifier: Apache-2.0
import CYAML

/// libyaml's event parser over bytes that its creator keeps alive; the only owner of its C structures.
struct YAMLEvents: ~Copyable {
    // On the heap because libyaml keeps a pointer to its own parser structure.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>

    init(_ buffer: UnsafeBufferPointer<UInt8>) throws(DocumentError) {
        parser = .allocate(capacity: 1)
        event = .allocate(capacity: 1)
        event.initialize(to: yaml_event_t())
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            event.deallocate()
            throw DocumentError(code: "syntax", message: "out of memory", line: 0, column: 0)
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        // libyaml passes over a byte order mark only where it may choose the encoding, which could then be another one.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = buffer.starts(with: mark) ? UnsafeBufferPointer(rebasing: buffer.dropFirst(mark.count)) : buffer
        yaml_parser_set_input_string(parser, content.baseAddress, content.count)
    }

    deinit {
        yaml_event_delete(event)
        yaml_parser_delete(parser)
        parser.deallocate()
        event.deallocate()
    }

    /// Moves to the next event and gives its type; what the last one pointed at is freed.
    mutating func next() throws(DocumentError) -> yaml_event_type_t {
        yaml_event_delete(event)
        guard yaml_parser_parse(parser, event) == 1 else { throw failure }
        return event.pointee.type
    }

    var kind: yaml_event_type_t { event.pointee.type }

    /// Where the current event begins.
    var mark: SourceMark { SourceMark(event.pointee.start_mark) }

    /// Where the current event ends; a block scalar's end is the beginning of the line after it.
    var endMark: SourceMark { SourceMark(event.pointee.end_mark) }

    // MARK: What the current event carries; each only for events of its type

    var scalarBytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: event.pointee.data.scalar.value, count: event.pointee.data.scalar.length)
    }

    var scalarIsPlain: Bool { event.pointee.data.scalar.style == YAML_PLAIN_SCALAR_STYLE }

    var scalarIsFolded: Bool { event.pointee.data.scalar.style == YAML_FOLDED_SCALAR_STYLE }

    var scalarTag: String? { event.pointee.data.scalar.tag.map { String(cString: $0) } }

    /// The current node's anchor, or the anchor that an alias names.
    var anchor: String? {
        let pointer: UnsafeMutablePointer<yaml_char_t>? =
            switch event.pointee.type {
            case YAML_SCALAR_EVENT: event.pointee.data.scalar.anchor
            case YAML_SEQUENCE_START_EVENT: event.pointee.data.sequence_start.anchor
            case YAML_MAPPING_START_EVENT: event.pointee.data.mapping_start.anchor
            case YAML_ALIAS_EVENT: event.pointee.data.alias.anchor
            default: nil
            }
        return pointer.map { String(cString: $0) }
    }

    private var failure: DocumentError {
        let parser = parser.pointee
        let problem = parser.problem.map { String(cString: $0) } ?? "out of memory"
        switch parser.error {
        case YAML_READER_ERROR:
            // The reader works ahead of the scanner: only its byte offset says where.
            var mark = SourceMark(parser.mark)
            if let start = parser.input.string.start, let end = parser.input.string.end {
                mark = SourceMark(offset: parser.problem_offset, in: UnsafeBufferPointer(start: start, count: end - start))
            }
            let code = problem.contains("UTF-8") || problem.contains("Unicode") ? "invalid-utf8" : "syntax"
            return DocumentError(code: code, message: problem, line: mark.line, column: mark.column)
        default:
            let mark = SourceMark(parser.problem_mark)
            var message = problem
            if let context = parser.context {
                message += " (\(String(cString: context)), line \(parser.context_mark.line + 1))"
            }
            return DocumentError(code: "syntax", message: message, line: mark.line, column: mark.column)
        }
    }
}

extension SourceMark {
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
