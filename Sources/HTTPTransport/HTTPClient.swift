// SPDX-License-Identifier: Apache-2.0

/// Sends HTTP requests, many at once, over kept-alive connections.
///
/// All connections live on one thread of the client's own, in one libcurl multi handle. Redirects are not followed: an answer
/// says where to go, and the caller knows whether its credentials may go there too.
package final class HTTPClient: Sendable {
    package enum Version: Sendable {
        case http1
        /// Asked for by ALPN over TLS, with HTTP/1.1 where it is not offered. Streams always use HTTP/1.1 and a connection of
        /// their own: over a shared HTTP/2 connection a slow reader would hold up everyone.
        case http2
    }

    package struct Configuration: Sendable {
        /// The most requests to one host at once, and so of HTTP/1.1 connections in use; further ones wait. 0 means no limit.
        package var connectionsPerHostMax: Int
        package var userAgent: String
        package var trust: TrustSettings
        /// Whether `http_proxy`, `https_proxy` and `no_proxy` (and their upper-case forms) are obeyed.
        package var proxyFromEnvironment: Bool
        package var httpVersion: Version
        /// The receive buffer of each running request, at least 1,024 bytes.
        package var receiveBufferBytes: Int
        /// How long a connection is kept that no request uses, in whole seconds; those older are closed when the next request is sent.
        package var idleConnectionsFor: Duration

        package init(
            connectionsPerHostMax: Int = 128, userAgent: String = "flotilla", trust: TrustSettings = .system,
            proxyFromEnvironment: Bool = true, httpVersion: Version = .http1, receiveBufferBytes: Int = 16_384,
            idleConnectionsFor: Duration = .seconds(118)
        ) {
            self.connectionsPerHostMax = connectionsPerHostMax
            self.userAgent = userAgent
            self.trust = trust
            self.proxyFromEnvironment = proxyFromEnvironment
            self.httpVersion = httpVersion
            self.receiveBufferBytes = receiveBufferBytes
            self.idleConnectionsFor = idleConnectionsFor
        }
    }

    package let configuration: Configuration
    private let loop: TransferLoop

    package init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        loop = TransferLoop()
    }

    /// A client with settings of its own that shares another one's thread, connections and end.
    package init(configuration: Configuration, sharingThreadOf other: HTTPClient) {
        self.configuration = configuration
        loop = other.loop
    }

    /// Sends a request and waits for its whole answer.
    ///
    /// When an HTTP/2 connection breaks, an idempotent request is sent once more, over a new connection.
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let clock = ContinuousClock()
        let end = clock.now + request.deadline
        let first = Exchange(request: request, mode: .whole, configuration: configuration, freshConnection: false)
        await loop.run(first, until: .outcome)
        do {
            return try first.takeResponse()
        } catch  where first.brokeInHTTP2 && request.isIdempotent {
            var again = request
            again.deadline = end - clock.now
            let second = Exchange(request: again, mode: .whole, configuration: configuration, freshConnection: true)
            await loop.run(second, until: .outcome)
            return try second.takeResponse()
        }
    }

    /// Sends a request and returns as soon as the answer's head is there.
    package func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStreamingResponse {
        let exchange = Exchange(request: request, mode: .stream, configuration: configuration, freshConnection: false)
        await loop.run(exchange, until: .head)
        let head = try exchange.takeHead()
        return HTTPStreamingResponse(status: head.status, headers: head.headers, body: HTTPBody(exchange: exchange, loop: loop))
    }

    /// Ends every running exchange with `closed`, closes all connections and ends the thread; later requests fail with `closed`.
    package func shutdown() async { await loop.shutdown() }
}
