// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Asks a proxy for a connection to a host, on a socket that is connected to the proxy; blocking.
struct ProxyTunnel {
    let proxy: ProxySettings
    let descriptor: Int32
    let watch: TransferWatch?

    /// Bytes of the proxy's answer.
    private static let answerMax = 16_384

    /// Returns when the socket talks to the host. Not a byte that follows the proxy's answer has been read.
    func open(host: String, port: String) throws(WatchedSocket.Failure) {
        try send(proxy.request(host: host, port: port))
        let words = try head().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), (100...599).contains(status) else {
            throw WatchedSocket.Failure(reason: "the proxy \(proxy) does not answer in HTTP")
        }
        if (200..<300).contains(status) { return }
        let text =
            words.count > 2 ? String(words[2].unicodeScalars.filter { (32..<127).contains($0.value) }.prefix(100).map(Character.init)) : ""
        let reason = "the proxy \(proxy) answers \(status) \(text)".trimmingLast(" ")
        if status == 407 { watch?.interrupt(.credentialRefused(reason: reason)) }
        throw WatchedSocket.Failure(reason: "\(reason), asked for \(host):\(port)")
    }

    private var patience: Duration { watch?.limits.connectTimeout ?? .seconds(15) }

    private func wait(for events: Int32) throws(WatchedSocket.Failure) {
        guard WatchedSocket.wait(descriptor, for: events, patience: patience, doing: "asking the proxy", watch: watch) else {
            throw WatchedSocket.Failure(reason: "the proxy \(proxy) does not answer")
        }
    }

    private func send(_ bytes: [UInt8]) throws(WatchedSocket.Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent >= 0 {
                rest = rest.dropFirst(sent)
            } else if errno == EAGAIN || errno == EINTR {
                try wait(for: POLLOUT)
            } else {
                throw WatchedSocket.Failure(reason: "the proxy \(proxy): \(LocalFiles.reason())")
            }
        }
    }

    /// The first line of the answer, read up to the empty line and no further: behind it the host speaks.
    private func head() throws(WatchedSocket.Failure) -> String {
        let end: [UInt8] = [13, 10, 13, 10]
        var head: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while head.count < Self.answerMax {
            let seen = recv(descriptor, &buffer, buffer.count, Int32(MSG_PEEK))
            if seen < 0 && (errno == EAGAIN || errno == EINTR) {
                try wait(for: POLLIN)
                continue
            }
            guard seen > 0 else {
                let reason = seen == 0 ? "ended the connection" : LocalFiles.reason()
                throw WatchedSocket.Failure(reason: "the proxy \(proxy): \(reason)")
            }
            let start = max(0, head.count - 3)
            let all = head + buffer[..<seen]
            let stop = (start...max(start, all.count - 4)).first { all[$0...].starts(with: end) }.map { $0 + 4 }
            let taken = (stop ?? all.count) - head.count
            guard recv(descriptor, &buffer, taken, 0) == taken, watch?.arrived(taken) ?? true else {
                throw WatchedSocket.Failure(reason: "the proxy \(proxy): receiving was given up")
            }
            head = Array(all.prefix(head.count + taken))
            if stop != nil { return String(decoding: head.prefix { $0 != 13 && $0 != 10 }, as: UTF8.self) }
        }
        throw WatchedSocket.Failure(reason: "the proxy \(proxy) answers with more than \(Self.answerMax) bytes")
    }
}

extension String {
    fileprivate func trimmingLast(_ character: Character) -> String {
        var text = self
        while text.last == character { text.removeLast() }
        return text
    }
}
