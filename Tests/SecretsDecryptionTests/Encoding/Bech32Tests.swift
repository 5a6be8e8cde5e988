// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import SecretsDecryption

@Suite("Bech32") struct Bech32Tests {
    // BIP 173's own examples.
    @Test(
        "reads what BIP 173 calls valid",
        arguments: [
            "A12UEL5L", "a12uel5l", "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
            "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
            "?1ezyfcl",
        ])
    func valid(_ text: String) throws {
        let (prefix, data) = try Bech32.decode(text)
        #expect(Bech32.encode(prefix: prefix, data) == text.lowercased())
    }

    @Test(
        "refuses everything else",
        arguments: [
            ("pzry9x0s0muk", Bech32.Failure.noSeparator), ("1pzry9x0s0muk", .noSeparator), ("x1b4n0q5v", .invalidCharacter),
            ("li1dgmt3", .checksum), ("A1G7SGD8", .checksum), ("a12UEL5L", .mixedCase), ("", .noSeparator), ("a1", .checksum),
            ("\u{20}1nwldj5", .invalidCharacter), ("ä1nwldj5", .invalidCharacter),
        ])
    func invalid(_ text: String, _ failure: Bech32.Failure) {
        #expect(throws: failure) { try Bech32.decode(text) }
    }

    @Test("comes back from every length of data") func roundTrip() throws {
        var random = SeededNumbers(seed: 1)
        for count in 0..<100 {
            let data = [UInt8].random(count, using: &random)
            #expect(try Bech32.decode(Bech32.encode(prefix: "age", data)).data == data)
        }
    }
}

@Suite("Base64") struct Base64Tests {
    @Test("comes back from every length of data", arguments: [true, false]) func roundTrip(padded: Bool) {
        var random = SeededNumbers(seed: 2)
        for count in 0..<100 {
            let bytes = [UInt8].random(count, using: &random)
            #expect(Base64.decode(Array(Base64.encode(bytes, padded: padded).utf8), padded: padded) == bytes)
        }
    }

    @Test(
        "has one form for each text", arguments: ["Zh==", "Zg", "Zg=", "Zg===", "Z", "Zg==Zg==", "Zm9v=", "Zm 9v", "Zm9v\n", "=", "Zm-v"])
    func strict(_ text: String) {
        #expect(Base64.decode(Array(text.utf8), padded: true) == nil)
    }

    @Test("takes no padding where there must be none", arguments: ["Zg==", "Zh", "Zm9v="]) func unpadded(_ text: String) {
        #expect(Base64.decode(Array(text.utf8), padded: false) == nil)
    }
}
