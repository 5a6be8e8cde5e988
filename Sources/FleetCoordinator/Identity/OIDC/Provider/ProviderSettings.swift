// SPDX-License-Identifier: Apache-2.0

/// One identity provider, as the coordinator's file of providers describes it.
struct ProviderSettings: Sendable, Hashable {
    /// Names of claims. One that is no member itself is a path through the claims, in parts that dots divide.
    struct Claims: Sendable, Hashable {
        var account = "preferred_username"
        var name = "name"
        var email = "email"
        /// `nil` where the provider tells of no groups.
        var groups: String?
    }

    /// What the provider's groups are called here.
    struct Groups: Sendable, Hashable {
        /// Where there is one, only the groups in it count.
        var map: [String: [String]]?
        /// Begins every group's name where there is no `map`.
        var prefix = ""
    }

    /// In addresses, in accounts' origins and in the audit trail: a-z, 0-9 and dashes.
    var name: String
    var displayName: String
    /// Exactly as the provider calls itself.
    var issuer: WebAddress
    var clientID: String
    /// `nil` for a public client.
    var clientSecret: String?
    var scopes = ["openid", "profile", "email"]
    var claims = Claims()
    var groups = Groups()
    /// The provider's names of groups, one of which an account must be in; empty lets everybody in.
    var requiredGroups: [String] = []
    /// Claims that must have these texts.
    var requiredClaims: [String: String] = [:]
    /// Audiences that a token may have besides the client.
    var audiences: [String] = []
    /// PEM certificates that are trusted instead of the system's.
    var certificateAuthority: [UInt8]?

    init(name: String, displayName: String? = nil, issuer: WebAddress, clientID: String) {
        self.name = name
        self.displayName = displayName ?? name
        self.issuer = issuer
        self.clientID = clientID
    }

    static func isName(_ text: String) -> Bool {
        text.utf8.count <= 40 && !text.hasPrefix("-") && !text.isEmpty
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
}
