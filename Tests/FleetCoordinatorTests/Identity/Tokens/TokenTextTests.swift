// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("The text of API tokens") struct TokenTextTests {
    @Test func isKnownByItsChecksum() {
        let token = TokenText.new()
        #expect(token.hasPrefix("flotilla_pat_") && token.utf8.count == 62)
        #expect(TokenText.isOne(token) && token != TokenText.new())
        for index in token.indices {
            var other = token
            other.replaceSubrange(index...index, with: token[index] == "a" ? "b" : "a")
            #expect(!TokenText.isOne(other))
        }
        for other in ["", "flotilla_pat_", token + "0", String(token.dropLast()), token.uppercased(), "flotilla-admin-00"] {
            #expect(!TokenText.isOne(other))
        }
    }

    @Test("the checksum is the CRC-32 that everybody has")
    func checksum() { #expect(TokenText.crc32(Array("123456789".utf8)) == 0xCBF4_3926) }
}
