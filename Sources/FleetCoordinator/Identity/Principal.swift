// SPDX-License-Identifier: Apache-2.0

/// Who calls: a person, or a program that calls in a person's name.
struct Principal: Sendable, Hashable {
    /// How the caller has shown who it is.
    enum Means: Sendable, Hashable {
        /// The administrator's token of the data folder: the way in before there are accounts, and when nothing else works.
        case administratorToken
        /// A browser's session, by its public identifier.
        case session(String)
        /// An API token, by its public identifier.
        case token(String)
    }

    /// The account's name: what access policies name, and what records and the audit trail keep.
    var name: String
    var displayName: String
    var email: String?
    var groups: [String] = []
    var means: Means
    /// What the credential itself is narrowed to; `nil` is all that the account may.
    var permissions: Set<Permission>?
    /// What a form of this session must carry; `nil` where no browser sends the credential by itself.
    var csrfSecret: String?

    /// The name under which the administrator's token acts.
    static let administratorName = "administrator"

    static let administrator = Principal(name: administratorName, displayName: "Administrator", means: .administratorToken)
}

/// Who did something, as records, events and the audit trail keep it.
struct Author: Sendable, Hashable {
    var name: String
    /// How they were known: `administrator token`, `session 4f…`, `token ci-1`, or a part of the coordinator.
    var means: String
    /// Where the call came from; `nil` for what the coordinator does itself.
    var address: String?
    /// The person, by whose rights what they do is judged; `nil` for what the coordinator does itself.
    var principal: Principal?

    init(name: String, means: String = "coordinator", address: String? = nil, principal: Principal? = nil) {
        self.name = name
        self.means = means
        self.address = address
        self.principal = principal
    }
}

extension Principal.Means: CustomStringConvertible {
    var description: String {
        switch self {
        case .administratorToken: "administrator token"
        case .session(let id): "session \(id)"
        case .token(let id): "token \(id)"
        }
    }
}
