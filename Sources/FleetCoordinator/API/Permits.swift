// SPDX-License-Identifier: Apache-2.0
import FleetModel
import HTTPTypes
import Manifests
import PostgresClient

/// Decides, before a handler runs, whether the caller may do what the route declares at the place that its path names.
///
/// What a caller may not read answers exactly as what is not there.
struct Permits: Sendable {
    let store: Store
    let time: WallTime
    /// Only this machine can connect.
    let listensOnLoopback: Bool

    /// What the caller may do, by the policies in force.
    func grants(of caller: Caller) async throws -> Grants {
        guard case .person(let principal) = caller else { return .nothing }
        // The way in when nothing else works asks for nothing else.
        if principal.isAdministrator { return Grants([], for: principal) }
        return Grants(try await store.access.policies(in: store, at: time.now).rules, for: principal)
    }

    /// What the caller may do everywhere, once it may do this here.
    /// - Throws: `APIFailure` with a `Denial`, or as for what is absent.
    func decide(_ access: Access, _ caller: Caller, _ path: [String: String]) async throws -> Grants {
        switch access {
        case .open, .agent, .enrolment: return .nothing
        case .signedIn: return try await grants(of: caller)
        case .monitoring:
            let grants = try await grants(of: caller)
            guard listensOnLoopback || grants.reach(.read).isUnlimited else {
                throw Self.refusal(.read, caller, where: Where(.fleet, path))
            }
            return grants
        case .needs(let permission, let place), .page(let permission, let place):
            let grants = try await grants(of: caller)
            try await check(permission, Where(place, path), grants, caller)
            return grants
        }
    }

    private func check(_ permission: Permission, _ place: Where, _ grants: Grants, _ caller: Caller) async throws {
        // What is not limited need not be looked for here: the handler says whether it is there.
        if grants.reach(permission).isUnlimited { return }
        let spot = try await place.find(in: store)
        if spot != .absent, grants.allows(permission, spot) { return }
        if let absence = place.absence {
            guard spot != .absent else { throw APIFailure.notFound(absence) }
            guard grants.allows(.read, spot) else {
                var failure = APIFailure.notFound(absence)
                failure.denial = Denial(permission: permission, place: "\(place)", isHidden: true)
                throw failure
            }
        }
        throw Self.refusal(permission, caller, where: place)
    }

    /// What somebody is told who may see the place, but not do this there.
    static func refusal(_ permission: Permission, _ caller: Caller, where place: some CustomStringConvertible) -> APIFailure {
        var name = "nobody"
        var narrowed: Set<Permission>?
        if case .person(let principal) = caller { (name, narrowed) = (principal.name, principal.permissions) }
        let hint: String
        if let narrowed, !narrowed.contains(permission) {
            let given = narrowed.map(\.rawValue).sorted().joined(separator: ", ")
            hint = "the token is limited to: \(given.isEmpty ? "nothing" : given)"
        } else {
            hint =
                "that needs the role \(Self.roles(with: permission)) there, from an AccessPolicy of the fleet repository; "
                + "'flotilla get access' shows who has it"
        }
        var failure = APIFailure(.forbidden, "forbidden", "'\(name)' may not \(permission.rawValue) in \(place)", hint: hint)
        failure.denial = Denial(permission: permission, place: "\(place)", isHidden: false)
        return failure
    }

    private static func roles(with permission: Permission) -> String {
        AccessPolicy.Role.allCases.filter { $0.permissions.contains(permission) }.map(\.rawValue).joined(separator: " or ")
    }
}

/// A call that was refused for want of a permission; kept with the failure, for whoever records such calls.
struct Denial: Sendable, Hashable {
    var permission: Permission
    /// `stage shop/production`
    var place: String
    /// The caller may not even read there: it was answered as if it were not there.
    var isHidden: Bool
}

/// The place of a route with the names that the path gives it.
struct Where: Sendable, CustomStringConvertible {
    let place: Access.Place
    private let path: [String: String]

    init(_ place: Access.Place, _ path: [String: String]) {
        self.place = place
        self.path = path
    }

    private func name(_ parameter: String) -> String { path[parameter] ?? "" }

    /// `stage shop/production`
    var description: String {
        switch place {
        case .anywhere: "any part of the fleet"
        case .fleet: "the whole fleet"
        case .pipeline: "pipeline \(name("pipeline"))"
        case .stage: "stage \(name("pipeline"))/\(name("environment"))"
        case .environment: "environment \(name("environment"))"
        case .cluster, .partOfCluster: "cluster \(name("cluster"))"
        case .application: "application \(name("application"))"
        case .instance: "application \(name("application")) on cluster \(name("cluster"))"
        }
    }

    /// What is said where it is not there; `nil` for places that are always there.
    var absence: String? {
        switch place {
        case .anywhere, .fleet: nil
        case .pipeline: "there is no pipeline '\(name("pipeline"))'"
        case .stage: "there is no stage '\(name("pipeline"))/\(name("environment"))'"
        case .environment: "there is no environment '\(name("environment"))'"
        case .cluster, .partOfCluster: "there is no cluster '\(name("cluster"))'"
        case .application: "there is no application '\(name("application"))'"
        case .instance: "there is no application '\(name("application"))' on a cluster '\(name("cluster"))'"
        }
    }

    /// Finds out what must be in a role's scope, with one statement.
    func find(in store: Store) async throws -> Spot {
        switch place {
        case .anywhere: return .anywhere
        case .fleet: return .fleet
        case .pipeline, .stage, .environment, .cluster, .partOfCluster, .application, .instance: break
        }
        return try await store.database.read { session in
            switch place {
            case .anywhere: return .anywhere
            case .fleet: return .fleet
            case .pipeline:
                let environments = try AccessRows.environments(session, pipeline: name("pipeline"))
                return environments.isEmpty ? .absent : .pipeline(name("pipeline"), environments: environments)
            case .stage:
                let environments = try AccessRows.environments(session, pipeline: name("pipeline"))
                guard environments.contains(name("environment")) else { return .absent }
                return .stages([Spot.Stage(pipeline: name("pipeline"), environment: name("environment"))])
            case .environment:
                guard let pipelines = try AccessRows.pipelines(session, environment: name("environment")) else { return .absent }
                return .environment(name("environment"), pipelines: pipelines)
            case .cluster:
                guard let found = try AccessRows.place(session, cluster: name("cluster")) else { return .absent }
                return .cluster(environment: found.environment, pipelines: found.pipelines)
            case .partOfCluster:
                guard let found = try AccessRows.place(session, cluster: name("cluster")) else { return .absent }
                return .partOfCluster(environment: found.environment, pipelines: found.pipelines)
            case .application:
                let stages = try AccessRows.stages(session, application: name("application"))
                return stages.isEmpty ? .absent : .stages(stages)
            case .instance:
                let stages = try AccessRows.stages(session, cluster: name("cluster"), application: name("application"))
                return stages.isEmpty ? .absent : .stages(stages)
            }
        }
    }
}

extension Call {
    /// Where the caller may read.
    var reach: Reach { grants.reach(.read) }

    /// Asks for more than the route declares, where only the handler knows what is meant.
    func require(_ permission: Permission, _ spot: Spot, _ place: String) throws(APIFailure) {
        guard grants.allows(permission, spot) else { throw Permits.refusal(permission, caller, where: place) }
    }
}
