// SPDX-License-Identifier: Apache-2.0

/// Reads a pattern from left to right; positions are byte offsets.
struct PatternReader {
    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// The byte `distance` after the next one, if there is one.
    func peek(_ distance: Int = 0) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { buffer in
            bytes.count - position >= buffer.count && bytes[position..<position + buffer.count].elementsEqual(buffer)
        }
    }

    /// Consumes `byte` if it is next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    /// Consumes one code point; nil at the end.
    /// - Throws: `invalidUTF8` with the rest of the pattern.
    mutating func next() throws(RegularExpressionError) -> UInt32? {
        guard !isAtEnd else { return nil }
        let decoded = bytes.withUnsafeBufferPointer { UTF8Text($0).decode(at: position) }
        guard !decoded.isInvalid else { throw RegularExpressionError(.invalidUTF8, text(from: position)) }
        position += decoded.width
        return decoded.scalar
    }

    /// The offset of the next `byte`, counted from here on.
    func index(of byte: UInt8) -> Int? { bytes[position...].firstIndex(of: byte) }

    func text(from start: Int) -> String { text(from: start, to: bytes.count) }

    func text(from start: Int, to end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }

    /// The bytes between two offsets as text.
    /// - Throws: `invalidUTF8` when they are none.
    func checkedText(from start: Int, to end: Int) throws(RegularExpressionError) -> String {
        var check = PatternReader(Array(bytes[start..<end]))
        while try check.next() != nil {}
        return text(from: start, to: end)
    }
}
