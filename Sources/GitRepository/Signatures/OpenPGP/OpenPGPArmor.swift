// SPDX-License-Identifier: Apache-2.0

/// A kind of ASCII armor (RFC 4880, section 6.2).
struct OpenPGPArmor {
    let label: String

    static let signature = OpenPGPArmor(label: "PGP SIGNATURE")
    static let publicKey = OpenPGPArmor(label: "PGP PUBLIC KEY BLOCK")

    var begin: String { "-----BEGIN \(label)-----" }
    private var end: String { "-----END \(label)-----" }

    /// The contents of every armored block of this kind in `text`; `nil` where one is not readable, or its checksum is wrong.
    func blocks(in text: String) -> [[UInt8]]? {
        var blocks: [[UInt8]] = []
        var lines: [Substring]?
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(Self.trimmed) {
            if line == begin {
                guard lines == nil else { return nil }
                lines = []
            } else if line == end {
                guard let body = lines, let block = Self.decoded(body) else { return nil }
                blocks.append(block)
                lines = nil
            } else {
                lines?.append(line)
            }
        }
        return lines == nil ? blocks : nil
    }

    private static func trimmed(_ line: Substring) -> Substring {
        var line = line
        while let last = line.last, last == " " || last == "\t" { line.removeLast() }
        return line
    }

    /// Headers, an empty line, base 64, and a checksum that may be missing.
    private static func decoded(_ lines: [Substring]) -> [UInt8]? {
        guard let blank = lines.firstIndex(of: ""), lines[..<blank].allSatisfy({ $0.contains(": ") || $0.hasSuffix(":") }) else {
            return nil
        }
        var body = lines[(blank + 1)...]
        var checksum: [UInt8]?
        if let last = body.last, last.hasPrefix("=") {
            guard last.count == 5, let bytes = Base64.decode(last.dropFirst()) else { return nil }
            checksum = bytes
            body.removeLast()
        }
        guard let bytes = Base64.decode(body.joined()), !bytes.isEmpty else { return nil }
        if let checksum, checksum != crc24(bytes) { return nil }
        return bytes
    }

    /// RFC 4880, section 6.1.
    private static func crc24(_ bytes: [UInt8]) -> [UInt8] {
        var crc: UInt32 = 0xB7_04CE
        for byte in bytes {
            crc ^= UInt32(byte) << 16
            for _ in 0..<8 {
                crc <<= 1
                if crc & 0x100_0000 != 0 { crc ^= 0x186_4CFB }
            }
        }
        return [UInt8(truncatingIfNeeded: crc >> 16), UInt8(truncatingIfNeeded: crc >> 8), UInt8(truncatingIfNeeded: crc)]
    }
}
