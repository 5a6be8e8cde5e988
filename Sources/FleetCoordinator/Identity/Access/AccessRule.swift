// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests

/// One access policy as it is in force: who has which role, and where; kept with the fleet commit that declares it.
struct AccessRule: Sendable, Hashable {
    var name: String
    var users: [String]
    var groups: [String]
    var role: AccessPolicy.Role
    var scope: Reach.Scope
    /// Where it is declared: `fleet/access/web-team.yaml:2`.
    var place: String

    /// What it says, without its place: a policy that only moved in its file has not changed.
    var meaning: AccessRule {
        var rule = self
        rule.place = ""
        return rule
    }

    func names(_ principal: Principal) -> Bool { users.contains(principal.name) || groups.contains { principal.groups.contains($0) } }
}

extension AccessRule {
    init(_ policy: AccessPolicy, place: String) {
        name = policy.name
        users = policy.subjects.compactMap { if case .user(let name) = $0 { name } else { nil } }
        groups = policy.subjects.compactMap { if case .group(let name) = $0 { name } else { nil } }
        role = policy.role
        scope = Reach.Scope(pipelines: policy.pipelines.map(Set.init), environments: policy.environments.map(Set.init))
        self.place = place
    }

    /// The policies of a fleet commit, by name.
    static func all(of fleet: Fleet, in files: [ReadFile]) -> [AccessRule] {
        guard !fleet.accessPolicies.isEmpty else { return [] }
        let places = DeclarationPlaces(files)
        return fleet.accessPolicies.map { policy in
            let subject = Subject(.accessPolicy, policy.name)
            let line = places.mark(of: subject, at: ["metadata", "name"])?.line
            return AccessRule(policy, place: (places.file(of: subject) ?? "fleet") + (line.map { ":\($0)" } ?? ""))
        }
    }

    // MARK: - As it is stored

    var json: Value {
        .map([
            "name": .string(name), "users": .texts(users), "groups": .texts(groups), "role": .string(role.rawValue),
            "pipelines": scope.pipelines.map { .texts($0.sorted()) } ?? .null,
            "environments": scope.environments.map { .texts($0.sorted()) } ?? .null, "place": .string(place),
        ])
    }

    /// - Throws: where it is none: nothing is granted by what cannot be read.
    init(json: Value) throws {
        let fields = try Fields(json)
        name = try fields.string("name")
        users = try Self.texts(json["users"])
        groups = try Self.texts(json["groups"])
        guard let role = AccessPolicy.Role(rawValue: try fields.string("role")) else { throw AccessRuleError(policy: name) }
        self.role = role
        scope = Reach.Scope(pipelines: try Self.limit(json["pipelines"]), environments: try Self.limit(json["environments"]))
        place = try fields.string("place")
    }

    private static func texts(_ value: Value?) throws -> [String] {
        guard let list = value?.list else { throw AccessRuleError(policy: "") }
        return try list.map { item in
            guard let text = item.string else { throw AccessRuleError(policy: "") }
            return text
        }
    }

    /// `null` is no limit; a member that is missing is an error, not the widest scope.
    private static func limit(_ value: Value?) throws -> Set<String>? {
        guard let value else { throw AccessRuleError(policy: "") }
        return value.isNull ? nil : Set(try texts(value))
    }
}

/// A stored policy that cannot be read.
struct AccessRuleError: Error, CustomStringConvertible {
    var policy: String
    var description: String { "the stored access policy '\(policy)' cannot be read" }
}
