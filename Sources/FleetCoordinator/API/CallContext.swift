// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore

/// What Hummingbird keeps with a request, where the request came from, and whose certificate the connection has shown.
struct CallContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The peer's address without its port; `nil` where the transport has none.
    let remoteAddress: String?
    /// On the agents' listener alone.
    let peer: PeerCertificate?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress
        peer = PeerCertificate.current
    }
}
