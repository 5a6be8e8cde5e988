// SPDX-License-Identifier: Apache-2.0

/// A recursive-descent reader over bytes that its creator keeps alive.
struct JSONReader {
    private let buffer: UnsafeBufferPointer<UInt8>
    private let base: UnsafeRawPointer
    private let end: Int
    private let depthMax: Int
    private var position = 0
    private var depth = 0
    /// The bits of the bytes that `skipPlain` passed, and of a few behind: no high bit means ASCII.
    private var passed: UInt64 = 0

    init(_ buffer: UnsafeBufferPointer<UInt8>, depthMax: Int) {
        self.buffer = buffer
        base = buffer.baseAddress.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        end = buffer.count
        self.depthMax = depthMax
    }

    mutating func readDocument() throws(DocumentError) -> Value {
        skipSpace()
        let value = try readValue()
        skipSpace()
        guard position == end else { throw unexpected("the end") }
        return value
    }

    private mutating func readValue() throws(DocumentError) -> Value {
        guard let next = peek() else { throw unexpected("a value") }
        switch next {
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "{"): return try readMap()
        case UInt8(ascii: "["): return try readList()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: throw unexpected("a value")
        }
    }

    private mutating func readList() throws(DocumentError) -> Value {
        try enter()
        var items: [Value] = []
        if !consume(UInt8(ascii: "]")) {
            while true {
                items.append(try readValue())
                skipSpace()
                if consume(UInt8(ascii: ",")) {
                    skipSpace()
                } else if consume(UInt8(ascii: "]")) {
                    break
                } else {
                    throw unexpected("',' or ']'")
                }
            }
        }
        depth -= 1
        return .list(items)
    }

    private mutating func readMap() throws(DocumentError) -> Value {
        try enter()
        var entries: [Map.Entry] = []
        if !consume(UInt8(ascii: "}")) {
            var seen = SeenKeys()
            while true {
                guard peek() == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
                let start = position
                let key = try readString()
                guard seen.insert(key, among: entries) else {
                    throw error("duplicate-key", "key '\(key)' is there twice", at: start)
                }
                skipSpace()
                guard consume(UInt8(ascii: ":")) else { throw unexpected("':'") }
                skipSpace()
                entries.append(Map.Entry(key: key, value: try readValue()))
                skipSpace()
                if consume(UInt8(ascii: ",")) {
                    skipSpace()
                } else if consume(UInt8(ascii: "}")) {
                    break
                } else {
                    throw unexpected("',' or '}'")
                }
            }
        }
        depth -= 1
        return .map(Map(unique: entries))
    }

    /// Takes the opening bracket and the space behind it.
    private mutating func enter() throws(DocumentError) {
        depth += 1
        guard depth <= depthMax else { throw error("too-deep", "nested deeper than the limit of \(depthMax)", at: position) }
        position += 1
        skipSpace()
    }

    // MARK: Numbers

    private mutating func readNumber() throws(DocumentError) -> Value {
        let start = position
        let negative = consume(UInt8(ascii: "-"))
        let digits = position
        var magnitude: UInt64 = 0
        var fits = true
        while let digit = peekDigit() {
            let (product, overflowed) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
            if overflowed || carried { fits = false }
            magnitude = sum
            position += 1
        }
        guard position > digits else { throw unexpected("a digit") }
        if byte(digits) == UInt8(ascii: "0"), position - digits > 1 {
            throw error("syntax", "a number must not begin with 0", at: start)
        }
        var isInteger = true
        if consume(UInt8(ascii: ".")) {
            isInteger = false
            try skipDigits()
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        if isInteger, fits {
            if !negative, magnitude <= UInt64(Int64.max) { return .int(Int64(magnitude)) }
            if negative, magnitude <= UInt64(Int64.max) + 1 { return .int(Int64(truncatingIfNeeded: 0 &- magnitude)) }
        }
        return .decimal(Decimal(json: String(decoding: buffer[start..<position], as: UTF8.self)))
    }

    private mutating func skipDigits() throws(DocumentError) {
        guard peekDigit() != nil else { throw unexpected("a digit") }
        while peekDigit() != nil { position += 1 }
    }

    // MARK: Strings

    private mutating func readString() throws(DocumentError) -> String {
        position += 1
        let start = position
        passed = 0
        skipPlain()
        if peek() == UInt8(ascii: "\"") {
            let text = try makeString(start, position)
            position += 1
            return text
        }
        return try readEscapedString(start)
    }

    /// Moves to the next quote, backslash or control character, eight bytes at a time.
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position + 8 <= end {
            let word = base.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            passed |= word
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            // A byte's high bit is set in `found` where the byte is 0 in `quotes` or `slashes`, or below 0x20 in `word`. Borrows may
            // set bits above a true match only, so the first one is right.
            let found =
                (((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | ((word &- (ones &* 0x20)) & ~word)) & highs
            if found != 0 {
                position += UInt64(littleEndian: found).trailingZeroBitCount / 8
                return
            }
            position += 8
        }
        while position < end {
            let next = byte(position)
            if next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") || next < 0x20 { return }
            passed |= UInt64(next)
            position += 1
        }
    }

    private func makeString(_ start: Int, _ stop: Int) throws(DocumentError) -> String {
        let bytes = UnsafeBufferPointer(rebasing: buffer[start..<stop])
        if passed & 0x8080_8080_8080_8080 == 0 { return String(decoding: bytes, as: UTF8.self) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw error("invalid-utf8", "a string is not valid UTF-8", at: start)
        }
        return text
    }

    private mutating func readEscapedString(_ start: Int) throws(DocumentError) -> String {
        var bytes: [UInt8] = []
        var plain = start
        while true {
            bytes.append(contentsOf: buffer[plain..<position])
            switch peek() {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw error("invalid-utf8", "a string is not valid UTF-8", at: start)
                }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try readEscape(into: &bytes)
            case nil: throw error("syntax", "a string has no closing quote", at: start - 1)
            default: throw error("syntax", "a control character in a string must be escaped", at: position)
            }
            plain = position
            skipPlain()
        }
    }

    private mutating func readEscape(into bytes: inout [UInt8]) throws(DocumentError) {
        let start = position - 1
        guard let escape = peek() else { throw unexpected("an escape") }
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            var code = try readHex()
            if code & 0xFC00 == 0xD800, peek() == UInt8(ascii: "\\"), position + 1 < end, byte(position + 1) == UInt8(ascii: "u") {
                position += 2
                let low = try readHex()
                guard low & 0xFC00 == 0xDC00 else { throw error("syntax", "half a surrogate pair", at: start) }
                code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("syntax", "half a surrogate pair", at: start) }
            bytes.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)  // a scalar always has an encoding
        default: throw error("syntax", "unknown escape", at: start)
        }
    }

    private mutating func readHex() throws(DocumentError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = peek().flatMap(hexDigit) else { throw unexpected("four hexadecimal digits") }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    // MARK: Bytes

    private func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    private func peek() -> UInt8? { position < end ? byte(position) : nil }

    private func peekDigit() -> UInt8? {
        guard position < end else { return nil }
        let digit = byte(position) &- UInt8(ascii: "0")
        return digit < 10 ? digit : nil
    }

    private mutating func consume(_ expected: UInt8) -> Bool {
        guard position < end, byte(position) == expected else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ word: StaticString) throws(DocumentError) {
        let start = position
        for index in 0..<word.utf8CodeUnitCount where !consume(word.utf8Start[index]) {
            position = start
            throw unexpected("a value")
        }
    }

    private mutating func skipSpace() {
        while position < end {
            switch byte(position) {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    // MARK: Errors

    private func unexpected(_ wanted: String) -> DocumentError {
        guard position < end else { return error("syntax", "the text ends where \(wanted) is expected", at: end) }
        let next = byte(position)
        let shown = (0x21..<0x7F).contains(next) ? "'\(Character(Unicode.Scalar(next)))'" : "byte \(next)"
        return error("syntax", "\(shown) where \(wanted) is expected", at: position)
    }

    private func error(_ code: String, _ message: String, at offset: Int) -> DocumentError {
        let mark = SourceMark(offset: offset, in: buffer)
        return DocumentError(code: code, message: message, line: mark.line, column: mark.column)
    }
}

/// The value of a hexadecimal digit's ASCII code.
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// Finds duplicate keys while a map grows: by comparing while it is small, by hashing when it is not.
struct SeenKeys {
    private var keys: Set<String> = []

    /// False where `key` is one of `entries` already. Call it once for every entry, in order.
    mutating func insert(_ key: String, among entries: [Map.Entry]) -> Bool {
        if entries.count < 12 { return !entries.contains { $0.key == key } }
        if keys.isEmpty { keys = Set(entries.lazy.map(\.key)) }
        return keys.insert(key).inserted
    }
}
