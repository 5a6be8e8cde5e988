// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Makes an account of what a provider claims; whatever is missing is a refusal that says what to do.
struct ClaimReading: Sendable {
    let settings: ProviderSettings

    /// Groups in one claim.
    static let claimedMax = 2_000

    /// Whether the claims lack something that the provider may tell elsewhere.
    func needsMore(_ claims: Value) -> Bool {
        if claim(settings.claims.account, in: claims) == nil { return true }
        guard let groups = settings.claims.groups else { return false }
        return claim(groups, in: claims) == nil && overage(claims) == nil
    }

    func account(_ claims: Value, at now: Timestamp) throws(ProviderRefusal) -> ProviderAccount {
        for (name, wanted) in settings.requiredClaims.sorted(by: { $0.key < $1.key }) {
            guard claim(name, in: claims)?.string == wanted else {
                throw refusal("its claim '\(name)' is not what 'requiredClaims' asks for")
            }
        }
        let name = try accountName(claims)
        let claimed = try groups(claims)
        guard settings.requiredGroups.isEmpty || settings.requiredGroups.contains(where: { claimed.contains($0) }) else {
            throw refusal("it is in none of the groups that are let in")
        }
        let shown = claim(settings.claims.name, in: claims)?.string.flatMap {
            $0.isEmpty ? nil : try? AccountRules.checked(text: $0, "name")
        }
        let email = claim(settings.claims.email, in: claims)?.string.flatMap { try? AccountRules.checked(email: $0) }
        return ProviderAccount(
            provider: settings.name, name: name, displayName: shown ?? name, email: email, groups: try mapped(claimed), seenAt: now)
    }

    private func accountName(_ claims: Value) throws(ProviderRefusal) -> String {
        let name = settings.claims.account
        guard let text = claim(name, in: claims)?.string, !text.isEmpty else {
            throw refusal(
                "the claim '\(name)', which names accounts, is missing or empty",
                hint: "ask for a scope that brings it, or name another claim as 'claims.account' in the file of providers")
        }
        if name == "email" {
            guard claims["email_verified"] == .bool(true) || claims["email_verified"]?.string == "true" else {
                throw refusal(
                    "its address is not verified: anybody could have typed it",
                    hint: "have the provider verify it, or take another claim as 'claims.account'")
            }
        }
        let lowercase = text.lowercased()
        guard AccountRules.isName(lowercase) else {
            throw refusal("the claim '\(name)' is no name for an account", hint: AccountRules.nameRule)
        }
        return lowercase
    }

    /// The provider's own names of the account's groups.
    private func groups(_ claims: Value) throws(ProviderRefusal) -> [String] {
        guard let name = settings.claims.groups else { return [] }
        if let overage = overage(claims), claim(name, in: claims) == nil { throw overage }
        let missing = refusal(
            "the claim '\(name)', which has the groups, is missing or empty",
            hint: "have the provider put the groups into the ID token or the user info, or put the account into a group; "
                + "without 'claims.groups' in the file of providers no groups are asked for")
        switch claim(name, in: claims) {
        case .string(let one)?:
            guard !one.isEmpty else { throw missing }
            return [one]
        case .list(let items)?:
            guard items.count <= Self.claimedMax else { throw refusal("it is in more than \(Self.claimedMax) groups") }
            let names = items.compactMap(\.string).filter { !$0.isEmpty }
            guard !names.isEmpty, names.count == items.count else { throw missing }
            return names
        default: throw missing
        }
    }

    /// Groups that are kept elsewhere because there are too many (OpenID Connect Core 1.0 §5.6.2, as Entra ID does it).
    private func overage(_ claims: Value) -> ProviderRefusal? {
        guard let name = settings.claims.groups, claims["_claim_names"]?[name] != nil || claims["hasgroups"]?.bool == true else {
            return nil
        }
        return refusal(
            "it is in so many groups that the provider leaves them out of the token",
            hint: "have the provider send only the groups that are assigned to this application, or its roles ('claims.groups: roles')")
    }

    /// What the groups are called here: by the map, or with the prefix. Of those that have no name here, nothing remains.
    private func mapped(_ claimed: [String]) throws(ProviderRefusal) -> [String] {
        let names: [String]
        if let map = settings.groups.map {
            names = claimed.flatMap { map[$0] ?? [] }
        } else {
            names = claimed.map { settings.groups.prefix + $0 }.filter { (try? AccountRules.checked(groups: [$0])) != nil }
        }
        let unique = Array(Set(names)).sorted()
        guard unique.count <= AccountRules.groupsMax else {
            throw refusal(
                "it is in more than \(AccountRules.groupsMax) groups",
                hint: "say with 'groups.map' in the file of providers which of them count here")
        }
        return unique
    }

    /// A member of this name; or else what a path of such names leads to.
    private func claim(_ name: String, in claims: Value) -> Value? {
        if let value = claims[name] { return value.isNull ? nil : value }
        var value: Value? = claims
        for part in name.split(separator: ".", omittingEmptySubsequences: false) { value = value?[String(part)] }
        return value?.isNull == true ? nil : value
    }

    private func refusal(_ why: String, hint: String? = nil) -> ProviderRefusal {
        ProviderRefusal(.account, "'\(settings.displayName)' has signed the account in, but it is not let in here: \(why)", hint: hint)
    }
}
