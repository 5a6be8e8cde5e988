// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests

/// One's own account: who one is, where one is signed in, and which tokens act in one's name.
struct AccountPage: Sendable {
    struct NewToken: Sendable {
        var tokenName: String
        /// Shown here, once.
        var text: String
        var until: String
    }

    struct SessionLine: Sendable {
        var key: String
        var browser: String
        var origin: String
        var begun: String
        var seen: String
        var status: [Badge]
        /// Where it is ended; none for the one that looks.
        var endings: [String]
    }

    struct TokenLine: Sendable {
        var key: String
        var label: String
        var limits: String
        var made: String
        var used: String
        var status: [Badge]
        var ends: String
        var revocation: String
    }

    var page: PageFrame
    var heading: String
    var facts: [Fact]
    var newTokens: [NewToken] = []
    var sessions: [SessionLine]
    var hasOtherSessions: Bool
    var tokens: [TokenLine]
    /// The roles that a token may be narrowed to.
    var roles: [String]
    var mayMakeTokens: Bool
    var mayChangePassword: Bool
    /// The shortest password.
    var passwordMin: String
}

extension Presenting {
    func accountPage(
        _ principal: Principal, sessions: [SessionReading], tokens: [TokenReading], made: TokenActions.Made?, roles: [String],
        notices: [PageFrame.Notice]
    ) -> AccountPage {
        var facts = [Fact(label: "Account", value: principal.name)]
        if let email = principal.email { facts.append(Fact(label: "E-mail", value: email)) }
        facts.append(Fact(label: "Groups", value: principal.groups.isEmpty ? "none" : principal.groups.joined(separator: ", ")))
        let kept =
            switch principal.origin {
            case .builtIn: "The coordinator's data folder"
            case .local: "The coordinator's local accounts"
            case .provider(let name): "The identity provider \(name)"
            }
        facts.append(Fact(label: "Kept in", value: kept))
        facts.append(Fact(label: "Known by", value: principal.spokenMeans))
        if let ends = principal.expiresAt { facts.append(Fact(label: "Signed in until", value: ends.rfc3339)) }
        let isSession = if case .session = principal.means { true } else { false }
        return AccountPage(
            page: frame("Account", here: "/account", live: false, notices: notices), heading: principal.displayName, facts: facts,
            newTokens: made.map { [AccountPage.NewToken(tokenName: $0.token.name, text: $0.text, until: $0.token.expiresAt.rfc3339)] }
                ?? [],
            sessions: sessions.map { line($0, isOwn: principal.means == .session($0.id)) },
            hasOtherSessions: sessions.contains { principal.means != .session($0.id) }, tokens: tokens.map { line($0) }, roles: roles,
            mayMakeTokens: !principal.isAdministrator, mayChangePassword: principal.origin == .local && isSession,
            passwordMin: "\(AccountRules.passwordMin)")
    }

    private func line(_ session: SessionReading, isOwn: Bool) -> AccountPage.SessionLine {
        AccountPage.SessionLine(
            key: "session-\(session.id)", browser: session.agent.isEmpty ? "unknown" : session.agent,
            origin: "\(session.means.rawValue)\(session.address.map { ", from \($0)" } ?? "")", begun: ago(session.createdAt),
            seen: ago(session.seenAt), status: isOwn ? [Badge(.current, "This one")] : [],
            endings: isOwn ? [] : ["/account/sessions/\(session.id)/end"])
    }

    private func line(_ token: TokenReading) -> AccountPage.TokenLine {
        var limits = [token.role.map { "\($0.rawValue)s’ rights" } ?? "all that the account may"]
        if let pipelines = token.narrowing?.pipelines { limits.append("in \(pipelines.joined(separator: ", "))") }
        if let environments = token.narrowing?.environments { limits.append("in \(environments.joined(separator: ", "))") }
        let hasEnded = token.expiresAt <= now
        return AccountPage.TokenLine(
            key: "token-\(token.id)", label: token.name, limits: limits.joined(separator: ", "), made: ago(token.createdAt),
            used: token.usedAt.map { "\(ago($0))\(token.usedFrom.map { ", from \($0)" } ?? "")" } ?? "never",
            status: hasEnded ? [Badge(.offline, "Ended")] : [], ends: token.expiresAt.rfc3339,
            revocation: "/account/tokens/\(token.id)/revoke")
    }
}
