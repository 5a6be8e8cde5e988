// SPDX-License-Identifier: Apache-2.0

/// What names may look like.
enum Names {
    /// Names become parts of Git references and of Kubernetes names with a prefix of Flotilla's, whose limit is 63.
    static let bytesMax = 53
    static let hint = "use lower-case letters, digits and '-', at most \(bytesMax), beginning and ending with a letter or digit"
    static let labelHint = "use letters, digits, '-', '_' and '.', at most 63, beginning and ending with a letter or digit"

    /// A DNS label (RFC 1123), a little shorter.
    static func isName(_ text: String) -> Bool {
        (1...bytesMax).contains(text.utf8.count) && isAlphanumeric(text.utf8.first) && isAlphanumeric(text.utf8.last)
            && text.utf8.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            && text.utf8.first.map(isLowerAlphanumeric) == true
    }

    static func isLabelPart(_ text: Substring, emptyAllowed: Bool) -> Bool {
        if text.isEmpty { return emptyAllowed }
        return text.utf8.count <= 63 && isAlphanumeric(text.utf8.first) && isAlphanumeric(text.utf8.last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    static func isDomain(_ text: Substring) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && isAlphanumeric(part.utf8.first) && isAlphanumeric(part.utf8.last)
                    && part.utf8.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
