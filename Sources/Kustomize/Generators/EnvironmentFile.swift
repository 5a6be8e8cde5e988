// SPDX-License-Identifier: Apache-2.0

/// A file of `NAME=value` lines, as `envs` of a generator reads them.
///
/// Blanks before a name are dropped, and nothing else is: quotes, blanks behind and words like `export` are part of the name or the value.
/// Lines without a name and those that begin with `#` are passed over; a name alone has the empty value.
enum EnvironmentFile {
    struct Malformed: Error, Hashable {
        /// Counted from 1.
        let line: Int
    }

    /// The longest line in bytes. Kustomize stops reading in silence at a longer one, and so what follows it is missing.
    static let lineBytesMax = 65_535

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    static func parse(_ bytes: [UInt8]) throws(Malformed) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        var number = 0
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            var line = rest[..<(end ?? rest.endIndex)]
            rest = end.map { rest[($0 + 1)...] } ?? []
            guard line.count <= lineBytesMax else { break }
            number += 1
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if number == 1, line.starts(with: byteOrderMark) { line.removeFirst(byteOrderMark.count) }
            guard let text = String(validating: line, as: UTF8.self) else { throw Malformed(line: number) }
            if let pair = pair(text.unicodeScalars.drop { $0.properties.isWhitespace }) { pairs.append(pair) }
        }
        return pairs
    }

    private static func pair(_ line: Substring.UnicodeScalarView) -> (key: String, value: String)? {
        guard let first = line.first, first != "#", first != "=" else { return nil }
        guard let equals = line.firstIndex(of: "=") else { return (String(line), "") }
        return (String(line[..<equals]), String(line[line.index(after: equals)...]))
    }
}
