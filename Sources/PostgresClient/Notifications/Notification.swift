// SPDX-License-Identifier: Apache-2.0

/// What a listener is told.
package enum Notification: Sendable, Equatable {
    /// From here on the server's notifications arrive; earlier ones may have been missed, so the listener reads its tables again.
    case reconnected
    /// A `NOTIFY` of another session, after its commit.
    case message(channel: String, payload: String)
}
