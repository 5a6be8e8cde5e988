// SPDX-License-Identifier: Apache-2.0

/// A path to a place inside a value (RFC 6901).
package struct JSONPointer: Sendable, Hashable {
    /// Unescaped: keys of maps, or decimal indices of lists.
    package var steps: [String]

    package init(_ steps: [String] = []) { self.steps = steps }

    /// Reads `/spec/replicas`; the empty text is the whole document.
    package init(parsing text: String) throws(JSONPointerError) {
        guard !text.isEmpty else {
            steps = []
            return
        }
        guard text.hasPrefix("/") else { throw JSONPointerError(text: text, reason: "does not begin with '/'") }
        steps = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            var step = ""
            var isEscape = false
            for character in part.unicodeScalars {
                switch (isEscape, character) {
                case (true, "0"): step.unicodeScalars.append("~")
                case (true, "1"): step.unicodeScalars.append("/")
                case (true, _): throw JSONPointerError(text: text, reason: "has a '~' that is followed by neither 0 nor 1")
                case (false, "~"): break
                case (false, _): step.unicodeScalars.append(character)
                }
                isEscape = !isEscape && character == "~"
            }
            guard !isEscape else { throw JSONPointerError(text: text, reason: "has a '~' that is followed by neither 0 nor 1") }
            steps.append(step)
        }
    }

    package func appending(_ step: String) -> JSONPointer { JSONPointer(steps + [step]) }
    package func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

    /// The value there; `nil` where there is none.
    package func resolve(in value: Value) -> Value? {
        var here = value
        for step in steps {
            switch here {
            case .map(let map):
                guard let next = map[step] else { return nil }
                here = next
            case .list(let items):
                guard let index = Self.index(step), index < items.count else { return nil }
                here = items[index]
            case .null, .bool, .int, .decimal, .string: return nil
            }
        }
        return here
    }

    /// Whether `other` is this place or inside it.
    package func contains(_ other: JSONPointer) -> Bool { other.steps.starts(with: steps) }

    /// Reads a list's index: decimal digits, no leading zero.
    package static func index(_ step: String) -> Int? {
        guard step.utf8.allSatisfy({ (0x30...0x39).contains($0) }), step == "0" || !step.hasPrefix("0") else { return nil }
        return Int(step)
    }
}

extension JSONPointer: CustomStringConvertible {
    package var description: String {
        var text = ""
        for step in steps {
            text += "/"
            for character in step.unicodeScalars {
                switch character {
                case "~": text += "~0"
                case "/": text += "~1"
                default: text.unicodeScalars.append(character)
                }
            }
        }
        return text
    }
}

extension JSONPointer: Comparable {
    package static func < (left: JSONPointer, right: JSONPointer) -> Bool { left.steps.lexicographicallyPrecedes(right.steps) }
}

package struct JSONPointerError: Error, Hashable, CustomStringConvertible {
    package let text: String
    package let reason: String

    package var description: String { "'\(text)' is no JSON pointer: it \(reason)" }
}
