// SPDX-License-Identifier: Apache-2.0

/// A `Key: value` line at the end of a commit message.
package struct Trailer: Sendable, Hashable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    /// The trailers of `message`: its last paragraph, if that is not the only one and every line is a trailer or goes on with one.
    ///
    /// Stricter than `git interpret-trailers`, which accepts other lines among them: a record must not be read out of prose.
    package static func parse(_ message: String) -> [Trailer] {
        var lines = message.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
        while let last = lines.last, isBlank(last) { lines.removeLast() }
        guard let blank = lines.lastIndex(where: isBlank) else { return [] }
        var trailers: [Trailer] = []
        for line in lines[(blank + 1)...] {
            if line.hasPrefix(" ") || line.hasPrefix("\t") {
                guard let last = trailers.indices.last else { return [] }
                trailers[last].value += " " + trimmed(line[...])
                continue
            }
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].utf8.allSatisfy({ isTokenByte($0) })
            else { return [] }
            trailers.append(Trailer(key: String(line[..<colon]), value: trimmed(line[line.index(after: colon)...])))
        }
        return trailers
    }

    /// The paragraph of `trailers`, to be put after a blank line; line breaks in values become spaces.
    package static func write(_ trailers: [Trailer]) -> String {
        trailers.map { "\($0.key): \(String($0.value.map { $0.isNewline ? " " : $0 }))\n" }.joined()
    }

    private static func isBlank(_ line: String) -> Bool { line.allSatisfy { $0 == " " || $0 == "\t" } }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 45, 48...57, 65...90, 97...122: true
        default: false
        }
    }
}
