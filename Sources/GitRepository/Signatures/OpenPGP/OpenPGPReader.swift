// SPDX-License-Identifier: Apache-2.0

/// Reads the numbers and fields of OpenPGP (RFC 4880, section 3); every method gives `nil` at a premature end.
struct OpenPGPReader {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { rest = Array(bytes)[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func raw(_ count: Int) -> [UInt8]? {
        guard count >= 0, count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// A big-endian number of at most four bytes.
    mutating func number(_ count: Int) -> Int? { raw(count).map { $0.reduce(0) { $0 << 8 | Int($1) } } }

    /// A multiple-precision integer: its length in bits, and its bytes. One with a wrong length or leading zeros is none.
    mutating func integer() -> [UInt8]? {
        guard let bits = number(2), let bytes = raw((bits + 7) / 8) else { return nil }
        guard let first = bytes.first else { return [] }
        return bytes.count * 8 - first.leadingZeroBitCount == bits ? bytes : nil
    }

    /// The same, filled up with zeros from the left to `width` bytes.
    mutating func integer(width: Int) -> [UInt8]? {
        guard let bytes = integer(), bytes.count <= width else { return nil }
        return [UInt8](repeating: 0, count: width - bytes.count) + bytes
    }
}

/// A packet (RFC 4880, section 4).
struct OpenPGPPacket {
    static let signatureTag = 2
    static let publicKeyTag = 6
    static let trustTag = 12
    static let userIDTag = 13
    static let publicSubkeyTag = 14
    static let userAttributeTag = 17

    let tag: Int
    let body: [UInt8]

    /// The packets in `bytes`, at most `limit`; `nil` where they are not readable. Partial and unknown lengths are for data, and not
    /// read here.
    static func packets(in bytes: [UInt8], limit: Int) -> [OpenPGPPacket]? {
        var reader = OpenPGPReader(bytes)
        var packets: [OpenPGPPacket] = []
        while let first = reader.byte() {
            guard first & 0x80 != 0, packets.count < limit else { return nil }
            let isNew = first & 0x40 != 0
            let length: Int?
            if isNew {
                length = newLength(&reader)
            } else {
                // 3 would mean: up to the end, wherever that is.
                guard first & 3 != 3 else { return nil }
                length = reader.number(1 << Int(first & 3))
            }
            guard let length, let body = reader.raw(length) else { return nil }
            packets.append(OpenPGPPacket(tag: Int(isNew ? first & 0x3F : first >> 2 & 0x0F), body: body))
        }
        return packets
    }

    /// A packet's length in the new form, and a subpacket's, which differ in partial lengths only.
    static func newLength(_ reader: inout OpenPGPReader, isSubpacket: Bool = false) -> Int? {
        guard let first = reader.byte().map(Int.init) else { return nil }
        switch first {
        case 0..<192: return first
        case 255: return reader.number(4)
        case 192..<(isSubpacket ? 255 : 224): return reader.number(1).map { (first - 192) << 8 + $0 + 192 }
        default: return nil
        }
    }
}
