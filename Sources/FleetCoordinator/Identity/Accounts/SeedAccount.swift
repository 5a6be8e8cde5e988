// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// A local account that a coordinator makes when it starts, where there is none of that name: for demonstrations and first steps.
package struct SeedAccount: Sendable, Hashable {
    package var name: String
    package var displayName: String?
    package var email: String?
    package var groups: [String]
    package var password: String

    package init(name: String, displayName: String? = nil, email: String? = nil, groups: [String] = [], password: String) {
        self.name = name
        self.displayName = displayName
        self.email = email
        self.groups = groups
        self.password = password
    }

    /// Reads a list of them under `accounts`; errors never have any of its values.
    package static func list(_ document: Value) throws(ShapeError) -> [SeedAccount] {
        try Fields(document).list("accounts", limit: 1_000) { (item, place) throws(ShapeError) in
            let fields = try Fields(item, at: place)
            return SeedAccount(
                name: try fields.string("name"), displayName: try fields.optionalString("displayName"),
                email: try fields.optionalString("email"), groups: try fields.strings("groups", limit: AccountRules.groupsMax),
                password: try fields.string("password"))
        }
    }
}

extension AccountActions {
    /// Makes those that are not there; one that is keeps its password and groups.
    func seed(_ seeds: [SeedAccount]) async throws {
        for seed in seeds {
            guard try await present(seed.name) == nil else { continue }
            _ = try await create(
                New(
                    name: seed.name, displayName: seed.displayName, email: seed.email, groups: seed.groups, password: seed.password,
                    reason: "seeded when the coordinator was started"), by: Author(name: "coordinator"))
        }
    }
}
