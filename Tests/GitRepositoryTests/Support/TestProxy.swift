// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// An HTTP proxy on this machine that knows CONNECT, and remembers what it was asked for.
final class TestProxy: Sendable {
    private let server: ByteServer
    private let seen = Seen()

    private final class Seen: Sendable { let requests = Mutex<[String]>([]) }

    var port: Int { server.port }
    /// The heads of the requests so far.
    var requests: [String] { seen.requests.withLock { $0 } }

    /// - Parameters:
    ///   - authorization: the value that `Proxy-Authorization` must have.
    ///   - answer: what it answers instead of connecting.
    init(authorization: String? = nil, answer: String? = nil) throws {
        let seen = seen
        server = try ByteServer { client in
            var head = ""
            var byte: UInt8 = 0
            while !head.hasSuffix("\r\n\r\n"), recv(client, &byte, 1, 0) == 1 { head += String(decoding: [byte], as: UTF8.self) }
            seen.requests.withLock { $0.append(head) }
            func say(_ text: String) { _ = send(client, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
            if let answer {
                say(answer)
                shutdown(client, Int32(SHUT_WR))
                return
            }
            if let authorization, !head.contains("\r\nProxy-Authorization: \(authorization)\r\n") {
                say("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n")
                shutdown(client, Int32(SHUT_WR))
                return
            }
            let target = head.split(separator: " ")[1].split(separator: ":")
            guard let port = UInt16(target[target.count - 1]), let host = Self.connect(port) else { return }
            say("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
            // Either direction in a thread of its own.
            Thread.detachNewThread {
                Self.copy(client, host)
                shutdown(host, Int32(SHUT_WR))
            }
            Self.copy(host, client)
            shutdown(client, Int32(SHUT_WR))
        }
    }

    /// Everything is on this machine, whatever it was called.
    private static func connect(_ port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return code == 0 ? descriptor : nil
    }

    private static func copy(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            var offset = 0
            while offset < count {
                let sent = buffer[offset..<count].withUnsafeBytes { send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard sent > 0 else { return }
                offset += sent
            }
        }
    }
}
