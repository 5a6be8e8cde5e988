// SPDX-License-Identifier: Apache-2.0
import FleetModel

/// What a caller may do, and where: what the policies in force give to an account and its groups, narrowed by the credential.
///
/// Policies add up; none takes anything away. Whoever no policy names may do nothing.
struct Grants: Sendable, Hashable {
    private let reaches: [Permission: Reach]
    /// The policies that name the caller, by name; none for the administrator's token.
    let rules: [AccessRule]
    /// Of the administrator's token, which needs no policy.
    let isAdministratorToken: Bool

    /// Of callers that are no persons, and of persons whom nobody has given anything.
    static let nothing = Grants(rules: [], reaches: [:], isAdministratorToken: false)

    private init(rules: [AccessRule], reaches: [Permission: Reach], isAdministratorToken: Bool) {
        self.rules = rules
        self.reaches = reaches
        self.isAdministratorToken = isAdministratorToken
    }

    init(_ policies: [AccessRule], for principal: Principal) {
        let isAdministrator = principal.isAdministrator
        let rules = isAdministrator ? [] : policies.filter { $0.names(principal) }
        var reaches: [Permission: Reach] = [:]
        for permission in Permission.allCases where principal.permissions?.contains(permission) ?? true {
            var scopes = isAdministrator ? [.everything] : rules.filter { $0.role.permissions.contains(permission) }.map(\.scope)
            if let narrowing = principal.narrowing { scopes = scopes.map { $0.narrowed(to: Reach.Scope(narrowing)) } }
            reaches[permission] = Reach(scopes)
        }
        self.init(rules: rules, reaches: reaches, isAdministratorToken: isAdministrator)
    }

    /// Where the permission holds.
    func reach(_ permission: Permission) -> Reach { reaches[permission] ?? .nowhere }

    func allows(_ permission: Permission, _ spot: Spot) -> Bool {
        let reach = reach(permission)
        if reach.isUnlimited { return true }
        let isReading = permission == .read
        switch spot {
        case .anywhere: return !reach.isNowhere
        case .fleet: return false
        case .stages(let stages): return stages.contains { reach.covers($0.pipeline, $0.environment) }
        case .pipeline(let name, let environments):
            return isReading ? environments.contains { reach.covers(name, $0) } : reach.coversAll(ofPipeline: name)
        case .environment(let name, let pipelines):
            return isReading ? reach.touches(environment: name, pipelines: pipelines) : reach.coversAll(of: name)
        case .cluster(let environment, let pipelines):
            return isReading ? reach.touches(environment: environment, pipelines: pipelines) : reach.coversAll(of: environment)
        case .partOfCluster(let name, let pipelines): return reach.touches(environment: name, pipelines: pipelines)
        case .absent: return false
        }
    }
}

/// A place of a route, found out: what must be in a role's scope.
enum Spot: Sendable, Hashable {
    struct Stage: Sendable, Hashable {
        var pipeline: String
        var environment: String
    }

    /// Any scope at all will do.
    case anywhere
    /// Only a role without limits will do.
    case fleet
    /// A stage; an application on a cluster, by the stage that desires it; an application, by all of these.
    case stages([Stage])
    /// A pipeline: read by whoever may read one of its stages; changed as a whole.
    case pipeline(String, environments: [String])
    /// An environment: read by whoever may read something in it; changed as a whole, whatever the pipeline.
    case environment(String, pipelines: [String])
    /// A cluster: as its environment. One of no environment is nobody's whose role has limits.
    case cluster(environment: String?, pipelines: [String])
    /// A cluster, for what touches perhaps only one application there; which one, the handler asks about.
    case partOfCluster(environment: String?, pipelines: [String])
    /// There is no such thing.
    case absent
}

extension Principal {
    /// The administrator's token, and a session that it or its link has opened; no account, whatever it is called.
    var isAdministrator: Bool { origin == .builtIn }
}

extension Reach.Scope {
    init(_ narrowing: Principal.Narrowing) {
        self.init(pipelines: narrowing.pipelines.map { Set($0) }, environments: narrowing.environments.map { Set($0) })
    }
}
