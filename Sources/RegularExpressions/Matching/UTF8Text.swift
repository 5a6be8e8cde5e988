// SPDX-License-Identifier: Apache-2.0

/// Bytes that are read as UTF-8; each byte that belongs to no code point counts as one U+FFFD.
struct UTF8Text {
    struct Decoded {
        let scalar: UInt32
        let width: Int

        var isInvalid: Bool { scalar == 0xFFFD && width == 1 }

        static let invalid = Decoded(scalar: 0xFFFD, width: 1)
    }

    let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var count: Int { bytes.count }

    /// The code point that begins at `position`, which lies before the end.
    @inline(__always)
    func decode(at position: Int) -> Decoded {
        let first = bytes[position]
        return first < 0x80 ? Decoded(scalar: UInt32(first), width: 1) : decodeLong(first, at: position)
    }

    private func decodeLong(_ first: UInt8, at position: Int) -> Decoded {
        // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return .invalid
        }
        guard bytes.count - position >= length, second.contains(bytes[position + 1]) else { return .invalid }
        var scalar = UInt32(first) & (0x7F >> UInt32(length))
        for byte in bytes[position + 1..<position + length] {
            guard byte & 0xC0 == 0x80 else { return .invalid }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        return Decoded(scalar: scalar, width: length)
    }

    /// Whether `assertion` holds between the bytes before and from `position` on.
    func holds(_ assertion: SyntaxTree.Assertion, at position: Int) -> Bool {
        switch assertion {
        case .beginText: position == 0
        case .endText: position == bytes.count
        case .beginLine: position == 0 || bytes[position - 1] == 0x0A
        case .endLine: position == bytes.count || bytes[position] == 0x0A
        case .wordBoundary: isWord(before: position) != isWord(at: position)
        case .noWordBoundary: isWord(before: position) == isWord(at: position)
        }
    }

    private func isWord(before position: Int) -> Bool { position > 0 && Self.isWord(bytes[position - 1]) }

    private func isWord(at position: Int) -> Bool { position < bytes.count && Self.isWord(bytes[position]) }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
        default: false
        }
    }

    /// Where `needle`, which is not empty, next begins at or after `position`.
    func firstIndex(of needle: UnsafeBufferPointer<UInt8>, from position: Int) -> Int? {
        let first = needle[0]
        var position = position
        let last = bytes.count - needle.count
        while position <= last {
            if bytes[position] == first, matches(needle, at: position) { return position }
            position += 1
        }
        return nil
    }

    /// Whether `needle` is what begins at `position`.
    func matches(_ needle: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        guard position >= 0, bytes.count - position >= needle.count else { return false }
        var index = 0
        while index < needle.count {
            if bytes[position + index] != needle[index] { return false }
            index += 1
        }
        return true
    }
}
