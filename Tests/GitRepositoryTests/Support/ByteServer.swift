// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A port of this machine that does to each connection what a test says, in a thread of its own; it closes with this object.
final class ByteServer: Sendable {
    let port: Int
    private let descriptor: Int32

    /// - Parameter serve: gets each connection's descriptor; afterwards the connection stays open until the client ends it.
    init(_ serve: @escaping @Sendable (Int32) -> Void) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 ? getsockname(descriptor, pointer, &size) : -1
            }
        }
        guard code == 0, listen(descriptor, 16) == 0 else {
            close(descriptor)
            throw ProcessFailure(command: "listen", output: String(cString: strerror(errno)))
        }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread {
                    serve(connection)
                    var rest = [UInt8](repeating: 0, count: 4_096)
                    while recv(connection, &rest, rest.count, 0) > 0 {}
                    close(connection)
                }
            }
        }
    }

    deinit {
        // Wakes the thread that accepts.
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}
