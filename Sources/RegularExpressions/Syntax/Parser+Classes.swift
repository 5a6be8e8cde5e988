// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// Parses `[…]`.
    mutating func parseClass() throws(RegularExpressionError) -> ScalarSet {
        let start = reader.position
        reader.position += 1
        let isNegated = reader.take(UInt8(ascii: "^"))
        var ranges: [ClosedRange<UInt32>] = []
        // A bracket that comes first stands for itself.
        var isFirst = true
        while isFirst || reader.peek() != UInt8(ascii: "]") {
            isFirst = false
            if let set = try parsePOSIXClass() {
                ranges += set.ranges
                continue
            }
            if let set = try parseClassEscape() {
                ranges += set.ranges
                continue
            }
            let rangeStart = reader.position
            let low = try parseClassScalar(classStart: start)
            var high = low
            // The dash in `[a-]` is a dash.
            if reader.peek() == UInt8(ascii: "-"), let next = reader.peek(1), next != UInt8(ascii: "]") {
                reader.position += 1
                high = try parseClassScalar(classStart: start)
                guard low <= high else {
                    throw RegularExpressionError(.invalidCharacterRange, reader.text(from: rangeStart, to: reader.position))
                }
            }
            ranges.append(low...high)
        }
        reader.position += 1
        return foldedSet(ScalarSet(ranges), isNegated: isNegated)
    }

    private mutating func parseClassScalar(classStart: Int) throws(RegularExpressionError) -> UInt32 {
        if reader.peek() == UInt8(ascii: "\\") { return try parseEscape() }
        guard let scalar = try reader.next() else {
            throw RegularExpressionError(.missingBracket, reader.text(from: classStart))
        }
        return scalar
    }

    /// Parses `[:name:]` or `[:^name:]`; nil where there is none.
    private mutating func parsePOSIXClass() throws(RegularExpressionError) -> ScalarSet? {
        guard reader.starts(with: "[:") else { return nil }
        let start = reader.position
        var end = start + 2
        while end + 1 < reader.bytes.count, reader.bytes[end] != UInt8(ascii: ":") || reader.bytes[end + 1] != UInt8(ascii: "]") {
            end += 1
        }
        guard end + 1 < reader.bytes.count else { return nil }
        let isNegated = reader.bytes[start + 2] == UInt8(ascii: "^")
        let name = reader.text(from: start + (isNegated ? 3 : 2), to: end)
        guard let set = NamedSets.posix(name) else {
            throw RegularExpressionError(.invalidCharacterRange, reader.text(from: start, to: end + 2))
        }
        reader.position = end + 2
        return foldedSet(set, isNegated: isNegated)
    }

    /// Parses an escape that stands for many code points; nil where there is none.
    mutating func parseClassEscape() throws(RegularExpressionError) -> ScalarSet? {
        if let set = try parseUnicodeClass() { return set }
        return parsePerlClass()
    }

    /// Parses `\d`, `\s`, `\w` and their opposites; nil where there is none.
    private mutating func parsePerlClass() -> ScalarSet? {
        guard reader.peek() == UInt8(ascii: "\\"), let letter = reader.peek(1) else { return nil }
        let set: ScalarSet
        switch letter | 0x20 {
        case UInt8(ascii: "d"): set = NamedSets.digits
        case UInt8(ascii: "s"): set = NamedSets.perlSpace
        case UInt8(ascii: "w"): set = NamedSets.word
        default: return nil
        }
        reader.position += 2
        return foldedSet(set, isNegated: letter & 0x20 == 0)
    }

    /// Parses `\pL`, `\p{Greek}`, `\P{Greek}` and `\p{^Greek}`; nil where there is none.
    private mutating func parseUnicodeClass() throws(RegularExpressionError) -> ScalarSet? {
        guard reader.peek() == UInt8(ascii: "\\"), let letter = reader.peek(1), letter | 0x20 == UInt8(ascii: "p") else { return nil }
        let start = reader.position
        var isNegated = letter == UInt8(ascii: "P")
        reader.position += 2
        let nameStart = reader.position
        var name = ""
        if reader.peek() == UInt8(ascii: "{") {
            guard let end = reader.index(of: UInt8(ascii: "}")) else {
                let text = try reader.checkedText(from: start, to: reader.bytes.count)
                throw RegularExpressionError(.invalidCharacterRange, text)
            }
            name = try reader.checkedText(from: nameStart + 1, to: end)
            reader.position = end + 1
        } else if try reader.next() != nil {
            name = reader.text(from: nameStart, to: reader.position)
        }
        if name.hasPrefix("^") {
            isNegated.toggle()
            name.removeFirst()
        }
        guard let set = NamedSets.unicode(name) else {
            throw RegularExpressionError(.invalidCharacterRange, reader.text(from: start, to: reader.position))
        }
        return foldedSet(set, isNegated: isNegated)
    }

    /// The set under the current flags: other cases are added before it is negated.
    private func foldedSet(_ set: ScalarSet, isNegated: Bool) -> ScalarSet {
        let folded = flags.contains(.ignoreCase) ? set.closedOverCase : set
        return isNegated ? folded.inverted : folded
    }
}
