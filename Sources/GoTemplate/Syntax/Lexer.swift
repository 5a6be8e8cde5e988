// SPDX-License-Identifier: Apache-2.0

/// Cuts a template's text into tokens, with the rules of Go's text/template.
struct Lexer {
    private let input: [UInt8]
    private var start = 0
    private var position = 0
    private var line = 1
    private var startLine = 1
    private var isInsideAction = false
    private var parenthesisDepth = 0
    private var failed: Token?
    /// Why the token of an error is one.
    private(set) var failure = ""

    private static let keywords: [String: Token.Kind] = [
        ".": .dot, "block": .block, "break": .break, "continue": .continue, "define": .define, "else": .else, "end": .endKeyword,
        "if": .if, "range": .range, "nil": .nil, "template": .template, "with": .with,
    ]

    init(_ input: [UInt8]) { self.input = input }

    mutating func next() -> Token {
        if let failed { return Token(kind: .end, position: failed.position, end: failed.position, line: failed.line) }
        return isInsideAction ? insideAction() : text()
    }

    /// The bytes of a token.
    func bytes(_ token: Token) -> ArraySlice<UInt8> { input[token.position..<token.end] }

    /// The text of a token; of an error the message.
    func text(_ token: Token) -> String {
        if token.kind == .error { return failure }
        return String(validating: bytes(token), as: UTF8.self) ?? UTF8Bytes.repaired(Array(bytes(token)))
    }

    /// A token as errors show it.
    func shown(_ token: Token) -> String {
        if token.kind == .end { return "EOF" }
        let text = text(token)
        if token.kind == .error { return text }
        if token.kind.isKeyword { return "<\(text)>" }
        if text.utf8.count > 10 { return Quoting.quote(String(String.UnicodeScalarView(text.unicodeScalars.prefix(10)))) + "..." }
        return Quoting.quote(text)
    }

    // MARK: Moving

    private func has(_ text: StaticString, at index: Int) -> Bool {
        guard index + text.utf8CodeUnitCount <= input.count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where input[index + offset] != text.utf8Start[offset] { return false }
        return true
    }

    private func byte(_ index: Int) -> UInt8? { index < input.count ? input[index] : nil }

    private mutating func emit(_ kind: Token.Kind) -> Token {
        let token = Token(kind: kind, position: start, end: position, line: startLine)
        start = position
        startLine = line
        return token
    }

    private mutating func ignore() {
        line += newlines(start, position)
        start = position
        startLine = line
    }

    private func newlines(_ from: Int, _ to: Int) -> Int {
        var count = 0
        for index in from..<to where input[index] == UInt8(ascii: "\n") { count += 1 }
        return count
    }

    private mutating func fail(_ message: String) -> Token {
        let token = Token(kind: .error, position: start, end: start, line: startLine)
        failure = message
        failed = token
        return token
    }

    // MARK: Outside of actions

    private mutating func text() -> Token {
        var index = position
        let end = input.count
        input.withUnsafeBufferPointer { buffer in
            while index + 1 < end, !(buffer[index] == UInt8(ascii: "{") && buffer[index + 1] == UInt8(ascii: "{")) { index += 1 }
        }
        guard index + 1 < end else {
            position = end
            if position > start {
                line += newlines(start, position)
                return emit(.text)
            }
            return emit(.end)
        }
        if index > position {
            position = index
            var trimmed = 0
            if hasLeftTrimMarker(index + 2) {
                while position - trimmed > start, Self.isSpace(input[position - trimmed - 1]) { trimmed += 1 }
            }
            position -= trimmed
            line += newlines(start, position)
            let token = emit(.text)
            position += trimmed
            ignore()
            if token.end > token.position { return token }
        }
        return leftDelimiter()
    }

    private func hasLeftTrimMarker(_ index: Int) -> Bool {
        byte(index) == UInt8(ascii: "-") && byte(index + 1).map(Self.isSpace) == true
    }

    private func hasRightTrimMarker(_ index: Int) -> Bool {
        byte(index).map(Self.isSpace) == true && byte(index + 1) == UInt8(ascii: "-")
    }

