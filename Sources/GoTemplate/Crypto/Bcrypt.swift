// SPDX-License-Identifier: Apache-2.0

/// The password hash bcrypt, version `2a`.
enum Bcrypt {
    private static let alphabet = Array("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    static let passwordBytesMax = 72

    /// - Parameters:
    ///   - salt: 16 bytes.
    ///   - cost: the rounds are two to this power; 4 to 31.
    static func hash(_ password: [UInt8], salt: [UInt8], cost: Int) -> String {
        var blowfish = Blowfish()
        // The end of a C string belongs to the key.
        let key = password + [0]
        blowfish.expand(key: key, salt: salt)
        for _ in 0..<(1 << cost) {
            blowfish.expand(key: key)
            blowfish.expand(key: salt)
        }
        var words: [UInt32] = []
        let text = Array("OrpheanBeholderScryDoubt".utf8)
        for index in stride(from: 0, to: 24, by: 4) { words.append(text[index..<(index + 4)].reduce(0) { $0 << 8 | UInt32($1) }) }
        for index in stride(from: 0, to: 6, by: 2) {
            for _ in 0..<64 { (words[index], words[index + 1]) = blowfish.encrypt(words[index], words[index + 1]) }
        }
        let digest = words.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }.dropLast()
        return "$2a$\(cost < 10 ? "0" : "")\(cost)$\(encode(salt))\(encode(Array(digest)))"
    }

    /// Base 64 with an alphabet of its own and without padding.
    private static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var buffer: UInt32 = 0
        var count = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(buffer >> UInt32(count)) & 63])
            }
        }
        if count > 0 { text.append(alphabet[Int(buffer << UInt32(6 - count)) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The cipher Blowfish, as far as bcrypt needs it.
struct Blowfish {
    /// The 18 subkeys, and behind them the four tables of 256 words each: at first the digits of π.
    private var state = PiDigits.words

    private static func rounds(_ state: UnsafePointer<UInt32>, _ left: UInt32, _ right: UInt32) -> (UInt32, UInt32) {
        var (left, right) = (left, right)
        for round in 0..<16 {
            left ^= state[round]
            let first = state[18 + Int(left >> 24)] &+ state[274 + Int(left >> 16 & 255)]
            right ^= (first ^ state[530 + Int(left >> 8 & 255)]) &+ state[786 + Int(left & 255)]
            (left, right) = (right, left)
        }
        return (right ^ state[17], left ^ state[16])
    }

    func encrypt(_ left: UInt32, _ right: UInt32) -> (UInt32, UInt32) {
        state.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return (left, right) }
            return Self.rounds(base, left, right)
        }
    }

    /// Mixes a key, and where given a salt, into the state.
    mutating func expand(key: [UInt8], salt: [UInt8] = []) {
        var position = 0
        func word(_ bytes: [UInt8], _ position: inout Int) -> UInt32 {
            var word: UInt32 = 0
            for _ in 0..<4 {
                word = word << 8 | UInt32(bytes[position])
                position = position + 1 == bytes.count ? 0 : position + 1
            }
            return word
        }
        for index in 0..<18 { state[index] ^= word(key, &position) }
        let saltWords: [UInt32] =
            salt.count == 16
            ? stride(from: 0, to: 16, by: 4).map { salt[$0..<($0 + 4)].reduce(0) { $0 << 8 | UInt32($1) } } : [0, 0, 0, 0]
        state.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var (left, right): (UInt32, UInt32) = (0, 0)
            var half = 0
            for index in stride(from: 0, to: buffer.count, by: 2) {
                left ^= saltWords[half]
                right ^= saltWords[half + 1]
                half ^= 2
                (left, right) = Self.rounds(base, left, right)
                base[index] = left
                base[index + 1] = right
            }
        }
    }
}
