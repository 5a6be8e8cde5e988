// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Makes promotions' identifiers: ULIDs (48 bits of milliseconds, 80 random bits, in Crockford's base 32), so that they sort by time.
struct Identifiers: Sendable {
    private let random: @Sendable () -> UInt64

    init(random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }) { self.random = random }

    func next(at now: Timestamp) -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        var text: [UInt8] = []
        var time = UInt64(max(0, now.milliseconds))
        for _ in 0..<10 {
            text.append(alphabet[Int(time & 31)])
            time >>= 5
        }
        text.reverse()
        for _ in 0..<2 {
            var bits = random()
            for _ in 0..<8 {
                text.append(alphabet[Int(bits & 31)])
                bits >>= 5
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
