// SPDX-License-Identifier: Apache-2.0

/// Bytes to look for in others (Horspool's algorithm: a byte that is not in the pattern lets it skip the pattern's whole length).
package struct BytePattern: Sendable {
    private let bytes: [UInt8]
    private let skips: [Int]

    /// - Parameter text: not empty; an empty one is found nowhere.
    package init(_ text: String) {
        bytes = Array(text.utf8)
        var skips = [Int](repeating: max(1, bytes.count), count: 256)
        for (index, byte) in bytes.dropLast().enumerated() { skips[Int(byte)] = bytes.count - 1 - index }
        self.skips = skips
    }

    package var count: Int { bytes.count }

    package func isIn(_ text: [UInt8]) -> Bool { text.withUnsafeBytes(isIn) }

    package func isIn(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let last = bytes.indices.last else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            skips.withUnsafeBufferPointer { skips in
                var start = 0
                while start + last < text.count {
                    var index = last
                    while text[start + index] == bytes[index] {
                        if index == 0 { return true }
                        index -= 1
                    }
                    start += skips[Int(text[start + last])]
                }
                return false
            }
        }
    }
}
