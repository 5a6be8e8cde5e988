// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

/// One server-sent event.
struct ServerSentEvent: Equatable, Sendable {
    var id: String?
    var name = "message"
    var data = ""
}

/// Cuts a stream of bytes into server-sent events (WHATWG HTML, "Interpreting an event stream").
struct ServerSentEventParser: Sendable {
    private var line: [UInt8] = []
    private var afterReturn = false
    private var event = ServerSentEvent()
    private var hasData = false
    /// Bytes of one line, and of one event's data, before the rest is dropped.
    private let limit = 1 << 20

    /// The events that these bytes complete.
    mutating func parse(_ bytes: [UInt8]) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let isFeedAfterReturn = afterReturn && byte == UInt8(ascii: "\n")
            afterReturn = byte == UInt8(ascii: "\r")
            if isFeedAfterReturn { continue }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if let finished = take(line) { events.append(finished) }
                line.removeAll(keepingCapacity: true)
            } else if line.count < limit {
                line.append(byte)
            }
        }
        return events
    }

    /// Takes one line; an empty one ends the event.
    private mutating func take(_ line: [UInt8]) -> ServerSentEvent? {
        guard !line.isEmpty else {
            defer {
                event = ServerSentEvent()
                hasData = false
            }
            return hasData ? event : nil
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let text = String(decoding: value, as: UTF8.self)
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "id": event.id = text
        case "event": event.name = text
        case "data":
            if event.data.utf8.count + text.utf8.count < limit { event.data += hasData ? "\n\(text)" : text }
            hasData = true
        default: break  // A comment (the heartbeat) or a field that is not ours.
        }
        return nil
    }
}

/// The fleet's events of one connection, as documents.
struct FleetEvents: AsyncSequence, Sendable {
    typealias Element = Value
    let body: HTTPBody

    func makeAsyncIterator() -> Iterator { Iterator(bytes: body.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var bytes: HTTPBody.Iterator
        fileprivate var parser = ServerSentEventParser()
        fileprivate var ready: [Value] = []

        fileprivate init(bytes: HTTPBody.Iterator) { self.bytes = bytes }

        mutating func next() async throws -> Value? {
            while ready.isEmpty {
                guard let chunk = try await bytes.next(isolation: #isolation) else { return nil }
                ready = parser.parse(chunk).compactMap { try? JSON.read($0.data) }
            }
            return ready.removeFirst()
        }
    }
}
