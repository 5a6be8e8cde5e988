// SPDX-License-Identifier: Apache-2.0

/// Finding bytes in bytes.
enum Search {
    static func first(of needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let lead = needle.first else { return start <= bytes.count ? start : nil }
        return bytes.withUnsafeBufferPointer { buffer in
            needle.withUnsafeBufferPointer { needle in
                var index = start
                let last = buffer.count - needle.count
                while index <= last {
                    if buffer[index] == lead {
                        var offset = 1
                        while offset < needle.count, buffer[index + offset] == needle[offset] { offset += 1 }
                        if offset == needle.count { return index }
                    }
                    index += 1
                }
                return nil
            }
        }
    }

    static func contains(_ needle: [UInt8], in bytes: [UInt8]) -> Bool { first(of: needle, in: bytes, from: 0) != nil }

    /// `strings.ReplaceAll`; an empty needle is found before every character and at the end.
    static func replace(_ needle: [UInt8], by replacement: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        if needle.isEmpty {
            var index = 0
            for (_, width) in UTF8Bytes.scalars(bytes) {
                result.append(contentsOf: replacement)
                result.append(contentsOf: bytes[index..<index + width])
                index += width
            }
            return result + replacement
        }
        var start = 0
        while let found = first(of: needle, in: bytes, from: start) {
            result.append(contentsOf: bytes[start..<found])
            result.append(contentsOf: replacement)
            start = found + needle.count
        }
        result.append(contentsOf: bytes[start...])
        return result
    }

    /// `strings.SplitN`; an empty separator splits between characters.
    static func split(_ bytes: [UInt8], by separator: [UInt8], most: Int = -1) -> [ArraySlice<UInt8>] {
        if most == 0 { return [] }
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        if separator.isEmpty {
            for (_, width) in UTF8Bytes.scalars(bytes) {
                if most > 0, parts.count == most - 1 { break }
                parts.append(bytes[start..<start + width])
                start += width
            }
            if start < bytes.count { parts.append(bytes[start...]) }
            return parts
        }
        while most < 0 || parts.count < most - 1, let found = first(of: separator, in: bytes, from: start) {
            parts.append(bytes[start..<found])
            start = found + separator.count
        }
        parts.append(bytes[start...])
        return parts
    }
}
