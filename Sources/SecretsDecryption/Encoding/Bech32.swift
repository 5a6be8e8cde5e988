// SPDX-License-Identifier: Apache-2.0

/// Bech32 as BIP 173 has it, without its limit on length: how age writes its keys.
enum Bech32 {
    private static let digits = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

    /// Why a text is no Bech32; never with any of the text.
    enum Failure: String, Error {
        case mixedCase = "it mixes upper and lower case"
        case noSeparator = "it has no '1' between its prefix and its data"
        case invalidCharacter = "it has a character that Bech32 does not use"
        case checksum = "its checksum does not fit: a character is wrong or missing"
        case padding = "its last bits are not zero"
    }

    /// The lower-case text of `data` behind the lower-case `prefix`.
    static func encode(prefix: String, _ data: [UInt8]) -> String {
        var groups: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in data {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 5 {
                count -= 5
                groups.append(UInt8(bits >> UInt32(count) & 31))
            }
        }
        if count > 0 { groups.append(UInt8(bits << UInt32(5 - count) & 31)) }
        let sum = checksum(expanded(Array(prefix.utf8)) + groups + [0, 0, 0, 0, 0, 0]) ^ 1
        for shift in stride(from: UInt32(25), through: 0, by: -5) { groups.append(UInt8(sum >> shift & 31)) }
        return prefix + "1" + String(decoding: groups.map { digits[Int($0)] }, as: UTF8.self)
    }

    /// The prefix in lower case, and the data.
    static func decode(_ text: some StringProtocol) throws(Failure) -> (prefix: String, data: [UInt8]) {
        var bytes = Array(text.utf8)
        let upper = bytes.contains { (0x41...0x5A).contains($0) }
        guard !upper || !bytes.contains(where: { (0x61...0x7A).contains($0) }) else { throw .mixedCase }
        if upper { bytes = bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } }
        guard let separator = bytes.lastIndex(of: UInt8(ascii: "1")), separator > 0 else { throw .noSeparator }
        let prefix = Array(bytes[..<separator])
        guard prefix.allSatisfy({ (33...126).contains($0) }) else { throw .invalidCharacter }
        var groups: [UInt8] = []
        for byte in bytes[(separator + 1)...] {
            guard let digit = digits.firstIndex(of: byte) else { throw .invalidCharacter }
            groups.append(UInt8(digit))
        }
        guard groups.count >= 6, checksum(expanded(prefix) + groups) == 1 else { throw .checksum }
        var data: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for group in groups.dropLast(6) {
            bits = bits << 5 | UInt32(group)
            count += 5
            if count >= 8 {
                count -= 8
                data.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        guard count < 5, bits & (1 << UInt32(count) - 1) == 0 else { throw .padding }
        return (String(decoding: prefix, as: UTF8.self), data)
    }

    private static func expanded(_ prefix: [UInt8]) -> [UInt8] { prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 } }

    private static func checksum(_ values: [UInt8]) -> UInt32 {
        let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
        var sum: UInt32 = 1
        for value in values {
            let top = sum >> 25
            sum = (sum & 0x1ff_ffff) << 5 ^ UInt32(value)
            for (bit, term) in generator.enumerated() where top >> UInt32(bit) & 1 == 1 { sum ^= term }
        }
        return sum
    }
}
