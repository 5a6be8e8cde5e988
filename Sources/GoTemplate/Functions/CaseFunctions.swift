// SPDX-License-Identifier: Apache-2.0

/// Functions that change letters from small to large, or words from one style to another.
enum CaseFunctions {
    static let functions: [Function] = [
        Function("upper", [.string], .one { _, text in mapped(text, ascii: upper, Characters.upper) }),
        Function("lower", [.string], .one { _, text in mapped(text, ascii: lower, Characters.lower) }),
        Function("title", [.string], .one { _, text in title(text) }),
        Function("untitle", [.string], .one { _, text in untitle(text) }),
        Function("swapcase", [.string], .one { _, text in swapCase(text) }),
        Function("snakecase", [.string], .one { _, text in WordCase.lowered(text, connector: "_") }),
        Function("kebabcase", [.string], .one { _, text in WordCase.lowered(text, connector: "-") }),
        Function("camelcase", [.string], .one { _, text in WordCase.pascal(text) }),
    ]

    private static func upper(_ byte: UInt8) -> UInt8 { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte - 32 : byte }
    private static func lower(_ byte: UInt8) -> UInt8 { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte + 32 : byte }

    private static func mapped(
        _ text: Datum, ascii: (UInt8) -> UInt8, _ map: (Unicode.Scalar) -> Unicode.Scalar
    ) -> Datum {
        let bytes = text.stringBytes ?? []
        if bytes.allSatisfy({ $0 < 0x80 }) { return .text(bytes.map(ascii)) }
        return from(UTF8Bytes.scalars(bytes).map { map($0.scalar) })
    }

    static func from(_ scalars: [Unicode.Scalar]) -> Datum {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return .string(String(view))
    }

    static func scalars(_ text: Datum) -> [Unicode.Scalar] { UTF8Bytes.scalars(text.stringBytes ?? []).map(\.scalar) }

    /// `strings.Title`: the first letter of each word, where everything but letters, digits and `_` may separate words.
    private static func title(_ text: Datum) -> Datum {
        var previous: Unicode.Scalar = " "
        return from(
            scalars(text).map { scalar in
                defer { previous = scalar }
                return isSeparator(previous) ? Characters.title(scalar) : scalar
            })
    }

    private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 {
            switch scalar {
            case "0"..."9", "a"..."z", "A"..."Z", "_": return false
            default: return true
            }
        }
        if Characters.isLetter(scalar) || scalar.properties.generalCategory == .decimalNumber { return false }
        return Characters.isSpace(scalar)
    }

    private static func untitle(_ text: Datum) -> Datum {
        var isFirst = true
        return from(
            scalars(text).map { scalar in
                if Characters.isSpace(scalar) {
                    isFirst = true
                } else if isFirst {
                    isFirst = false
                    return Characters.lower(scalar)
                }
                return scalar
            })
    }

    private static func swapCase(_ text: Datum) -> Datum {
        var isAfterSpace = true
        return from(
            scalars(text).map { scalar in
                if Characters.isUpper(scalar) || Characters.isTitle(scalar) {
                    isAfterSpace = false
                    return Characters.lower(scalar)
                }
                if Characters.isLower(scalar) {
                    defer { isAfterSpace = false }
                    return isAfterSpace ? Characters.title(scalar) : Characters.upper(scalar)
                }
                isAfterSpace = Characters.isSpace(scalar)
                return scalar
            })
    }
}

/// Words run together, cut apart: the rules of the library behind Sprig's `snakecase`, `kebabcase` and `camelcase`.
enum WordCase {
    private enum Kind {
        case invalid, number, upper, alphabet, connector, punctuation, other
    }

    private static func isConnector(_ scalar: Unicode.Scalar) -> Bool { scalar == "-" || scalar == "_" || Characters.isSpace(scalar) }

    /// A letter that is written in either case.
    private static func isAlphabet(_ scalar: Unicode.Scalar) -> Bool {
        guard Characters.isLetter(scalar) else { return false }
        switch scalar.value {
        case 0x4E00...0x9FCC, 0x3400...0x4D85, 0x20000...0x2B81D: return false
        default: return true
        }
    }

