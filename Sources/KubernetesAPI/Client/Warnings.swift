// SPDX-License-Identifier: Apache-2.0
import HTTPTransport

/// Reads `Warning` headers: `299 - "text"`, RFC 7234 §5.5, several to a field.
enum Warnings {
    private static let countMax = 64

    static func texts(_ headers: HTTPHeaders) -> [String] {
        Array(headers.values("Warning").flatMap(quoted).prefix(countMax))
    }

    /// The quoted strings of a field, unescaped. (A date after a text is quoted too; API servers send none.)
    private static func quoted(_ field: String) -> [String] {
        var texts: [String] = []
        var current: [UInt8]?
        var isEscaped = false
        for byte in field.utf8 {
            guard let text = current else {
                if byte == UInt8(ascii: "\"") { current = [] }
                continue
            }
            if isEscaped {
                current = text + [byte]
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                texts.append(String(decoding: text, as: UTF8.self))
                current = nil
            } else {
                current?.append(byte)
            }
        }
        return texts
    }
}
