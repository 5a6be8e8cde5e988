// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

extension HTTPTestServer {
    /// A connection, as its handler sees it. Requests are read on its own thread; answers may come later and from anywhere.
    package final class Connection: Sendable {
        private let descriptor: Int32
        private let shared: Shared

        init(_ descriptor: Int32, _ shared: Shared) {
            self.descriptor = descriptor
            self.shared = shared
        }

        /// Only now: whoever answers late must not write to whatever has been given the same number.
        deinit { shared.end(descriptor) }

        func serve() {
            var rest: [UInt8] = []
            while let request = read(&rest) {
                shared.state.withLock { $0.requests.append(request) }
                shared.handler(request, self)
            }
            drop()
        }

        /// Sends a whole answer.
        package func respond(_ status: Int, headers: [(String, String)] = [], _ body: [UInt8] = []) {
            send(Self.head(status, headers + [("Content-Length", "\(body.count)")]) + body)
        }

        package func respond(_ status: Int, headers: [(String, String)] = [], json: String) {
            respond(status, headers: [("Content-Type", "application/json")] + headers, Array(json.utf8))
        }

        package func respond(_ status: Int, headers: [(String, String)] = [], text: String) {
            respond(status, headers: [("Content-Type", "text/plain; charset=utf-8")] + headers, Array(text.utf8))
        }

        /// Starts an answer in chunks.
        package func begin(_ status: Int, headers: [(String, String)] = []) {
            send(Self.head(status, headers + [("Transfer-Encoding", "chunked")]))
        }

        /// Sends a chunk; `false` when the client has gone.
        @discardableResult package func chunk(_ bytes: [UInt8]) -> Bool {
            send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10])
        }

        @discardableResult package func chunk(_ text: String) -> Bool { chunk(Array(text.utf8)) }

        package func end() { send(Array("0\r\n\r\n".utf8)) }

        /// Ends the connection, answer or no answer.
        package func drop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

        /// Blocks until the client closes the connection (or sends something).
        package func waitForClose() {
            var byte: UInt8 = 0
            _ = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        }

        @discardableResult package func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        private static func head(_ status: Int, _ headers: [(String, String)]) -> [UInt8] {
            let fields = headers.map { "\($0): \($1)\r\n" }.joined()
            return Array("HTTP/1.1 \(status) Whatever\r\n\(fields)\r\n".utf8)
        }

        private func read(_ rest: inout [UInt8]) -> Request? {
            var head: String?
            while head == nil {
                if let end = Self.endOfHead(rest) {
                    head = String(decoding: rest[..<end], as: UTF8.self)
                    rest.removeFirst(end + 4)
                } else if !receive(&rest) {
                    return nil
                }
            }
            let lines = (head ?? "").split(separator: "\r\n")
            guard let words = lines.first?.split(separator: " "), words.count == 3 else { return nil }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard let name = parts.first else { continue }
                headers[name.lowercased()] = String(parts.count > 1 ? parts[1].drop { $0 == " " } : "")
            }
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            while rest.count < length { if !receive(&rest) { return nil } }
            let body = Array(rest.prefix(length))
            rest.removeFirst(length)
            return Request(method: String(words[0]), target: String(words[1]), headers: headers, body: body, port: clientPort)
        }

        private var clientPort: UInt16 {
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
            }
            return code == 0 ? UInt16(bigEndian: address.sin_port) : 0
        }

        private static func endOfHead(_ bytes: [UInt8]) -> Int? {
            bytes.indices.dropLast(3).first { Array(bytes[$0..<($0 + 4)]) == [13, 10, 13, 10] }
        }

        private func receive(_ rest: inout [UInt8]) -> Bool {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return false }
            rest += buffer[..<count]
            return true
        }
    }
}
