// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("What policies grant") struct GrantsTests {
    private static func rule(
        _ role: AccessPolicy.Role, users: [String] = ["ada"], groups: [String] = [], pipelines: Set<String>? = nil,
        environments: Set<String>? = nil
    ) -> AccessRule {
        AccessRule(
            name: "rule", users: users, groups: groups, role: role, scope: Reach.Scope(pipelines: pipelines, environments: environments),
            place: "fleet/access/rule.yaml:3")
    }

    private static func principal(_ name: String, groups: [String] = [], permissions: Set<Permission>? = nil) -> Principal {
        Principal(name: name, displayName: name, groups: groups, means: .token("t1"), permissions: permissions)
    }

    private static func stage(_ pipeline: String, _ environment: String) -> Spot {
        .stages([Spot.Stage(pipeline: pipeline, environment: environment)])
    }

    @Test func nobodyMayDoAnythingUnlessNamed() {
        let grants = Grants([Self.rule(.administrator, users: ["grace"])], for: Self.principal("ada"))
        for permission in Permission.allCases {
            #expect(grants.reach(permission).isNowhere)
            #expect(!grants.allows(permission, .anywhere))
            #expect(!grants.allows(permission, .fleet))
        }
        #expect(Grants([], for: Self.principal("ada")).rules.isEmpty)
    }

    @Test("a role gives its permissions and no others", arguments: AccessPolicy.Role.allCases)
    func roles(_ role: AccessPolicy.Role) {
        let grants = Grants([Self.rule(role)], for: Self.principal("ada"))
        for permission in Permission.allCases {
            #expect(grants.allows(permission, .fleet) == role.permissions.contains(permission))
        }
    }

    @Test func policiesAddUpAndKeepTheirScopesApart() {
        let grants = Grants(
            [
                Self.rule(.operator, pipelines: ["shop"], environments: ["staging"]),
                Self.rule(.approver, users: [], groups: ["leads"], environments: ["production"]),
            ], for: Self.principal("ada", groups: ["leads"]))
        #expect(grants.allows(.operate, Self.stage("shop", "staging")))
        #expect(!grants.allows(.operate, Self.stage("shop", "production")))
        #expect(!grants.allows(.operate, Self.stage("bank", "staging")))
        #expect(grants.allows(.approve, Self.stage("bank", "production")))
        #expect(!grants.allows(.approve, Self.stage("shop", "staging")))
        #expect(grants.allows(.read, Self.stage("shop", "staging")))
        #expect(!grants.allows(.read, Self.stage("bank", "staging")))
        #expect(!grants.allows(.read, .fleet))
    }

    @Test func aTokenOnlyNarrows() {
        let rules = [Self.rule(.operator, environments: ["staging"])]
        let narrow = Grants(rules, for: Self.principal("ada", permissions: [.read, .approve]))
        #expect(narrow.allows(.read, Self.stage("shop", "staging")))
        #expect(!narrow.allows(.operate, Self.stage("shop", "staging")))
        #expect(!narrow.allows(.approve, Self.stage("shop", "staging")))
        var administrator = Principal.administrator
        administrator.permissions = [.read]
        #expect(Grants(rules, for: administrator).allows(.read, .fleet))
        #expect(!Grants(rules, for: administrator).allows(.administer, .fleet))
    }

    @Test func aClusterIsItsEnvironment() {
        let whole = Grants([Self.rule(.operator, environments: ["staging"])], for: Self.principal("ada"))
        let limited = Grants([Self.rule(.operator, pipelines: ["shop"])], for: Self.principal("ada"))
        let staging = Spot.cluster(environment: "staging", pipelines: ["shop", "bank"])
        let other = Spot.cluster(environment: "production", pipelines: ["bank"])
        #expect(whole.allows(.read, staging) && whole.allows(.operate, staging))
        #expect(!whole.allows(.read, other))
        // Seen, but only operated through an application of one's own pipelines.
        #expect(limited.allows(.read, staging) && !limited.allows(.operate, staging))
        #expect(limited.allows(.operate, .partOfCluster(environment: "staging", pipelines: ["shop"])))
        #expect(!limited.allows(.read, other))
        for grants in [whole, limited] { #expect(!grants.allows(.read, .cluster(environment: nil, pipelines: []))) }
    }

    @Test func aPipelineIsSeenByWhoSeesAStage() {
        let grants = Grants([Self.rule(.operator, environments: ["staging"])], for: Self.principal("ada"))
        #expect(grants.allows(.read, .pipeline("shop", environments: ["staging", "production"])))
        #expect(!grants.allows(.read, .pipeline("shop", environments: ["production"])))
        #expect(!grants.allows(.operate, .pipeline("shop", environments: ["staging", "production"])))
        #expect(!grants.allows(.read, .absent))
    }

    @Test func scopesNarrow() {
        let scope = Reach.Scope(pipelines: ["a", "b"], environments: nil).narrowed(to: Reach.Scope(pipelines: ["b"], environments: ["e"]))
        #expect(scope == Reach.Scope(pipelines: ["b"], environments: ["e"]))
        #expect(Reach([Reach.Scope(pipelines: [], environments: nil)]).isNowhere)
        #expect(Reach([scope, .everything]) == .everywhere)
    }

    @Test func rulesAreStoredAsTheyAre() throws {
        let rule = Self.rule(.approver, groups: ["g"], pipelines: ["shop"], environments: nil)
        #expect(try AccessRule(json: rule.json) == rule)
        // What is missing is no limit that was left out.
        var json = try #require(rule.json.map)
        json["pipelines"] = nil
        #expect(throws: (any Error).self) { try AccessRule(json: .map(json)) }
    }
}
