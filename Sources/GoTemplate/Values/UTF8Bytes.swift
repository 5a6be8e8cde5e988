// SPDX-License-Identifier: Apache-2.0

/// UTF-8 as Go decodes it: every byte that begins no valid sequence is one replacement character.
enum UTF8Bytes {
    /// The scalar at `index` and its width in bytes; U+FFFD and 1 where there is none.
    static func decode(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> (scalar: Unicode.Scalar, width: Int) {
        let first = bytes[index]
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, first <= 0xF4, index + count <= bytes.count else { return ("\u{FFFD}", 1) }
        var code = UInt32(first) & (0x7F >> UInt32(count))
        for offset in 1..<count {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return ("\u{FFFD}", 1) }
            code = code << 6 | UInt32(byte & 0x3F)
        }
        let least: UInt32 = count == 4 ? 0x10000 : count == 3 ? 0x800 : 0x80
        guard code >= least, let scalar = Unicode.Scalar(code) else { return ("\u{FFFD}", 1) }
        return (scalar, count)
    }

    /// The scalars of a Go string, with the number of bytes that each was read from.
    static func scalars(_ bytes: [UInt8]) -> [(scalar: Unicode.Scalar, width: Int)] {
        bytes.withUnsafeBufferPointer { buffer in
            var scalars: [(scalar: Unicode.Scalar, width: Int)] = []
            scalars.reserveCapacity(buffer.count)
            var index = 0
            while index < buffer.count {
                let next = decode(buffer, index)
                scalars.append(next)
                index += next.width
            }
            return scalars
        }
    }

    /// The bytes as text, one replacement character for each byte that is not UTF-8.
    package static func repaired(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = String.UnicodeScalarView()
        for (scalar, _) in scalars(bytes) { text.append(scalar) }
        return String(text)
    }
}
