// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import PostgresClient

/// Who may do what, and by which policy: `/api/v1/access`.
struct AccessRoutes: Sendable {
    let store: Store
    let time: WallTime

    let accounts: LocalAccounts

    static let groupsMax = 64

    func add(to table: inout RouteTable) {
        table.get(
            "/api/v1/access", .needs(.read, .anywhere),
            "The access policies in force, by name: all for who may read the whole fleet, for others those that name them",
            query: RouteTable.paging, answer: .list(of: "AccessPolicy")
        ) { call in
            let limit = try call.query.limit()
            let after = try call.query.text("after") ?? ""
            let rules = call.reach.isUnlimited ? try await policies().rules : call.grants.rules
            let page = Page(rules.filter { $0.name > after }.sorted { $0.name < $1.name }, limit: limit, key: \.name)
            return .json(page.json(\.shown))
        }
        table.get(
            "/api/v1/access/check", .signedIn, "Whether somebody may do something somewhere, and by which policies",
            query: [
                .required("permission", .string, Permission.allCases.map(\.rawValue).joined(separator: ", ")),
                .optional("user", .string, "whose right; yours when absent. Of others it is told to who may read the whole fleet"),
                .optional(
                    "groups", .string,
                    "groups that the user counts as a member of, separated by commas; those of you and of local accounts are known"),
                .optional("pipeline", .string, "the pipeline; with 'environment', the stage"),
                .optional("environment", .string, "the environment"), .optional("cluster", .string, "the cluster"),
                .optional("application", .string, "the application; with 'cluster', the application there"),
            ], answer: .object("AccessCheck"), check)
    }

    private func policies() async throws -> AccessMemory.Policies { try await store.access.policies(in: store, at: time.now) }

    @Sendable private func check(_ call: Call) async throws -> Reply {
        let text = try call.query.required("permission")
        guard let permission = Permission(rawValue: text) else {
            let known = Permission.allCases.map(\.rawValue)
            throw APIFailure.invalid(
                "there is no permission '\(text.prefix(40))'", hint: Suggestion.hint(for: text, among: known, what: "permissions"))
        }
        let principal = try await principal(call)
        let place = try Self.place(call.query)
        let spot = try await place.find(in: store)
        let policies = try await policies()
        let allowed = spot != .absent && Grants(policies.rules, for: principal).allows(permission, spot)
        let by = principal.isAdministrator ? [] : policies.rules.filter { Grants([$0], for: principal).allows(permission, spot) }
        return .json(
            .map([
                "user": .string(principal.name), "groups": .texts(principal.groups), "permission": .string(permission.rawValue),
                "place": .string("\(place)"), "allowed": .bool(allowed), "policies": .list(by.map(\.shown)),
                "roles": .texts(AccessPolicy.Role.allCases.filter { $0.permissions.contains(permission) }.map(\.rawValue)),
                "commit": Value(policies.commit),
            ]))
    }

    /// Of whom is asked: by default the caller, with all that their credential is narrowed to.
    private func principal(_ call: Call) async throws -> Principal {
        let caller = try call.principal()
        let user = try call.query.text("user")
        let named = try call.query.text("groups")?.split(separator: ",").map(String.init)
        guard (named?.count ?? 0) <= Self.groupsMax else { throw APIFailure.invalid("'groups' names more than \(Self.groupsMax)") }
        guard let user, user != caller.name else {
            guard let named else { return caller }
            try call.require(.read, .fleet, "the whole fleet")
            var other = caller
            other.groups = named
            return other
        }
        try call.require(.read, .fleet, "the whole fleet")
        // Groups of an identity provider's accounts come with their sign-in: they have to be named.
        let own = try await accounts.account(user)?.groups
        return Principal(name: user, displayName: user, groups: named ?? own ?? [], means: .token("check"))
    }

    private static func place(_ query: Query) throws -> Where {
        var path: [String: String] = [:]
        for name in ["pipeline", "environment", "cluster", "application"] { path[name] = try query.text(name) }
        switch (path["pipeline"], path["environment"], path["cluster"], path["application"]) {
        case (nil, nil, nil, nil): return Where(.fleet, path)
        case (_?, nil, nil, nil): return Where(.pipeline, path)
        case (_?, _?, nil, nil): return Where(.stage, path)
        case (nil, _?, nil, nil): return Where(.environment, path)
        case (nil, nil, _?, nil): return Where(.cluster, path)
        case (nil, nil, nil, _?): return Where(.application, path)
        case (nil, nil, _?, _?): return Where(.instance, path)
        default: throw APIFailure.invalid("name a stage, or a pipeline, environment, cluster, or application (with its cluster)")
        }
    }
}

extension AccessRule {
    /// As people are shown it.
    var shown: Value {
        .map([
            "name": .string(name), "role": .string(role.rawValue), "permissions": .texts(role.permissions.map(\.rawValue).sorted()),
            "users": .texts(users), "groups": .texts(groups), "pipelines": scope.pipelines.map { .texts($0.sorted()) } ?? .null,
            "environments": scope.environments.map { .texts($0.sorted()) } ?? .null, "declared": .string(place),
        ])
    }
}
