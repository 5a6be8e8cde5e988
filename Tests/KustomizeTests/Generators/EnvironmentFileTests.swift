// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Kustomize

struct EnvironmentFileTests {
    private func parse(_ bytes: [UInt8]) throws -> [String] { try EnvironmentFile.parse(bytes).map { "\($0.key)|\($0.value)" } }

    @Test(arguments: [
        ("A=1\nB=2\n", ["A|1", "B|2"]), ("A=1\r\nB=2\r\n", ["A|1", "B|2"]), ("  A= 1 \n", ["A| 1 "]), ("\u{00A0}A=1", ["A|1"]),
        ("# A=1\n\n   \n  #x\nB=2", ["B|2"]), ("A", ["A|"]), ("A=b=c", ["A|b=c"]), ("A=\"x\"", ["A|\"x\""]), ("export A=1", ["export A|1"]),
        ("=x\nA=1", ["A|1"]), ("", []), ("\u{FEFF}A=1\n\u{FEFF}B=1", ["A|1", "\u{FEFF}B|1"]),
    ])
    func linesBecomePairs(text: String, pairs: [String]) throws {
        #expect(try parse(Array(text.utf8)) == pairs)
    }

    @Test func whatFollowsAnOverlongLineIsMissing() throws {
        let longest = "B=" + String(repeating: "x", count: EnvironmentFile.lineBytesMax - 2)
        #expect(try parse(Array("A=1\n\(longest)\nC=3".utf8)).count == 3)
        #expect(try parse(Array("A=1\n\(longest)x\nC=3".utf8)) == ["A|1"])
    }

    @Test func aLineThatIsNotUTF8IsNamed() {
        #expect(throws: EnvironmentFile.Malformed(line: 2)) { try EnvironmentFile.parse(Array("A=1\nB=".utf8) + [0xFF]) }
    }
}
