// SPDX-License-Identifier: Apache-2.0

/// Which styles can hold a text: go-yaml v2's `yaml_emitter_analyze_scalar`, for block context.
struct ScalarShape {
    private(set) var hasNewline = false
    private(set) var allowsPlain = true
    private(set) var allowsSingleQuotes = true
    private(set) var allowsLiteral = true

    init(_ text: UnsafeBufferPointer<UInt8>) {
        guard !text.isEmpty else {
            allowsLiteral = false
            return
        }
        if isPlainWord(text) { return }
        var indicators = false
        var special = false
        var breakThenSpace = false
        var spaceThenBreak = false
        var previousSpace = false
        var previousBreak = false
        var afterBlank = true
        if text.count >= 3, text[0] == text[1], text[1] == text[2], text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: ".") {
            indicators = true
        }
        var index = 0
        while index < text.count {
            let byte = text[index]
            let width = scalarWidth(byte)
            let beforeBlank = index + width >= text.count || text[index + width] == 0x20 || text[index + width] == 0x09
            switch byte {
            case UInt8(ascii: "#"):
                if index == 0 || afterBlank { indicators = true }
            case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "&"),
                UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""),
                UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"):
                if index == 0 { indicators = true }
            case UInt8(ascii: "?"), UInt8(ascii: "-"):
                if index == 0, beforeBlank { indicators = true }
            case UInt8(ascii: ":"):
                if beforeBlank { indicators = true }
            default: break
            }
            if !isPrintable(text, index) { special = true }
            if byte == 0x20 {
                if index == 0 { allowsPlain = false }
                if index + 1 == text.count {
                    allowsPlain = false
                    allowsLiteral = false
                }
                if previousBreak { breakThenSpace = true }
                previousSpace = true
                previousBreak = false
            } else if isBreak(text, index) {
                // go-yaml writes the other line breaks raw, where its own reader folds them away: here they are escaped.
                if byte == UInt8(ascii: "\n") { hasNewline = true } else { special = true }
                allowsPlain = false
                if previousSpace { spaceThenBreak = true }
                previousSpace = false
                previousBreak = true
            } else {
                previousSpace = false
                previousBreak = false
            }
            afterBlank = byte == 0x20 || byte == 0x09 || isBreak(text, index)
            index += width
        }
        if breakThenSpace {
            allowsPlain = false
            allowsSingleQuotes = false
        }
        if spaceThenBreak || special {
            allowsPlain = false
            allowsSingleQuotes = false
            allowsLiteral = false
        }
        if indicators { allowsPlain = false }
    }

    /// Letters, digits and a few marks that mean nothing anywhere: most strings there are.
    private func isPlainWord(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "="):
                continue
            case UInt8(ascii: "."), UInt8(ascii: "-"):
                if index == 0 { return false }
            default: return false
            }
        }
        return true
    }
}

/// The bytes of the character that begins with `byte`.
func scalarWidth(_ byte: UInt8) -> Int { byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4 }

func isSpace(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool { index < text.count && text[index] == UInt8(ascii: " ") }

/// A line break to YAML 1.1: CR, LF, NEL, LS, PS.
func isBreak(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
    switch text[index] {
    case 0x0A, 0x0D: true
    case 0xC2: index + 1 < text.count && text[index + 1] == 0x85
    case 0xE2: index + 2 < text.count && text[index + 1] == 0x80 && (text[index + 2] == 0xA8 || text[index + 2] == 0xA9)
    default: false
    }
}

/// What go-yaml leaves unescaped: no tab, nothing beyond the basic plane, no byte order mark.
func isPrintable(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
    let byte = text[index]
    let next = index + 1 < text.count ? text[index + 1] : 0
    switch byte {
    case 0x0A, 0x20...0x7E: return true
    case 0xC2: return next >= 0xA0
    case 0xC3...0xEC, 0xEE: return true
    case 0xED: return next < 0xA0
    case 0xEF:
        let last = index + 2 < text.count ? text[index + 2] : 0
        return !(next == 0xBB && last == 0xBF) && !(next == 0xBF && last >= 0xBE)
    default: return false
    }
}
