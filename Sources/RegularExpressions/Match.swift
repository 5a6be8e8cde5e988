// SPDX-License-Identifier: Apache-2.0

/// Where a regular expression and its captures were found, in bytes of UTF-8.
package struct Match: Sendable, Hashable {
    /// The ranges of the whole match and of each capture; nil for a capture that took no part in the match.
    package let ranges: [Range<Int>?]

    /// The range of the whole match.
    package let range: Range<Int>

    /// The range of a capture; 0 is the whole match. Nil also where there is no such capture.
    package subscript(capture: Int) -> Range<Int>? { ranges.indices.contains(capture) ? ranges[capture] : nil }

    /// The part of `text`, in which the match was found, that a capture covers.
    package func text(_ capture: Int = 0, of text: String) -> String? {
        guard let range = self[capture] else { return nil }
        return RegularExpression.withUTF8(text) { text in
            let clamped = range.clamped(to: 0..<text.count)
            return String(decoding: text.bytes[clamped], as: UTF8.self)
        }
    }

    /// Reads pairs of positions; the first pair is there whenever there is a match.
    init(_ slots: [Int]) {
        range = slots[0]..<slots[1]
        ranges = stride(from: 0, to: slots.count, by: 2).map { index in
            slots[index] >= 0 && slots[index + 1] >= slots[index] ? slots[index]..<slots[index + 1] : nil
        }
    }
}
