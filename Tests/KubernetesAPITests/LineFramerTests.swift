// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import KubernetesAPI

@Suite("LineFramer") struct LineFramerTests {
    @Test("cuts lines, however the bytes arrive", arguments: [1, 2, 3, 5, 100]) func lines(step: Int) throws {
        let bytes = Array("one\n\ntwo\nthree is longer\nrest".utf8)
        var framer = LineFramer(lineBytesMax: 15)
        var found: [String] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            framer.append(Array(bytes[start..<min(start + step, bytes.count)]))
            while let line = try framer.next() { found.append(String(decoding: line, as: UTF8.self)) }
        }
        #expect(found == ["one", "two", "three is longer"])
        #expect(framer.hasRest)
    }

    @Test("a line beyond the limit is refused, finished or not", arguments: ["123456", "123456\n", "a\n123456\n"])
    func tooLong(_ text: String) throws {
        var framer = LineFramer(lineBytesMax: 5)
        framer.append(Array(text.utf8))
        #expect(throws: LineFramer.LineTooLong.self) { while try framer.next() != nil {} }
    }
}
