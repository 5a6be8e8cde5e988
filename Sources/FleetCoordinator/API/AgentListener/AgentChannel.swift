// SPDX-License-Identifier: Apache-2.0
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// A connection of an agent: HTTP/1.1 within TLS, and whose certificate its peer has shown.
struct AgentChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let http: HTTP1Channel.Value
        let peer: PeerCertificate
        var channel: any Channel { http.channel }
    }

    let base: HTTP1Channel
    let tls: AgentTLS

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let peer = PeerCertificate(channel: channel, authorities: tls.authorities)
        let context = tls.context
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(
                    context: context, customVerificationCallback: { chain, promise in promise.succeed(peer.judge(chain)) },
                    configuration: .init()))
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }.map { Value(http: $0, peer: peer) }
    }

    func handle(value: Value, logger: Logger) async {
        await PeerCertificate.$current.withValue(value.peer) {
            await base.handle(value: value.http, logger: logger)
        }
    }
}
