// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import flotilla

@Suite("Server-sent events") struct ServerSentEventsTests {
    @Test("events are cut at empty lines, whatever the line breaks", arguments: ["\n", "\r\n", "\r"])
    func lines(_ end: String) {
        var parser = ServerSentEventParser()
        let text = ["id: 7", "event: fleet", "data: {\"a\":1}", "", ": heartbeat", "", "data: one", "data:two", "", ""].joined(
            separator: end)
        #expect(
            parser.parse(Array(text.utf8)) == [
                ServerSentEvent(id: "7", name: "fleet", data: "{\"a\":1}"), ServerSentEvent(data: "one\ntwo"),
            ])
    }

    @Test("an event may come in pieces of any size")
    func pieces() {
        var parser = ServerSentEventParser()
        var events: [ServerSentEvent] = []
        for byte in Array("id: 1\r\ndata: ä\r\n\r\ndata: b\n\n".utf8) { events += parser.parse([byte]) }
        #expect(events == [ServerSentEvent(id: "1", data: "ä"), ServerSentEvent(data: "b")])
    }

    @Test("a line without end is not kept without end")
    func bounded() {
        var parser = ServerSentEventParser()
        #expect(parser.parse([UInt8](repeating: 0x61, count: 3 << 20)).isEmpty)
        #expect(parser.parse(Array("\n\ndata: x\n\n".utf8)) == [ServerSentEvent(data: "x")])
    }
}