    private mutating func leftDelimiter() -> Token {
        position += 2
        let afterMarker = hasLeftTrimMarker(position) ? 2 : 0
        if has("/*", at: position + afterMarker) {
            position += afterMarker
            ignore()
            return comment()
        }
        let token = emit(.leftDelimiter)
        isInsideAction = true
        position += afterMarker
        ignore()
        parenthesisDepth = 0
        return token
    }

    private mutating func comment() -> Token {
        position += 2
        var index = position
        while index + 1 < input.count, !(input[index] == UInt8(ascii: "*") && input[index + 1] == UInt8(ascii: "/")) { index += 1 }
        guard index + 1 < input.count else { return fail("unclosed comment") }
        position = index + 2
        guard let trims = rightDelimiterHere else { return fail("comment ends before closing delimiter") }
        position += trims ? 4 : 2
        if trims { while let byte = byte(position), Self.isSpace(byte) { position += 1 } }
        ignore()
        return text()
    }

    /// Whether a right delimiter that trims begins here; `nil` where none begins.
    private var rightDelimiterHere: Bool? {
        if hasRightTrimMarker(position), has("}}", at: position + 2) { return true }
        return has("}}", at: position) ? false : nil
    }

    // MARK: Inside of actions

    private mutating func rightDelimiter(trims: Bool) -> Token {
        if trims {
            position += 2
            ignore()
        }
        position += 2
        let token = emit(.rightDelimiter)
        if trims {
            while let byte = byte(position), Self.isSpace(byte) { position += 1 }
            ignore()
        }
        isInsideAction = false
        return token
    }

    private mutating func insideAction() -> Token {
        if let trims = rightDelimiterHere {
            return parenthesisDepth == 0 ? rightDelimiter(trims: trims) : fail("unclosed left paren")
        }
        guard let first = byte(position) else { return fail("unclosed action") }
        switch first {
        case _ where Self.isSpace(first): return space()
        case UInt8(ascii: "="):
            position += 1
            return emit(.assign)
        case UInt8(ascii: ":"):
            guard byte(position + 1) == UInt8(ascii: "=") else { return fail("expected :=") }
            position += 2
            return emit(.declare)
        case UInt8(ascii: "|"):
            position += 1
            return emit(.pipe)
        case UInt8(ascii: "\""): return quoted(UInt8(ascii: "\""), .string, "unterminated quoted string")
        case UInt8(ascii: "'"): return quoted(UInt8(ascii: "'"), .charConstant, "unterminated character constant")
        case UInt8(ascii: "`"): return rawQuoted()
        case UInt8(ascii: "$"):
            position += 1
            return fieldOrVariable(.variable)
        case UInt8(ascii: "."):
            if let next = byte(position + 1), !Self.isDigit(next) {
                position += 1
                return fieldOrVariable(.field)
            }
            return number()
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        case UInt8(ascii: "("):
            position += 1
            parenthesisDepth += 1
            return emit(.leftParenthesis)
        case UInt8(ascii: ")"):
            position += 1
            parenthesisDepth -= 1
            return parenthesisDepth < 0 ? fail("unexpected right paren") : emit(.rightParenthesis)
        default: break
        }
        let (scalar, width) = decode(position)
        if Self.isAlphanumeric(scalar) { return identifier() }
        position += width
        if first >= 0x21, first <= 0x7E { return emit(.char) }
        return fail("unrecognized character in action: \(Self.shown(scalar))")
    }

    private mutating func space() -> Token {
        var count = 0
        while let byte = byte(position), Self.isSpace(byte) {
            position += 1
            count += 1
        }
        // The last blank may belong to a delimiter that trims.
        if hasRightTrimMarker(position - 1), has("}}", at: position + 1) {
            position -= 1
            if count == 1 { return rightDelimiter(trims: true) }
        }
        line += newlines(start, position)
        return emit(.space)
    }

    private mutating func identifier() -> Token {
        skipAlphanumerics()
        guard isAtTerminator else { return fail("bad character \(badCharacter)") }
        let word = String(decoding: input[start..<position], as: UTF8.self)
        if let keyword = Self.keywords[word] { return emit(keyword) }
        return emit(word == "true" || word == "false" ? .bool : .identifier)
    }

    /// The point or dollar sign is past.
    private mutating func fieldOrVariable(_ kind: Token.Kind) -> Token {
        if isAtTerminator { return emit(kind == .variable ? .variable : .dot) }
        skipAlphanumerics()
        guard isAtTerminator else { return fail("bad character \(badCharacter)") }
        return emit(kind)
    }

