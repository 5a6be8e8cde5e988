// SPDX-License-Identifier: Apache-2.0

/// The one text of a value, whatever order and notation it was written in; what digests are taken of.
///
/// It is RFC 8785 (JSON Canonicalization Scheme) in all but numbers:
/// - UTF-8, no white space, no line break at the end.
/// - A map's members are sorted by their keys' UTF-16 code units (RFC 8785 §3.2.3).
/// - Strings are written as they are, without any Unicode normalization; only `"`, `\` and the controls below U+0020 are escaped: as
///   `\"`, `\\`, `\b`, `\t`, `\n`, `\f`, `\r`, else `\u00` and two lower-case hexadecimal digits (§3.2.2.2).
/// - Numbers keep all their digits, where RFC 8785 rounds to a binary double. An integer of 64 bits is its decimal digits, `-` before
///   a negative one. Any other number is written from its significant digits `d` (without leading and trailing zeros) and its power
///   of ten, as ECMAScript lays out doubles (§3.2.2.3): with `p` the power of the first digit, plainly where `-7 < p < 21` (`0.000001`,
///   `123.45`, `100000000000000000000`), otherwise as `1.5e+21`, `1e-7`. So a number that a double holds exactly in its shortest form
///   has the same text as in RFC 8785, and equal numbers of any size have equal texts.
/// - A decimal that is a 64-bit integer in value (`1.0`) is written with `.0` behind, because Kubernetes tells it from the integer.
package enum Canonical {
    package static func bytes(_ value: Value) -> [UInt8] {
        var writer = CanonicalWriter()
        writer.write(value)
        return writer.json.bytes
    }

    /// The SHA-256 of `bytes`.
    package static func digest(_ value: Value) -> Digest { Digest.sha256(bytes(value)) }
}

private struct CanonicalWriter {
    var json = JSONWriter(bytes: [])

    mutating func write(_ value: Value) {
        switch value {
        case .list(let items):
            json.bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { json.bytes.append(UInt8(ascii: ",")) }
                write(item)
            }
            json.bytes.append(UInt8(ascii: "]"))
        case .map(let map):
            json.bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for entry in map.entries.inCanonicalOrder {
                if !isFirst { json.bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                json.write(string: entry.key)
                json.bytes.append(UInt8(ascii: ":"))
                write(entry.value)
            }
            json.bytes.append(UInt8(ascii: "}"))
        case .decimal(let number): json.bytes.append(contentsOf: number.canonicalText.utf8)
        case .null, .bool, .int, .string: json.write(value)
        }
    }
}

extension [Map.Entry] {
    /// By UTF-16 code units; for ASCII, and for all but keys beyond the basic plane, that is the order of the UTF-8 bytes.
    fileprivate var inCanonicalOrder: [Map.Entry] {
        guard count > 1 else { return self }
        guard allSatisfy({ $0.key.isASCII }) else {
            return sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
        }
        // Strings of ASCII alone compare by their bytes, in one call. Most maps come from a canonical form, and are in order already.
        for index in 1..<count where self[index].key < self[index - 1].key { return sorted { $0.key < $1.key } }
        return self
    }
}

extension String {
    fileprivate var isASCII: Bool { utf8.withContiguousStorageIfAvailable { $0.allSatisfy { $0 < 0x80 } } ?? utf8.allSatisfy { $0 < 0x80 } }
}

extension Decimal {
    /// See `Canonical`.
    var canonicalText: String {
        let form = normalized
        let sign = form.negative ? "-" : ""
        let digits = Array(form.digits.utf8)
        func text(_ slice: ArraySlice<UInt8>) -> String { String(decoding: slice, as: UTF8.self) }
        if form.digits == "0" { return "0.0" }
        let power = digits.count + form.exponent - 1
        if power <= -7 || power >= 21 {
            let fraction = digits.count > 1 ? "." + text(digits[1...]) : ""
            return "\(sign)\(text(digits[..<1]))\(fraction)e\(power < 0 ? "-" : "+")\(abs(power))"
        }
        if form.exponent >= 0 {
            let whole = sign + form.digits + String(repeating: "0", count: form.exponent)
            return wholeNumber == nil ? whole : whole + ".0"
        }
        if power < 0 { return sign + "0." + String(repeating: "0", count: -power - 1) + form.digits }
        return sign + text(digits[..<(power + 1)]) + "." + text(digits[(power + 1)...])
    }
}
