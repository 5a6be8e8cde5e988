// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Ends TLS before a server on this machine that speaks none, and knows of each of that server's connections which certificate was shown.
package final class TLSFront: Sendable {
    fileprivate struct State {
        var context: NIOSSLContext
        var clients: [UInt16: ShownCertificate] = [:]
        var open: [ObjectIdentifier: any Channel] = [:]
    }

    fileprivate final class Shared: Sendable {
        let state: Mutex<State>
        let target: UInt16

        init(_ context: NIOSSLContext, target: UInt16) {
            state = Mutex(State(context: context))
            self.target = target
        }
    }

    private let shared: Shared
    private let listener: any Channel

    /// - Parameters:
    ///   - target: the server's port.
    ///   - authority: issues the certificate that is shown, and those that are accepted.
    package init(before target: UInt16, authority: TestAuthority) async throws {
        let shared = Shared(try Self.context(authority, clients: [authority]), target: target)
        self.shared = shared
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let context = shared.state.withLock { state in
                        state.open[ObjectIdentifier(channel)] = channel
                        return state.context
                    }
                    channel.closeFuture.whenComplete { _ in shared.state.withLock { $0.open[ObjectIdentifier(channel)] = nil } }
                    try channel.pipeline.syncOperations.addHandlers([NIOSSLServerHandler(context: context), Forward(shared)])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    package var port: Int { listener.localAddress?.port ?? 0 }
    package var url: String { "https://127.0.0.1:\(port)" }

    /// What is shown, and who is accepted, from the next connection on.
    package func use(_ authority: TestAuthority, clients: [TestAuthority]) throws {
        let context = try Self.context(authority, clients: clients)
        shared.state.withLock { $0.context = context }
    }

    /// Who a connection of the server's belongs to; `nil` where nothing was shown.
    package func client(_ port: UInt16) -> ShownCertificate? { shared.state.withLock { $0.clients[port] } }

    /// Ends the connections that there are.
    package func closeConnections() {
        for channel in shared.state.withLock({ Array($0.open.values) }) { channel.close(promise: nil) }
    }

    package func stop() async {
        try? await listener.close()
        closeConnections()
    }

    private static func context(_ authority: TestAuthority, clients: [TestAuthority]) throws -> NIOSSLContext {
        let (certificate, key) = try authority.server()
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { NIOSSLCertificateSource.certificate($0) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)))
        configuration.certificateVerification = .optionalVerification
        configuration.trustRoots = .certificates(try clients.flatMap { try NIOSSLCertificate.fromPEMBytes(Array(try $0.pem.utf8)) })
        return try NIOSSLContext(configuration: configuration)
    }
}

/// Carries what a client sends to the server.
private final class Forward: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let shared: TLSFront.Shared
    private var server: EventLoopFuture<any Channel>?

    init(_ shared: TLSFront.Shared) { self.shared = shared }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let server = self.server ?? connect(context)
        self.server = server
        server.whenSuccess { $0.writeAndFlush(bytes, promise: nil) }
    }

    /// Once the handshake is done: then it is known who the client is.
    private func connect(_ context: ChannelHandlerContext) -> EventLoopFuture<any Channel> {
        let client = context.channel
        let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        let shown = certificate.flatMap { try? ShownCertificate(der: $0.toDERBytes()) }
        let shared = shared
        let server = ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Backward(client)) }
            }
            .connect(host: "127.0.0.1", port: Int(shared.target))
            .map { channel in
                if let shown, let port = channel.localAddress?.port {
                    shared.state.withLock { $0.clients[UInt16(port)] = shown }
                }
                return channel
            }
        server.whenFailure { _ in client.close(promise: nil) }
        return server
    }

    func channelInactive(context: ChannelHandlerContext) {
        server?.whenSuccess { $0.close(promise: nil) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Carries what the server answers to the client.
private final class Backward: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: any Channel

    init(_ client: any Channel) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { client.writeAndFlush(unwrapInboundIn(data), promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        client.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
