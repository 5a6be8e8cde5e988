// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// The coordinator's HTTP server, as a service: serves until it is told to stop, then lets what is parked go and finishes what is running.
struct HTTPServer: Service {
    struct Configuration: Sendable {
        var host: String
        /// 0 takes a free one.
        var port: Int
        /// Paths of PEM files; TLS is served where both are given.
        var certificatePath: String?
        var keyPath: String?

        init(host: String = "127.0.0.1", port: Int = 0, certificatePath: String? = nil, keyPath: String? = nil) {
            self.host = host
            self.port = port
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }

        var usesTLS: Bool { certificatePath != nil && keyPath != nil }

        /// Whether only this machine can connect.
        var isLoopback: Bool { host == "localhost" || host == "::1" || host == "[::1]" || host.hasPrefix("127.") }
    }

    let responder: RouterResponder<CallContext>
    let configuration: Configuration
    let channel: HTTPServerBuilder
    /// Works beside the server for as long as it runs; ends when it is cancelled.
    let companion: @Sendable () async -> Void
    /// Lets everything go that waits for something to happen.
    let release: @Sendable () -> Void
    let onRunning: @Sendable (_ port: Int) async -> Void
    let logger: Logger

    /// How long a connection may stay without a request, or a request without its next byte; agents' polls come within 50 s.
    private static let idleTimeout = TimeAmount.seconds(120)
    /// Bursts of agents that come back at once must not find the queue full.
    private static let backlog = 4_096

    private static var http: HTTP1Channel.Configuration {
        var http = HTTP1Channel.Configuration(idleTimeout: idleTimeout)
        http.httpDecoder = .init(maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)
        return http
    }

    /// Agents' connections: each takes the TLS that is in force when it comes.
    static func channel(_ tls: AgentTLS) -> HTTPServerBuilder {
        let http = http
        return HTTPServerBuilder { responder in AgentChannel(base: HTTP1Channel(responder: responder, configuration: http), tls: tls) }
    }

    /// The connections' protocol: HTTP/1.1, within TLS where there is a certificate.
    static func channel(_ configuration: Configuration) throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(configuration: http)
        guard let certificatePath = configuration.certificatePath, let keyPath = configuration.keyPath else { return plain }
        let chain = try NIOSSLCertificate.fromPEMFile(certificatePath).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        return try .tls(plain, tlsConfiguration: tls)
    }

    func run() async throws {
        let onRunning = onRunning
        let application = Application(
            responder: responder, server: channel,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil, backlog: Self.backlog),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) }, logger: logger)
        let companion = companion
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await application.run()
                    return true
                }
                group.addTask {
                    await companion()
                    return false
                }
                while let isServer = try await group.next() {
                    if isServer { group.cancelAll() }
                }
            }
        } onGracefulShutdown: {
            release()
        }
    }
}
