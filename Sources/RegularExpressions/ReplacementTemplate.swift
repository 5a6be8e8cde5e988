// SPDX-License-Identifier: Apache-2.0

/// A replacement that was read once: literal text and captures in order.
struct ReplacementTemplate {
    private enum Part {
        case literal([UInt8])
        /// The first of these captures that took part in the match.
        case capture([Int])
    }

    private var parts: [Part] = []

    init(_ template: String, names: [String?]) {
        // Scalar by scalar: a combining mark behind a dollar sign does not make it another sign.
        var rest = template.unicodeScalars[...]
        var literal = String.UnicodeScalarView()
        while let dollar = rest.firstIndex(of: "$") {
            literal.append(contentsOf: rest[..<dollar])
            rest = rest[dollar...].dropFirst()
            if rest.first == "$" {
                literal.append("$")
                rest.removeFirst()
            } else if let name = Self.takeName(&rest) {
                parts.append(.literal(Array(String(literal).utf8)))
                literal = String.UnicodeScalarView()
                parts.append(.capture(Self.number(name).map { [$0] } ?? names.indices.filter { names[$0] == name }))
            } else {
                literal.append("$")
            }
        }
        literal.append(contentsOf: rest)
        parts.append(.literal(Array(String(literal).utf8)))
    }

    func append(_ match: Match, _ bytes: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]) {
        for part in parts {
            switch part {
            case .literal(let text): result.append(contentsOf: text)
            case .capture(let indices):
                if let range = indices.lazy.compactMap({ match[$0] }).first { result.append(contentsOf: bytes[range]) }
            }
        }
    }

    /// Consumes `name` or `{name}`; nil, with nothing consumed, where neither is.
    private static func takeName(_ rest: inout Substring.UnicodeScalarView) -> String? {
        let isBraced = rest.first == "{"
        let begin = isBraced ? rest.dropFirst() : rest
        let name = begin.prefix { scalar in
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
            default: scalar == "_"
            }
        }
        guard !name.isEmpty else { return nil }
        var behind = begin[name.endIndex...]
        if isBraced {
            guard behind.first == "}" else { return nil }
            behind.removeFirst()
        }
        rest = behind
        return String(name)
    }

    /// The number that a name is; numbers with leading zeros or beyond Go's limit are names.
    private static func number(_ name: String) -> Int? {
        guard name.utf8.allSatisfy({ (0x30...0x39).contains($0) }), name.utf8.count <= 9, !(name.hasPrefix("0") && name.utf8.count > 1)
        else { return nil }
        return Int(name)
    }
}
