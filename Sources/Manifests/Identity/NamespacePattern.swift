// SPDX-License-Identifier: Apache-2.0

/// A namespace's name in a declaration, with `*` for any characters, also none: `shop`, `shop-*`.
///
/// Case counts, as in names. A `*` does not reach the namespaces in which Kubernetes and Flotilla themselves live: whoever is to touch
/// these is to be told so by name.
package struct NamespacePattern: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }

    /// Whether it stands for one namespace only.
    package var isExact: Bool { !text.utf8.contains(Self.star) }

    /// Whether it can match any namespace at all: letters, digits, `-` and `*`, no longer than names are.
    package var isWellFormed: Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == Self.star
            }
    }

    package func matches(_ namespace: String) -> Bool {
        if isExact { return text == namespace }
        return !namespace.isEmpty && !Self.isSystem(namespace) && Self.matches(Array(text.utf8), Array(namespace.utf8))
    }

    /// Whether Kubernetes or Flotilla keeps its own objects there: only its own name matches it.
    package static func isSystem(_ namespace: String) -> Bool { namespace.hasPrefix("kube-") || namespace == "flotilla-system" }

    private static let star = UInt8(ascii: "*")

    /// In time of at most the product of the lengths: only the last `*` is ever tried again.
    private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var (next, position) = (0, 0)
        var again: (pattern: Int, name: Int)?
        while position < name.count {
            if next < pattern.count, pattern[next] == star {
                again = (next, position)
                next += 1
            } else if next < pattern.count, pattern[next] == name[position] {
                next += 1
                position += 1
            } else if let last = again {
                again = (last.pattern, last.name + 1)
                (next, position) = (last.pattern + 1, last.name + 1)
            } else {
                return false
            }
        }
        return pattern[next...].allSatisfy { $0 == star }
    }
}
