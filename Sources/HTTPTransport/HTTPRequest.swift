// SPDX-License-Identifier: Apache-2.0

/// One HTTP request and the limits it is made under.
package struct HTTPRequest: Sendable {
    /// The method, in capitals, for example `GET`.
    package var method: String
    /// An absolute `http://` or `https://` URL, already percent-encoded.
    package var url: String
    /// Header fields in the order they are sent. A name or value with a line break or a NUL is refused.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// The longest a whole exchange may take, from the call until the last byte of the answer. Streams have no deadline.
    package var deadline: Duration
    /// The longest it may take until a connection stands (name, TCP, proxy, TLS, and waiting for a free connection).
    package var connectTimeout: Duration
    /// The longest nothing may arrive, from the start on; `nil` waits as long as the peer's TCP answers. A reader that holds a
    /// stream back stops this clock.
    package var idleTimeout: Duration?
    /// The most bytes of a whole answer that are accepted, counted after decompression. Streams are held back instead.
    package var responseBytesMax: Int
    /// Asks for a compressed answer, which arrives decompressed.
    package var acceptGzip: Bool
    /// Whether the request may be sent a second time when a connection breaks before an answer.
    package var isIdempotent: Bool
    /// The size of the receive buffer, instead of the client's; small ones save memory where an answer is awaited for long.
    package var receiveBufferBytes: Int?

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        deadline: Duration = .seconds(30), connectTimeout: Duration = .seconds(10), idleTimeout: Duration? = nil,
        responseBytesMax: Int = 16 << 20, acceptGzip: Bool = false, isIdempotent: Bool? = nil, receiveBufferBytes: Int? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadline = deadline
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.responseBytesMax = responseBytesMax
        self.acceptGzip = acceptGzip
        self.isIdempotent = isIdempotent ?? ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"].contains(method)
        self.receiveBufferBytes = receiveBufferBytes
    }

    /// The URL as it may be shown: without user, password, query and fragment, any of which can be secret.
    package var endpoint: String { Self.endpoint(of: url) }

    package static func endpoint(of url: String) -> String {
        let bytes = Array(url.utf8)
        let end = bytes.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? bytes.endIndex
        var start = bytes.startIndex
        for index in bytes.indices.dropLast(2) where index < end {
            if bytes[index] == UInt8(ascii: ":"), bytes[index + 1] == UInt8(ascii: "/"), bytes[index + 2] == UInt8(ascii: "/") {
                start = index + 3
                break
            }
        }
        guard start <= end else { return String(decoding: bytes[..<end], as: UTF8.self) }
        let authorityEnd = bytes[start..<end].firstIndex(of: UInt8(ascii: "/")) ?? end
        let host = bytes[start..<authorityEnd].lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? start
        return String(decoding: bytes[..<start] + bytes[host..<end], as: UTF8.self)
    }
}
