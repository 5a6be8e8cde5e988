// SPDX-License-Identifier: Apache-2.0
import Manifests

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

    /// Where the account is kept.
    enum Origin: Sendable, Hashable {
        /// The administrator of the data folder, who needs no policy: the way in before there are accounts, and when nothing else works.
        case builtIn
        /// The file of accounts in the key folder.
        case local
        /// An identity provider, by its name in the configuration.
        case provider(String)
    }

    /// What an API token is narrowed to; it never gives what the account may not.
    struct Narrowing: Sendable, Hashable {
        /// `nil` is every pipeline.
        var pipelines: [String]?
        /// `nil` is every environment.
        var environments: [String]?
    }

    /// The account's name: what access policies name, and what records and the audit trail keep.
    var name: String
    var displayName: String
    var email: String?
    var groups: [String] = []
    /// Where the account is kept: equal names of different origins are different accounts.
    var origin = Origin.local
    var means: Means
    /// What the credential itself is narrowed to; `nil` is all that the account may.
    var permissions: Set<Permission>?
    /// Where the credential itself may be used; `nil` is wherever the account may act.
    var narrowing: Narrowing?
    /// When the credential ends; `nil` where it does not end by itself.
    var expiresAt: Timestamp?
    /// What a form of this session must carry; `nil` where no browser sends the credential by itself.
    var csrfSecret: String?

    /// The name under which the administrator's token acts.
    static let administratorName = "administrator"

    static let administrator = Principal(
        name: administratorName, displayName: "Administrator", origin: .builtIn, means: .administratorToken)

    /// How the caller was known, as the audit trail keeps it; a session of the built-in administrator says so.
    var spokenMeans: String {
        if case .session(let id) = means, origin == .builtIn { return "administrator token, session \(id)" }
        return "\(means)"
    }
}

extension Principal.Origin: RawRepresentable {
    private static let providerPrefix = "provider:"

    init?(rawValue: String) {
        switch rawValue {
        case "builtin": self = .builtIn
        case "local": self = .local
        default:
            guard rawValue.hasPrefix(Self.providerPrefix) else { return nil }
            self = .provider(String(rawValue.dropFirst(Self.providerPrefix.count)))
        }
    }

    /// As it stands in the database and in answers.
    var rawValue: String {
        switch self {
        case .builtIn: "builtin"
        case .local: "local"
        case .provider(let name): Self.providerPrefix + name
        }
    }
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
