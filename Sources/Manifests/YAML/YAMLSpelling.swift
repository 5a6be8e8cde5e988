// SPDX-License-Identifier: Apache-2.0
import CYAML

extension YAML {
    /// How a scalar is written, where values do not tell.
    package enum Spelling: Sendable, Hashable {
        /// A null for which nothing is written (`key:`), not a word.
        case blank
        /// In quotes, or as a block: a text whatever it looks like.
        case quoted
        /// As a folded block (`>`).
        case folded
        /// Bare: neither in quotes nor as a block.
        case plain
    }

    /// Where in each document of a stream the values of maps are spelled so; at most 100,000 places of a stream.
    ///
    /// Places that come from aliases or merge keys are not among them. Of a stream that cannot be read, what comes before the error.
    package static func places(spelled spelling: Spelling, in bytes: [UInt8]) -> [Set<[PathStep]>] {
        texts(spelled: spelling, in: bytes).map { Set($0.keys) }
    }

    /// The same with what is written there, by place.
    /// - Parameter ending: only places that end with these keys and one more.
    package static func texts(spelled spelling: Spelling, ending: [String] = [], in bytes: [UInt8]) -> [[[PathStep]: String]] {
        bytes.withUnsafeBufferPointer { buffer in
            guard var places = try? YAMLPlaces(buffer, spelling, ending: ending.map { .key($0) }) else { return [] }
            try? places.read()
            return places.documents
        }
    }
}

/// Goes through a stream's events and notes the paths of scalars that are spelled in some way.
private struct YAMLPlaces: ~Copyable {
    private var events: YAMLEvents
    private let spelling: YAML.Spelling
    private let ending: [PathStep]
    private var path: [PathStep] = []
    private var count = 0
    private(set) var documents: [[[PathStep]: String]] = []

    init(_ buffer: UnsafeBufferPointer<UInt8>, _ spelling: YAML.Spelling, ending: [PathStep]) throws(DocumentError) {
        events = try YAMLEvents(buffer)
        self.spelling = spelling
        self.ending = ending
    }

    mutating func read() throws(DocumentError) {
        _ = try events.next()
        while try events.next() == YAML_DOCUMENT_START_EVENT {
            documents.append([:])
            _ = try events.next()
            try readNode()
            _ = try events.next()
        }
    }

    private var isSpelledSo: Bool {
        switch spelling {
        case .blank: events.scalarBytes.isEmpty && events.scalarIsPlain && events.scalarTag == nil
        case .quoted: !events.scalarIsPlain
        case .folded: events.scalarIsFolded
        case .plain: events.scalarIsPlain && events.scalarTag == nil
        }
    }

    /// Reads the node that the current event begins; afterwards the current event is its last.
    private mutating func readNode() throws(DocumentError) {
        guard path.count <= Limits.standard.depthMax else { return try skip() }
        switch events.kind {
        case YAML_SCALAR_EVENT:
            guard case .key? = path.last, count < 100_000, isSpelledSo, path.dropLast().suffix(ending.count).elementsEqual(ending) else {
                return
            }
            count += 1
            documents[documents.count - 1][path] = String(decoding: events.scalarBytes, as: UTF8.self)
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
