// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import flotilla

@Suite("Table") struct TableTests {
    @Test("columns align, the last is not padded, empty cells are dashes")
    func layout() {
        var table = Table(["NAME", "STATE", "NOTE"])
        table.append(["staging-eu-1", "online", ""])
        table.append(["p", "offline", "since noon"])
        #expect(
            table.text() == """
                NAME          STATE    NOTE
                staging-eu-1  online   -
                p             offline  since noon

                """)
    }

    @Test("colour goes around the word, not into the width")
    func colour() {
        var table = Table(["", ""])
        table.append(["verified", "x"])
        #expect(table.text(style: Style(isColoured: true)) == "\u{1B}[32mverified\u{1B}[0m  x\n")
    }

    @Test("control characters from outside do not reach the terminal")
    func escapes() { #expect(Table.visible("a\u{1B}[31mb\nc\u{9B}d") == "a [31mb c d") }
}
