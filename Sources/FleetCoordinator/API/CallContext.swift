// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore

/// What Hummingbird keeps with a request, and where the request came from.
struct CallContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The peer's address without its port; `nil` where the transport has none.
    let remoteAddress: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress
    }
}
