// SPDX-License-Identifier: Apache-2.0

/// JSON as Go's encoding/json writes it.
struct GoJSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether `<`, `>` and `&` are escaped.
    let escapesHTML: Bool
    let isPretty: Bool

    /// - Throws: for infinities, NaN and maps that hold themselves.
    static func write(_ value: Datum, escapesHTML: Bool = true, isPretty: Bool = false) throws(TemplateFailure) -> [UInt8] {
        var writer = GoJSONWriter(escapesHTML: escapesHTML, isPretty: isPretty)
        try writer.write(value, 0)
        return writer.bytes
    }

    private init(escapesHTML: Bool, isPretty: Bool) {
        self.escapesHTML = escapesHTML
        self.isPretty = isPretty
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func write(_ value: Datum, _ depth: Int) throws(TemplateFailure) {
        guard depth <= Nesting.most, bytes.count <= Nesting.bytesMost else {
            throw TemplateFailure("json: unsupported value: encountered a cycle via map[string]interface {}")
        }
        switch value {
        case .none, .null, .list(_, .nilAny), .list(_, .nilString): append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number, .uint64): append(String(UInt64(bitPattern: number)))
        case .integer(let number, _): Format.append(number, to: &bytes)
        case .float(let number): append(try Self.text(number))
        case .string(let text): write(string: text)
        case .raw(let data): write(string: UTF8Bytes.repaired(data))
        case .bytes(let data): write(string: String(decoding: Base64.encode(data), as: UTF8.self))
        case .list(let items, _): try write(items, depth)
        case .map(let map): try write(Array(map.members), depth)
        case .time(let moment): write(string: moment.rfc3339)
        case .object(let object):
            if let text = object.printed {
                write(string: text)
            } else if let items = object.items {
                try write(items, depth)
            } else {
                try write(object.members ?? [], depth)
            }
        }
    }

    private mutating func write(_ items: [Datum], _ depth: Int) throws(TemplateFailure) {
        bytes.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(depth + 1)
            try write(item, depth + 1)
        }
        if !items.isEmpty { breakLine(depth) }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ members: [(String, Datum)], _ depth: Int) throws(TemplateFailure) {
        bytes.append(UInt8(ascii: "{"))
        for (index, (key, item)) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(depth + 1)
            write(string: key)
            bytes.append(UInt8(ascii: ":"))
            if isPretty { bytes.append(UInt8(ascii: " ")) }
            try write(item, depth + 1)
        }
        if !members.isEmpty { breakLine(depth) }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func breakLine(_ depth: Int) {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    /// A double as ES6 and Go's encoding/json have it.
    static func text(_ number: Double) throws(TemplateFailure) -> String {
        guard number.isFinite else { throw TemplateFailure("json: unsupported value: \(FloatText.general(number))") }
        if number.magnitude < 1e15, let whole = Int64(exactly: number), !(number == 0 && number.sign == .minus) { return String(whole) }
        if number != 0, number.magnitude < 1e-6 || number.magnitude >= 1e21 {
            let text = FloatText.format(number, verb: "e", precision: -1)
            // e-09 is e-9
            guard let exponent = text.firstRange(of: "e-0") else { return text }
            return text[..<exponent.lowerBound] + "e-" + text[exponent.upperBound...]
        }
        return FloatText.format(number, verb: "f", precision: -1)
    }

    private mutating func write(string text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { buffer in
            var plain = 0
            var index = 0
            while index < buffer.count {
                let byte = buffer[index]
                if isPlain(byte, buffer, index) {
                    index += 1
                    continue
                }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[plain..<index]))
                index += write(escaped: byte, buffer, index)
                plain = index
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[plain...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private func isPlain(_ byte: UInt8, _ buffer: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
        switch byte {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): false
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): !escapesHTML
        case 0xE2:
            !(index + 2 < buffer.count && buffer[index + 1] == 0x80 && (buffer[index + 2] == 0xA8 || buffer[index + 2] == 0xA9))
        default: true
        }
    }

    /// - Returns: how many bytes were written for.
    private mutating func write(escaped byte: UInt8, _ buffer: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        case 0xE2:
            append(buffer[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
            return 3
        default:
            append("\\u00")
            Quoting.appendHex(UInt32(byte), digits: 2, to: &bytes)
        }
        return 1
    }
}