    private var badCharacter: String { position < input.count ? Self.shown(decode(position).scalar) : "U+FFFFFFFFFFFFFFFF" }

    private mutating func skipAlphanumerics() {
        while position < input.count {
            let byte = input[position]
            if byte < 0x80 {
                guard Self.isAlphanumeric(byte) else { return }
                position += 1
                continue
            }
            let (scalar, width) = decode(position)
            guard Self.isAlphanumeric(scalar) else { return }
            position += width
        }
    }

    private var isAtTerminator: Bool {
        guard let byte = byte(position) else { return true }
        if Self.isSpace(byte) { return true }
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: "|"), UInt8(ascii: ":"), UInt8(ascii: ")"), UInt8(ascii: "("): return true
        default: return has("}}", at: position)
        }
    }

    private mutating func quoted(_ quote: UInt8, _ kind: Token.Kind, _ unterminated: String) -> Token {
        position += 1
        while let byte = byte(position) {
            position += 1
            if byte == quote { return emit(kind) }
            if byte == UInt8(ascii: "\\") {
                guard let next = self.byte(position), next != UInt8(ascii: "\n") else { return fail(unterminated) }
                position += 1
            } else if byte == UInt8(ascii: "\n") {
                return fail(unterminated)
            }
        }
        return fail(unterminated)
    }

    private mutating func rawQuoted() -> Token {
        position += 1
        while let byte = byte(position) {
            position += 1
            if byte == UInt8(ascii: "`") {
                line += newlines(start, position)
                return emit(.rawString)
            }
        }
        return fail("unterminated raw quoted string")
    }

    private mutating func number() -> Token {
        let isComplete = scanNumber()
        guard isComplete else {
            return fail("bad number syntax: \(Quoting.quote(String(decoding: input[start..<position], as: UTF8.self)))")
        }
        if byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") {
            guard scanNumber(), input[position - 1] == UInt8(ascii: "i") else {
                return fail("bad number syntax: \(Quoting.quote(String(decoding: input[start..<position], as: UTF8.self)))")
            }
            return emit(.complex)
        }
        return emit(.number)
    }

    private mutating func scanNumber() -> Bool {
        func accepts(_ set: String, _ byte: UInt8?) -> Bool { byte.map { set.utf8.contains($0) } ?? false }
        if accepts("+-", byte(position)) { position += 1 }
        var digits = "0123456789_"
        if byte(position) == UInt8(ascii: "0") {
            position += 1
            if accepts("xX", byte(position)) {
                position += 1
                digits = "0123456789abcdefABCDEF_"
            } else if accepts("oO", byte(position)) {
                position += 1
                digits = "01234567_"
            } else if accepts("bB", byte(position)) {
                position += 1
                digits = "01_"
            }
        }
        while accepts(digits, byte(position)) { position += 1 }
        if byte(position) == UInt8(ascii: ".") {
            position += 1
            while accepts(digits, byte(position)) { position += 1 }
        }
        let isDecimal = digits.utf8.count == 11
        if (isDecimal && accepts("eE", byte(position))) || (digits.utf8.count == 23 && accepts("pP", byte(position))) {
            position += 1
            if accepts("+-", byte(position)) { position += 1 }
            while accepts("0123456789_", byte(position)) { position += 1 }
        }
        if byte(position) == UInt8(ascii: "i") { position += 1 }
        if position < input.count {
            let (scalar, width) = decode(position)
            if Self.isAlphanumeric(scalar) {
                position += width
                return false
            }
        }
        return true
    }

    // MARK: Characters

    private func decode(_ index: Int) -> (scalar: Unicode.Scalar, width: Int) {
        input.withUnsafeBufferPointer { UTF8Bytes.decode($0, index) }
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return isAlphanumeric(UInt8(scalar.value)) }
        return Characters.isLetter(scalar) || scalar.properties.generalCategory == .decimalNumber
    }

    /// `%#U`: the code point and the character.
    private static func shown(_ scalar: Unicode.Scalar) -> String {
        let code = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code + (Characters.isPrintable(scalar) ? " '\(scalar)'" : "")
    }
}
