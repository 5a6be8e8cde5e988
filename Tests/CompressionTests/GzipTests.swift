// SPDX-License-Identifier: Apache-2.0
import Compression
import Testing

@Suite("Gzip") struct GzipTests {
    @Test("what was compressed comes back", arguments: [0, 1, 1000, 262_143, 262_144, 262_145, 3_000_000])
    func roundTrip(count: Int) throws {
        var state: UInt64 = 88_172_645_463_325_252
        let bytes = (0..<count).map { index -> UInt8 in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return index % 3 == 0 ? UInt8(truncatingIfNeeded: state) : 65
        }
        let packed = try Gzip.compress(bytes)
        #expect(try Gzip.decompress(packed, limit: count) == bytes)
        #expect(try Gzip.compress(bytes) == packed)
        if count > 1000 { #expect(packed.count < count) }
    }

    @Test("a bomb stops at the limit") func bomb() throws {
        let bomb = try Gzip.compress([UInt8](repeating: 0, count: 50_000_000))
        #expect(bomb.count < 100_000)
        #expect(throws: GzipError.tooLarge(limit: 1_000_000)) { try Gzip.decompress(bomb, limit: 1_000_000) }
        #expect(throws: GzipError.tooLarge(limit: 0)) { try Gzip.decompress(bomb, limit: 0) }
    }

    @Test("members one after another are one text") func members() throws {
        let both = try Gzip.compress(Array("one ".utf8)) + Gzip.compress(Array("two".utf8))
        #expect(try String(decoding: Gzip.decompress(both, limit: 100), as: UTF8.self) == "one two")
    }

    @Test("reads what gzip(1) writes") func foreign() throws {
        // printf 'flotilla\n' | gzip -n
        let bytes: [UInt8] = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4b, 0xcb, 0xc9, 0x2f, 0xc9, 0xcc, 0xc9, 0x49, 0xe4, 0x02, 0x00,
            0x94, 0xf6, 0x55, 0x9b, 0x09, 0x00, 0x00, 0x00,
        ]
        #expect(try Gzip.decompress(bytes, limit: 100) == Array("flotilla\n".utf8))
    }

    @Test("damage is told from truncation") func damage() throws {
        let packed = try Gzip.compress(Array("the quick brown fox".utf8))
        for count in 0..<packed.count {
            #expect(throws: GzipError.truncated) { try Gzip.decompress(Array(packed.prefix(count)), limit: 100) }
        }
        var damaged = packed
        damaged[packed.count - 6] ^= 1
        #expect(throws: GzipError.corrupt("incorrect data check")) { try Gzip.decompress(damaged, limit: 100) }
        #expect(throws: GzipError.corrupt("incorrect header check")) { try Gzip.decompress(Array("<html>".utf8), limit: 100) }
        #expect(throws: GzipError.corrupt("incorrect header check")) { try Gzip.decompress(packed + Array("junk".utf8), limit: 100) }
    }
}
