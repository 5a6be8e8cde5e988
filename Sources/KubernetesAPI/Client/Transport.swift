// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Synchronization

/// The HTTP clients of a connection. New ones take their place, on the same thread, when whom they trust has changed.
final class Transport: Sendable {
    private struct Clients {
        var http: HTTPClient
        /// Those of lists and watches: the same one, except that HTTP/2 and the HTTP/1.1 of streams do not share a connection cache.
        /// libcurl would stop to multiplex towards a host that also has HTTP/1.1 connections.
        var streams: HTTPClient
    }

    private let trust: TrustSource
    private let clients: Mutex<Clients>

    init(_ connection: ClusterConnection, _ configuration: HTTPClient.Configuration, sharingThreadOf other: HTTPClient?) {
        trust = TrustSource(connection.trust, connection.trustFiles)
        let http =
            other.map { HTTPClient(configuration: configuration, sharingThreadOf: $0) } ?? HTTPClient(configuration: configuration)
        guard configuration.httpVersion == .http2, other == nil, connection.server.hasPrefix("https:") else {
            clients = Mutex(Clients(http: http, streams: http))
            return
        }
        var streaming = configuration
        streaming.httpVersion = .http1
        clients = Mutex(Clients(http: http, streams: HTTPClient(configuration: streaming)))
    }

    /// The clients to use for a request that is made now.
    var current: (http: HTTPClient, streams: HTTPClient) {
        let news = trust.news()
        return clients.withLock { clients in
            if let news {
                let areOne = clients.http === clients.streams
                clients.http = Self.renewed(clients.http, news)
                clients.streams = areOne ? clients.http : Self.renewed(clients.streams, news)
            }
            return (clients.http, clients.streams)
        }
    }

    private static func renewed(_ client: HTTPClient, _ trust: TrustSettings) -> HTTPClient {
        var configuration = client.configuration
        configuration.trust = trust
        return HTTPClient(configuration: configuration, sharingThreadOf: client)
    }

    func shutdown() async {
        let (http, streams) = clients.withLock { ($0.http, $0.streams) }
        await http.shutdown()
        await streams.shutdown()
    }
}
