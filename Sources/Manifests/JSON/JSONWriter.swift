// SPDX-License-Identifier: Apache-2.0

/// Writes values as JSON. Strings are escaped as RFC 8785 §3.2.2.2 says: as little as RFC 8259 allows.
struct JSONWriter {
    var bytes: [UInt8]

    mutating func write(_ value: Value) {
        switch value {
        case .list(let items):
            bytes.append(UInt8(ascii: "["))
            var first = true
            for item in items {
                if !first { bytes.append(UInt8(ascii: ",")) }
                first = false
                write(item)
            }
            bytes.append(UInt8(ascii: "]"))
        case .map(let map):
            bytes.append(UInt8(ascii: "{"))
            var first = true
            for entry in map.entries {
                if !first { bytes.append(UInt8(ascii: ",")) }
                first = false
                write(string: entry.key)
                bytes.append(UInt8(ascii: ":"))
                write(entry.value)
            }
            bytes.append(UInt8(ascii: "}"))
        case .null, .bool, .int, .decimal, .string: write(scalar: value)
        }
    }

    mutating func writeIndented(_ value: Value, level: Int) {
        switch value {
        case .list(let items) where !items.isEmpty:
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                breakLine(level + 1)
                writeIndented(item, level: level + 1)
            }
            breakLine(level)
            bytes.append(UInt8(ascii: "]"))
        case .map(let map) where !map.isEmpty:
            bytes.append(UInt8(ascii: "{"))
            for (index, entry) in map.entries.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                breakLine(level + 1)
                write(string: entry.key)
                bytes.append(UInt8(ascii: ":"))
                bytes.append(UInt8(ascii: " "))
                writeIndented(entry.value, level: level + 1)
            }
            breakLine(level)
            bytes.append(UInt8(ascii: "}"))
        case .null, .bool, .int, .decimal, .string, .list, .map: write(value)
        }
    }

    private mutating func breakLine(_ level: Int) {
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
    }

    private mutating func write(scalar value: Value) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: flag ? "true".utf8 : "false".utf8)
        case .int(let number): write(int: number)
        case .decimal(let number): bytes.append(contentsOf: number.text.utf8)
        case .string(let text): write(string: text)
        case .list, .map: break
        }
    }

    private mutating func write(int number: Int64) {
        if number >= 0, number < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(number))
        } else {
            bytes.append(contentsOf: String(number).utf8)
        }
    }

    mutating func write(string text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { buffer in
            var plain = 0
            for index in buffer.indices {
                let byte = buffer[index]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[plain..<index]))
                write(escaped: byte)
                plain = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[plain...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(escaped byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexDigits[Int(byte >> 4)])
            bytes.append(hexDigits[Int(byte & 15)])
        }
    }
}

let hexDigits = Array("0123456789abcdef".utf8)
