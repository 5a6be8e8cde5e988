// SPDX-License-Identifier: Apache-2.0

/// The text form of an age file: PEM in its strict form (RFC 7468 §3, figure 3).
enum AgeArmor {
    private static let begin = "-----BEGIN AGE ENCRYPTED FILE-----"
    private static let end = "-----END AGE ENCRYPTED FILE-----"

    static func encode(_ file: [UInt8]) -> [UInt8] {
        let digits = Array(Base64.encode(file, padded: true).utf8)
        var text = Array((begin + "\n").utf8)
        for start in stride(from: 0, to: digits.count, by: 64) {
            text.append(contentsOf: digits[start..<min(start + 64, digits.count)])
            text.append(UInt8(ascii: "\n"))
        }
        text.append(contentsOf: (end + "\n").utf8)
        return text
    }

    /// Whether the bytes are meant to be armor; they need not be valid.
    static func isArmored(_ bytes: [UInt8]) -> Bool {
        bytes.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }.starts(with: "-----BEGIN".utf8)
    }

    /// Accepts both kinds of line ends, and white space before and behind; nothing else that `encode` does not write.
    static func decode(_ text: [UInt8]) throws(SecretsError) -> [UInt8] {
        let body = text.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        var lines = body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
        while let last = lines.last, last.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }), lines.count > 1 { lines.removeLast() }
        if let last = lines.popLast() {
            var last = last
            while let byte = last.last, byte == 0x20 || (0x09...0x0D).contains(byte) { last.removeLast() }
            lines.append(last)
        }
        guard lines.first?.elementsEqual(begin.utf8) == true else {
            throw AgeHeader.malformed("its armor does not begin with '\(begin)'")
        }
        guard lines.count > 2, lines.last?.elementsEqual(end.utf8) == true else {
            throw AgeHeader.malformed("its armor does not end with '\(end)'")
        }
        let inner = lines.dropFirst().dropLast()
        guard let last = inner.last, inner.dropLast().allSatisfy({ $0.count == 64 }), (1...64).contains(last.count) else {
            throw AgeHeader.malformed("its armor has lines that are not of 64 columns")
        }
        guard let file = Base64.decode(Array(inner.joined()), padded: true) else {
            throw AgeHeader.malformed("its armor is not in canonical base64")
        }
        return file
    }
}
