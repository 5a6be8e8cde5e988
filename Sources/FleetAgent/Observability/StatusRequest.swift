// SPDX-License-Identifier: Apache-2.0

/// An answer of the agent's little web server.
struct StatusAnswer: Sendable, Hashable {
    var status = 200
    var text: String
    var contentType = "text/plain; charset=utf-8"

    func bytes(headOnly: Bool = false) -> [UInt8] {
        let body = Array(text.utf8)
        let reason =
            switch status {
            case 200: "OK"
            case 400: "Bad Request"
            case 404: "Not Found"
            case 405: "Method Not Allowed"
            case 431: "Request Header Fields Too Large"
            default: "Service Unavailable"
            }
        let head =
            "HTTP/1.1 \(status) \(reason)\r\nContent-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
            + "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\(status == 405 ? "Allow: GET, HEAD\r\n" : "")"
            + "Connection: close\r\n\r\n"
        return Array(head.utf8) + (headOnly ? [] : body)
    }
}

/// Reads the head of a request as it arrives: only its first line matters, bodies are not taken.
struct StatusRequest {
    static let headBytesMax = 8 << 10

    private var bytes: [UInt8] = []

    /// Takes bytes in. Returns the answer once the head is whole, or cannot become so.
    mutating func take(_ new: some Sequence<UInt8>, _ answer: (String) -> StatusAnswer?) -> [UInt8]? {
        bytes += new
        guard let end = endOfHead else {
            guard bytes.count >= Self.headBytesMax else { return nil }
            return StatusAnswer(status: 431, text: "the request's head is longer than \(Self.headBytesMax) bytes\n").bytes()
        }
        guard end <= Self.headBytesMax else {
            return StatusAnswer(status: 431, text: "the request's head is longer than \(Self.headBytesMax) bytes\n").bytes()
        }
        let line = bytes.prefix { $0 != 13 && $0 != 10 }
        let words = line.split(separator: 32, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/") else {
            return StatusAnswer(status: 400, text: "no HTTP/1.1 request\n").bytes()
        }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            return StatusAnswer(status: 405, text: "only GET and HEAD\n").bytes()
        }
        let path = String(words[1].prefix { $0 != "?" })
        let found = answer(path) ?? StatusAnswer(status: 404, text: "there are /healthz, /readyz and /metrics\n")
        return found.bytes(headOnly: words[0] == "HEAD")
    }

    private var endOfHead: Int? {
        // Line feeds alone end lines too, RFC 9112 §2.2.
        var previous = 0
        for (index, byte) in bytes.enumerated() where byte == 10 {
            if index - previous == 0 || (index - previous == 1 && bytes[index - 1] == 13), index > 1 { return index + 1 }
            previous = index + 1
        }
        return nil
    }
}
