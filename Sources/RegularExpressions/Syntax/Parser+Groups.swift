// SPDX-License-Identifier: Apache-2.0

extension Parser {
    mutating func open(capture: Bool, name: String?) {
        groups.append(group)
        group = Group(capture: capture ? tree.captureNames.count : nil, flagsOutside: flags)
        if capture { tree.captureNames.append(name) }
    }

    mutating func closeGroup() throws(RegularExpressionError) {
        guard let outer = groups.popLast() else {
            throw RegularExpressionError(.unexpectedParenthesis, reader.text(from: 0))
        }
        var node = try closeChoice()
        if let capture = group.capture {
            node = tree.add(.capture(node, index: capture))
            try checkHeight(node)
        }
        flags = group.flagsOutside
        group = outer
        group.items.append(node)
    }

    /// Ends the current alternative; the group's items are empty afterwards.
    mutating func closeSequence() -> SyntaxTree.ID {
        let items = group.items
        group.items = []
        return switch items.count {
        case 0: tree.add(.empty)
        case 1: items[0]
        default: tree.add(.sequence(items))
        }
    }

    /// Ends the current group's contents.
    mutating func closeChoice() throws(RegularExpressionError) -> SyntaxTree.ID {
        let last = closeSequence()
        let node = group.choices.isEmpty ? last : tree.add(.choice(group.choices + [last]))
        try checkHeight(node)
        return node
    }

    func checkHeight(_ node: SyntaxTree.ID) throws(RegularExpressionError) {
        guard tree.height(node) <= SyntaxTree.depthLimit else {
            throw RegularExpressionError(.nestingDepth, reader.text(from: 0))
        }
    }

    /// Parses what begins with `(?`: a named capture, flags, or a group without capture.
    mutating func parseSpecialGroup() throws(RegularExpressionError) {
        let start = reader.position
        let rest = reader.bytes.count - start
        if rest > 4, reader.starts(with: "(?P<") { return try parseNamedCapture(nameAt: start + 4) }
        if rest > 3, reader.starts(with: "(?<") { return try parseNamedCapture(nameAt: start + 3) }

        reader.position += 2
        var result = flags
        var clears = false
        var sawFlag = false
        scan: while let scalar = try reader.next() {
            let flag: Flags
            switch Unicode.Scalar(scalar) {
            case "i": flag = .ignoreCase
            case "m": flag = .multiline
            case "s": flag = .dotMatchesNewline
            case "U": flag = .ungreedy
            case "-":
                if clears { break scan }
                clears = true
                // At least one flag must follow.
                sawFlag = false
                continue
            case ":", ")":
                if clears, !sawFlag { break scan }
                if scalar == 0x3A { open(capture: false, name: nil) }
                flags = result
                return
            default: break scan
            }
            sawFlag = true
            if clears { result.remove(flag) } else { result.insert(flag) }
        }
        throw RegularExpressionError(.invalidPerlOperator, reader.text(from: start, to: reader.position))
    }

    private mutating func parseNamedCapture(nameAt nameStart: Int) throws(RegularExpressionError) {
        let start = reader.position
        guard let end = reader.index(of: UInt8(ascii: ">")) else {
            let text = try reader.checkedText(from: start, to: reader.bytes.count)
            throw RegularExpressionError(.invalidNamedCapture, text)
        }
        let name = try reader.checkedText(from: nameStart, to: end)
        guard !name.isEmpty, name.utf8.allSatisfy({ NamedSets.word.contains(UInt32($0)) }) else {
            throw RegularExpressionError(.invalidNamedCapture, reader.text(from: start, to: end + 1))
        }
        reader.position = end + 1
        open(capture: true, name: name)
    }
}
