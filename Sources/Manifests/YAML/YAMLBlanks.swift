// SPDX-License-Identifier: Apache-2.0
import CYAML

extension YAML {
    /// Where in each document of a stream a value is null because nothing is written there (`key:`), not by a word for it.
    ///
    /// Places that come from aliases or merge keys are not among them. Of a stream that cannot be read, what comes before the error.
    package static func blanks(in bytes: [UInt8]) -> [Set<[PathStep]>] {
        bytes.withUnsafeBufferPointer { buffer in
            guard var blanks = try? YAMLBlanks(buffer) else { return [] }
            try? blanks.read()
            return blanks.documents
        }
    }
}

/// Goes through a stream's events and notes the paths of scalars without text.
private struct YAMLBlanks: ~Copyable {
    private var events: YAMLEvents
    private var path: [PathStep] = []
    private(set) var documents: [Set<[PathStep]>] = []

    init(_ buffer: UnsafeBufferPointer<UInt8>) throws(DocumentError) { events = try YAMLEvents(buffer) }

    mutating func read() throws(DocumentError) {
        _ = try events.next()
        while try events.next() == YAML_DOCUMENT_START_EVENT {
            documents.append([])
            _ = try events.next()
            try readNode()
            _ = try events.next()
        }
    }

    /// Reads the node that the current event begins; afterwards the current event is its last.
    private mutating func readNode() throws(DocumentError) {
        guard path.count <= Limits.standard.depthMax else { return try skip() }
        switch events.kind {
        case YAML_SCALAR_EVENT:
            if events.scalarBytes.isEmpty, events.scalarIsPlain, events.scalarTag == nil { documents[documents.count - 1].insert(path) }
        case YAML_SEQUENCE_START_EVENT:
            var index = 0
            while try events.next() != YAML_SEQUENCE_END_EVENT {
                path.append(.index(index))
                try readNode()
                path.removeLast()
                index += 1
            }
        case YAML_MAPPING_START_EVENT:
            while try events.next() != YAML_MAPPING_END_EVENT {
                let key = events.kind == YAML_SCALAR_EVENT ? String(decoding: events.scalarBytes, as: UTF8.self) : ""
                try skip()
                _ = try events.next()
                path.append(.key(key))
                try readNode()
                path.removeLast()
            }
        default: break
        }
    }

    private mutating func skip() throws(DocumentError) {
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
