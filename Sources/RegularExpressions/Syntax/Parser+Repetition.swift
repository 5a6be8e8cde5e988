// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// The numbers of `{n}`, `{n,}` and `{n,m}`; a number that is far too large is `Int.max`.
    struct Count {
        var minimum: Int
        var maximum: Int?
    }

    /// Parses a count in braces, or leaves the reader where it is: then the brace is a literal character.
    mutating func parseCount() -> Count? {
        let start = reader.position
        reader.position += 1
        if let minimum = parseNumber() {
            var count = Count(minimum: minimum, maximum: minimum)
            var isComplete = true
            if reader.take(UInt8(ascii: ",")) {
                count.maximum = nil
                if reader.peek() != UInt8(ascii: "}") {
                    count.maximum = parseNumber()
                    isComplete = count.maximum != nil
                }
            }
            if isComplete, reader.take(UInt8(ascii: "}")) { return count }
        }
        reader.position = start
        return nil
    }

    /// A decimal number without leading zeros.
    private mutating func parseNumber() -> Int? {
        func digit(_ byte: UInt8?) -> Int? {
            guard let byte, (0x30...0x39).contains(byte) else { return nil }
            return Int(byte) - 0x30
        }
        guard let first = digit(reader.peek()), first != 0 || digit(reader.peek(1)) == nil else { return nil }
        var number = 0
        while let next = digit(reader.peek()) {
            reader.position += 1
            number = number >= 100_000_000 ? .max : number * 10 + next
        }
        return number
    }

    func checkCount(_ count: Count, from start: Int) throws(RegularExpressionError) {
        let limit = SyntaxTree.repeatLimit
        guard count.minimum <= limit, count.maximum.map({ $0 <= limit && $0 >= count.minimum }) ?? true else {
            throw RegularExpressionError(.invalidRepeatSize, reader.text(from: start, to: reader.position))
        }
    }

    /// Repeats what was read last; the operator begins at `start`, and the reader is behind it.
    /// - Parameter lastRepeat: where the operator began that comes right before this one.
    mutating func repeatLast(
        from start: Int, after lastRepeat: Int?, _ minimum: Int, _ maximum: Int?
    ) throws(RegularExpressionError) {
        let isLazy = reader.take(UInt8(ascii: "?"))
        // `a**`, and also `a{2}*`, is most likely a mistake, and means something else in Perl.
        if let lastRepeat {
            throw RegularExpressionError(.invalidRepeatOperator, reader.text(from: lastRepeat, to: reader.position))
        }
        let operatorText = reader.text(from: start, to: reader.position)
        guard let last = group.items.popLast() else {
            throw RegularExpressionError(.missingRepeatArgument, operatorText)
        }
        let greedy = isLazy == flags.contains(.ungreedy)
        let node = tree.add(.repetition(last, minimum: minimum, maximum: maximum, greedy: greedy))
        if minimum >= 2 || (maximum ?? 0) >= 2, tree.copies(node) > SyntaxTree.repeatLimit {
            throw RegularExpressionError(.invalidRepeatSize, operatorText)
        }
        try checkHeight(node)
        group.items.append(node)
    }
}
