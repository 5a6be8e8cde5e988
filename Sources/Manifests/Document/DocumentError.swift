// SPDX-License-Identifier: Apache-2.0

/// Why a document could not be read, and where.
package struct DocumentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A stable name of the mistake, in kebab case: `syntax`, `duplicate-key`, `too-deep`, …
    package let code: String
    package let message: String
    /// Counted from 1; 0 where the mistake has no place (a document that is too large).
    package let line: Int
    /// In Unicode scalars, counted from 1; 0 where the mistake has no place.
    package let column: Int

    package init(code: String, message: String, line: Int, column: Int) {
        self.code = code
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String { line > 0 ? "\(line):\(column): \(message)" : message }
}

/// A place in a text file.
package struct SourceMark: Sendable, Hashable, Comparable {
    /// Counted from 1.
    package let line: Int
    /// In Unicode scalars, counted from 1.
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: SourceMark, right: SourceMark) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

extension SourceMark {
    /// The place of the byte at `offset`.
    init(offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
        var line = 1
        var column = 1
        for byte in bytes[..<min(offset, bytes.count)] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.init(line: line, column: column)
    }
}
