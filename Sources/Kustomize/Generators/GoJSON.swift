// SPDX-License-Identifier: Apache-2.0
import Manifests

/// JSON byte for byte as Go's `encoding/json` writes a map of `interface{}` values: what content hashes are taken of.
///
/// Keys are in the order of their bytes, numbers are doubles, and in strings `<`, `>`, `&`, U+2028 and U+2029 are escaped too.
struct GoJSON {
    private(set) var bytes: [UInt8] = []

    static func bytes(_ value: Value) -> [UInt8] {
        var writer = GoJSON()
        writer.write(value)
        return writer.bytes
    }

    private mutating func write(_ value: Value) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .int(let number) where number.magnitude < 1 << 53: bytes += String(number).utf8
        case .int(let number): bytes += GoNumber.json(Double(number)).utf8
        case .decimal(let number): bytes += GoNumber.json(number.double).utf8
        case .string(let text): write(text)
        case .list(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(item)
            }
            bytes.append(UInt8(ascii: "]"))
        case .map(let map):
            bytes.append(UInt8(ascii: "{"))
            for (index, entry) in map.entries.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(entry.key)
                bytes.append(UInt8(ascii: ":"))
                write(entry.value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var separators = 0  // how many bytes of U+2028 or U+2029 were there already
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
                bytes += "\\u00".utf8
                bytes += [Self.hexDigits[Int(byte >> 4)], Self.hexDigits[Int(byte & 15)]]
            case 0xA8 where separators == 2, 0xA9 where separators == 2:
                bytes.removeLast(2)
                bytes += (byte == 0xA8 ? "\\u2028" : "\\u2029").utf8
            default: bytes.append(byte)
            }
            separators = byte == 0xE2 ? 1 : byte == 0x80 && separators == 1 ? 2 : 0
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
