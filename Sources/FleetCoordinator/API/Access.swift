// SPDX-License-Identifier: Apache-2.0

/// Who may call a route. Every route says it: there is no default, and no route without one can be written down.
enum Access: Sendable, Hashable {
    /// Anybody: health checks, the webhook, and what the sign-in page needs.
    case open
    /// A cluster's agent, by its credential.
    case agent
    /// An agent that has no certificate yet: its one-time token is in the body, and the handler judges it.
    case enrolment
    /// Anybody who is signed in, about themselves: who am I, my tokens, sign out.
    case signedIn
    /// Who has the permission at the place that the path names.
    case needs(Permission, Place)
    /// As `needs`, for a page for people: a browser without a session is sent to the sign-in page.
    case page(Permission, Place)
    /// Who may read the fleet; and everybody while the coordinator listens on loopback only.
    case monitoring

    /// A page or a form for people.
    var isPage: Bool { if case .page = self { true } else { false } }

    /// What a route is about: which scope of a role it needs. The names are those of the path's parameters.
    enum Place: String, Sendable, CaseIterable {
        /// A list or a summary: any scope will do, and what is outside of it is left out.
        case anywhere
        /// The fleet as a whole: only a role without limits will do.
        case fleet
        /// `{pipeline}`
        case pipeline
        /// `{pipeline}` in `{environment}`
        case stage
        /// `{environment}`, whatever the pipeline
        case environment
        /// `{cluster}`, by its environment
        case cluster
        /// `{cluster}`, or only an application there: the body says which, and the handler asks for it
        case partOfCluster
        /// `{application}`, by its pipeline
        case application
        /// `{application}` on `{cluster}`
        case instance
    }
}

/// Who is calling, as far as the route's access asked.
enum Caller: Sendable, Equatable {
    case anybody
    case agent(AgentIdentity)
    case person(Principal)
}
