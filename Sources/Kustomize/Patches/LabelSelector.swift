// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A label selector in Kubernetes' notation, as `kubectl get --selector` takes it: `app=web,tier in (a,b),!legacy,size>3`.
///
/// All requirements must hold; the empty selector selects everything. The grammar is that of apimachinery's `labels.Parse`, what it
/// refuses included.
struct LabelSelector: Sendable, Hashable {
    /// Why a text is no selector.
    struct Malformed: Error, Hashable {
        let message: String
    }

    enum Operator: Sendable, Hashable {
        case isIn, isNotIn, exists, doesNotExist
        case greater(than: Int64)
        case less(than: Int64)
    }

    struct Requirement: Sendable, Hashable {
        let key: String
        let `operator`: Operator
        /// Those of `isIn` and `isNotIn`.
        let values: Set<String>

        func matches(_ labels: Map?) -> Bool {
            let found = labels?[key]
            // Texts are compared as written in YAML; a number there counts as its digits.
            let text = found.map { $0.scalarText ?? "" }
            return switch `operator` {
            case .isIn: text.map(values.contains) ?? false
            case .isNotIn: !(text.map(values.contains) ?? false)
            case .exists: found != nil
            case .doesNotExist: found == nil
            case .greater(let bound): text.flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .less(let bound): text.flatMap { Int64($0) }.map { $0 < bound } ?? false
            }
        }
    }

    let requirements: [Requirement]

    init(_ text: String) throws(Malformed) {
        var parser = Parser(tokens: Self.tokens(text))
        requirements = try parser.requirements()
    }

    /// - Parameter labels: those of an object; `nil` where it has none.
    func matches(_ labels: Map?) -> Bool { requirements.allSatisfy { $0.matches(labels) } }

    // MARK: - Reading

    private enum Token: Hashable {
        case end
        case symbol(String)
        case word(String)

        var text: String {
            switch self {
            case .end: "the end"
            case .symbol(let text), .word(let text): "'\(text)'"
            }
        }

        var isWord: Bool { if case .word = self { true } else { false } }
    }

    private static func tokens(_ text: String) -> [Token] {
        var tokens: [Token] = []
        var bytes = Array(text.utf8)[...]
        let symbols = Array("=!(),><".utf8)
        let blanks = Array(" \t\r\n".utf8)
        while let first = bytes.first, first != 0 {
            if blanks.contains(first) {
                bytes.removeFirst()
            } else if symbols.contains(first) {
                bytes.removeFirst()
                // `==` and `!=` are the only ones of two letters.
                let isDouble = bytes.first == UInt8(ascii: "=") && (first == UInt8(ascii: "=") || first == UInt8(ascii: "!"))
                if isDouble { bytes.removeFirst() }
                tokens.append(.symbol(String(decoding: isDouble ? [first, UInt8(ascii: "=")] : [first], as: UTF8.self)))
            } else {
                let word = bytes.prefix { !blanks.contains($0) && !symbols.contains($0) && $0 != 0 }
                bytes = bytes.dropFirst(word.count)
                tokens.append(.word(String(decoding: word, as: UTF8.self)))
            }
        }
        return tokens
    }

    private struct Parser {
        let tokens: [Token]
        var position = 0

        init(tokens: [Token]) { self.tokens = tokens }

        var next: Token { position < tokens.count ? tokens[position] : .end }

        mutating func take() -> Token {
            defer { position += 1 }
            return next
        }

        mutating func take(_ symbol: String) -> Bool {
            guard next == .symbol(symbol) else { return false }
            position += 1
            return true
        }

        func expected(_ what: String) -> Malformed { Malformed(message: "found \(next.text) where \(what) should be") }

        mutating func requirements() throws(Malformed) -> [Requirement] {
            var result: [Requirement] = []
            if next == .end { return result }
            repeat { result.append(try requirement()) } while take(",")
            guard next == .end else { throw expected("',' or the end") }
            return result
        }

        private mutating func requirement() throws(Malformed) -> Requirement {
            let negated = take("!")
            guard case .word(let key) = next else { throw expected("a label's name") }
            position += 1
            try LabelSyntax.check(key: key)
            if negated { return Requirement(key: key, operator: .doesNotExist, values: []) }
            switch next {
            case .end, .symbol(","): return Requirement(key: key, operator: .exists, values: [])
            case .word("in"):
                position += 1
                return Requirement(key: key, operator: .isIn, values: try set())
            case .word("notin"):
                position += 1
                return Requirement(key: key, operator: .isNotIn, values: try set())
            case .symbol("="), .symbol("=="):
                position += 1
                return Requirement(key: key, operator: .isIn, values: [try value()])
            case .symbol("!="):
                position += 1
                return Requirement(key: key, operator: .isNotIn, values: [try value()])
            case .symbol(">"):
                position += 1
                return Requirement(key: key, operator: .greater(than: try bound()), values: [])
            case .symbol("<"):
                position += 1
                return Requirement(key: key, operator: .less(than: try bound()), values: [])
            case .word, .symbol: throw expected("one of = == != in notin > <")
            }
        }

        private mutating func value() throws(Malformed) -> String {
            if next == .end || next == .symbol(",") { return "" }
            guard case .word(let text) = next else { throw expected("a value") }
            position += 1
            try LabelSyntax.check(value: text)
            return text
        }

        private mutating func bound() throws(Malformed) -> Int64 {
            let text = try value()
            guard let bound = Int64(text) else { throw Malformed(message: "'\(text)' is no integer to compare with") }
            return bound
        }

        /// `(a,b)`; an empty place between commas or parentheses is the empty text.
        private mutating func set() throws(Malformed) -> Set<String> {
            guard take("(") else { throw expected("'('") }
            var values: Set<String> = []
            repeat {
                if case .word(let text) = next {
                    position += 1
                    try LabelSyntax.check(value: text)
                    values.insert(text)
                } else {
                    values.insert("")
                }
            } while take(",")
            guard take(")") else { throw expected("',' or ')'") }
            return values
        }
    }
}

/// What Kubernetes accepts as a label's name and value.
private enum LabelSyntax {
    static func check(key: String) throws(LabelSelector.Malformed) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        let name = parts.last ?? ""
        guard parts.count <= 2, isName(name), name.utf8.count <= 63, parts.count == 1 || isSubdomain(parts[0]) else {
            throw LabelSelector.Malformed(
                message: "'\(key)' is no label's name: letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, "
                    + "with an optional domain and '/' before it")
        }
    }

    static func check(value: String) throws(LabelSelector.Malformed) {
        guard value.isEmpty || (isName(value[...]) && value.utf8.count <= 63) else {
            throw LabelSelector.Malformed(
                message:
                    "'\(value)' is no label's value: at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"
            )
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: false
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    }

    private static func isSubdomain(_ text: Substring) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, let last = part.utf8.last else { return false }
            let lower: (UInt8) -> Bool = { isAlphanumeric($0) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            return lower(first) && lower(last) && part.utf8.allSatisfy { lower($0) || $0 == UInt8(ascii: "-") }
        }
    }
}
