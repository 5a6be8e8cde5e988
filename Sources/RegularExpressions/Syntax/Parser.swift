// SPDX-License-Identifier: Apache-2.0

/// Parses the RE2 syntax as Go's `regexp.Compile` does, with its errors.
///
/// Groups are kept on a stack of the parser's own: a pattern's depth never becomes the thread's.
struct Parser {
    struct Flags: OptionSet {
        let rawValue: UInt8

        static let ignoreCase = Flags(rawValue: 1)
        static let multiline = Flags(rawValue: 2)
        static let dotMatchesNewline = Flags(rawValue: 4)
        static let ungreedy = Flags(rawValue: 8)
    }

    /// A group that is still open; the whole pattern is the outermost.
    struct Group {
        /// The capture's index; nil for a group that only groups.
        var capture: Int?
        /// What holds again once the group closes.
        var flagsOutside: Flags
        var choices: [SyntaxTree.ID] = []
        var items: [SyntaxTree.ID] = []
    }

    /// The longest pattern, in bytes.
    static let lengthLimit = 65_536

    var reader: PatternReader
    var tree = SyntaxTree()
    var flags: Flags = []
    var groups: [Group] = []
    /// The group that is open now.
    var group = Group(capture: nil, flagsOutside: [])

    private init(_ pattern: [UInt8]) { reader = PatternReader(pattern) }

    /// - Throws: what is wrong with the pattern, in Go's words; `tooLarge` beyond the limits of this implementation.
    static func parse(_ pattern: [UInt8]) throws(RegularExpressionError) -> SyntaxTree {
        guard pattern.count <= lengthLimit else {
            throw RegularExpressionError(.tooLarge, String(decoding: pattern.prefix(64), as: UTF8.self) + "…")
        }
        var parser = Parser(pattern)
        try parser.run()
        return parser.tree
    }

    private mutating func run() throws(RegularExpressionError) {
        // Where the repetition began that was read just before, if one was.
        var lastRepeat: Int?
        while let byte = reader.peek() {
            let start = reader.position
            var wasRepeat = false
            switch byte {
            case UInt8(ascii: "("):
                if reader.peek(1) == UInt8(ascii: "?") {
                    try parseSpecialGroup()
                } else {
                    reader.position += 1
                    open(capture: true, name: nil)
                }
            case UInt8(ascii: "|"):
                reader.position += 1
                group.choices.append(closeSequence())
            case UInt8(ascii: ")"):
                reader.position += 1
                try closeGroup()
            case UInt8(ascii: "^"):
                reader.position += 1
                append(.assertion(flags.contains(.multiline) ? .beginLine : .beginText))
            case UInt8(ascii: "$"):
                reader.position += 1
                append(.assertion(flags.contains(.multiline) ? .endLine : .endText))
            case UInt8(ascii: "."):
                reader.position += 1
                group.items.append(tree.add(flags.contains(.dotMatchesNewline) ? .all : .allButNewline))
            case UInt8(ascii: "["):
                group.items.append(tree.add(try parseClass()))
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
                reader.position += 1
                let minimum = byte == UInt8(ascii: "+") ? 1 : 0
                try repeatLast(from: start, after: lastRepeat, minimum, byte == UInt8(ascii: "?") ? 1 : nil)
                wasRepeat = true
            case UInt8(ascii: "{"):
                guard let count = parseCount() else { fallthrough }
                try checkCount(count, from: start)
                try repeatLast(from: start, after: lastRepeat, count.minimum, count.maximum)
                wasRepeat = true
            default:
                try parseAtom()
            }
            lastRepeat = wasRepeat ? start : nil
        }
        guard groups.isEmpty else { throw RegularExpressionError(.missingParenthesis, reader.text(from: 0)) }
        tree.root = try closeChoice()
    }

    /// Parses one character or escape.
    private mutating func parseAtom() throws(RegularExpressionError) {
        guard reader.peek() == UInt8(ascii: "\\") else {
            if let scalar = try reader.next() { appendLiteral(scalar) }
            return
        }
        switch reader.peek(1) {
        case UInt8(ascii: "A"): appendEscapedAssertion(.beginText)
        case UInt8(ascii: "z"): appendEscapedAssertion(.endText)
        case UInt8(ascii: "b"): appendEscapedAssertion(.wordBoundary)
        case UInt8(ascii: "B"): appendEscapedAssertion(.noWordBoundary)
        case UInt8(ascii: "Q"): try parseQuotation()
        default:
            if let set = try parseClassEscape() {
                group.items.append(tree.add(set))
            } else {
                appendLiteral(try parseEscape())
            }
        }
    }

    private mutating func appendEscapedAssertion(_ assertion: SyntaxTree.Assertion) {
        reader.position += 2
        append(.assertion(assertion))
    }

    /// `\Q…\E`: all between is literal; without `\E`, all that is left.
    private mutating func parseQuotation() throws(RegularExpressionError) {
        reader.position += 2
        while !reader.isAtEnd {
            if reader.starts(with: "\\E") {
                reader.position += 2
                return
            }
            if let scalar = try reader.next() { appendLiteral(scalar) }
        }
    }

    private mutating func append(_ node: SyntaxTree.Node) { group.items.append(tree.add(node)) }

    private mutating func appendLiteral(_ scalar: UInt32) {
        guard flags.contains(.ignoreCase) else { return append(.scalar(scalar)) }
        group.items.append(tree.add(ScalarSet(CaseFolding.orbit(of: scalar).map { $0...$0 })))
    }
}