    private static func nextWord(_ text: ArraySlice<Unicode.Scalar>) -> (
        kind: Kind, word: ArraySlice<Unicode.Scalar>, rest: ArraySlice<Unicode.Scalar>
    ) {
        guard let first = text.first else { return (.invalid, [], []) }
        func take(_ kind: Kind, _ isInside: (Unicode.Scalar) -> Bool) -> (Kind, ArraySlice<Unicode.Scalar>, ArraySlice<Unicode.Scalar>) {
            let end = text.dropFirst().firstIndex { !isInside($0) } ?? text.endIndex
            return (kind, text[..<end], text[end...])
        }
        if isConnector(first) { return take(.connector, isConnector) }
        if Characters.isPunctuation(first) { return take(.punctuation, Characters.isPunctuation) }
        if Characters.isUpper(first) {
            guard let second = text.dropFirst().first else { return (.upper, text, []) }
            if Characters.isUpper(second) {
                var end = text.dropFirst(2).firstIndex { !Characters.isUpper($0) } ?? text.endIndex
                // Of `HTTPStatus` the last large letter belongs to the next word.
                if end < text.endIndex, isAlphabet(text[end]) { end -= 1 }
                return (.upper, text[..<end], text[end...])
            }
            if isAlphabet(second) { return take(.upper) { isAlphabet($0) && !Characters.isUpper($0) } }
            return (.upper, text[...text.startIndex], text.dropFirst())
        }
        if isAlphabet(first) { return take(.alphabet) { isAlphabet($0) && !Characters.isUpper($0) } }
        if Characters.isNumber(first) { return take(.number, Characters.isNumber) }
        return take(.other) {
            !(isConnector($0) || isAlphabet($0) || Characters.isNumber($0) || Characters.isPunctuation($0))
        }
    }

    static func lowered(_ text: Datum, connector: Unicode.Scalar) -> Datum {
        var result: [Unicode.Scalar] = []
        func write(_ kind: Kind, _ word: ArraySlice<Unicode.Scalar>) {
            guard kind == .upper || kind == .connector else { return result.append(contentsOf: word) }
            for scalar in word {
                result.append(isConnector(scalar) ? connector : Characters.isUpper(scalar) ? Characters.lower(scalar) : scalar)
            }
        }
        let scalars = CaseFunctions.scalars(text)
        guard !scalars.isEmpty else { return .string("") }
        var (kind, word, rest) = nextWord(scalars[...])
        while !rest.isEmpty {
            if kind != .connector { write(kind, word) }
            let previous = (kind, word)
            (kind, word, rest) = nextWord(rest)
            switch previous.0 {
            case .number:
                while kind == .alphabet || kind == .number {
                    write(kind, word)
                    (kind, word, rest) = nextWord(rest)
                }
                if kind != .invalid, kind != .punctuation, kind != .connector { result.append(connector) }
            case .connector: write(previous.0, previous.1)
            case .punctuation: break
            case .invalid, .upper, .alphabet, .other:
                if kind != .number {
                    if kind != .connector, kind != .punctuation { result.append(connector) }
                    continue
                }
                if rest.isEmpty { continue }
                let number = word
                (kind, word, rest) = nextWord(rest)
                if kind != .alphabet {
                    // A number belongs to the word before it, but not where small letters follow.
                    write(.number, number)
                    if kind != .connector, kind != .punctuation { result.append(connector) }
                    continue
                }
                result.append(connector)
                write(.number, number)
                while kind == .alphabet || kind == .number {
                    write(kind, word)
                    (kind, word, rest) = nextWord(rest)
                }
                if kind != .invalid, kind != .connector, kind != .punctuation { result.append(connector) }
            }
        }
        write(kind, word)
        return CaseFunctions.from(result)
    }

    static func pascal(_ text: Datum) -> Datum {
        var rest = CaseFunctions.scalars(text)[...]
        var result: [Unicode.Scalar] = []
        var current: Unicode.Scalar?
        var isLarge = false
        while let scalar = rest.popFirst() {
            current = scalar
            if !isConnector(scalar) {
                isLarge = Characters.isUpper(scalar)
                current = Characters.upper(scalar)
                break
            }
            if !rest.isEmpty { result.append(scalar) }
        }
        guard var last = current else { return .string("") }
        while let scalar = rest.popFirst() {
            let previous = last
            last = scalar
            if isConnector(last), isConnector(previous) {
                result.append(previous)
            } else if isConnector(previous) {
                isLarge = Characters.isUpper(last)
                last = Characters.upper(last)
            } else {
                // Of a word in large letters only the first stays large.
                if isLarge { if Characters.isUpper(last) { last = Characters.lower(last) } else { isLarge = false } }
                result.append(previous)
            }
        }
        return CaseFunctions.from(result + [last])
    }
}
