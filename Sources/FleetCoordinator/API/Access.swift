// SPDX-License-Identifier: Apache-2.0

/// Who may call a route. Every route says it: there is no default, and no route without one can be written down.
enum Access: String, Sendable, CaseIterable {
    /// Anybody: health checks, the webhook, and what the sign-in page needs.
    case open
    /// A cluster's agent, by its bearer token.
    case agent
    /// An administrator, by bearer token or by the session cookie of a signed-in browser.
    case administrator
    /// A page for people: a browser without a session is sent to the sign-in page.
    case page
    /// As `administrator`, and open to everybody while the coordinator listens on loopback only.
    case monitoring
}

/// Who is calling, as far as the route's access asked.
enum Caller: Sendable, Equatable {
    case anybody
    case agent(cluster: String)
    /// `session` is the cookie that the browser sent; `nil` for a bearer token, which no other site can make a browser send.
    case administrator(session: String?)
}
