// SPDX-License-Identifier: Apache-2.0
import FleetModel
import HTTPTypes
import Manifests
import Testing

@testable import FleetCoordinator

/// Every route, for every role, in its scope, beyond it, and for what is not there: what is expected follows from the route's declaration.
@Suite("Roles and routes") struct RouteWalkTests {
    private enum Outcome: Equatable {
        case admitted
        /// 403: may be seen, but not done.
        case forbidden
        /// 404, though it is there.
        case hidden
        /// 404
        case absent
    }

    private static let own = TwoTeams.walrus.merging(extra) { $1 }
    private static let foreign = TwoTeams.zebra.merging(extra) { $1 }
    private static let missing = TwoTeams.absent.merging(extra) { $1 }
    private static let extra = ["command": "1.1", "asset": "flotilla.css", "authority": "00000000"]

    private static func body(_ route: Route) -> [UInt8] {
        Array((route.access.isPage ? "reason=because&seconds=60" : #"{"reason": "because"}"#).utf8)
    }

    /// What a role of this scope is to meet at `walrus` in `arctic` on `igloo`.
    private static func expected(
        _ permission: Permission, _ place: Access.Place, _ role: AccessPolicy.Role, _ limit: TwoTeams.Limit
    ) -> Outcome {
        guard role.permissions.contains(permission) else { return .forbidden }
        switch (place, limit) {
        case (_, .all), (.anywhere, _), (.stage, _), (.application, _), (.instance, _), (.partOfCluster, _): return .admitted
        case (.fleet, _): return .forbidden
        case (.environment, .environment), (.cluster, .environment): return .admitted
        case (.environment, .pipeline), (.cluster, .pipeline): return permission == .read ? .admitted : .forbidden
        case (.pipeline, .environment): return permission == .read ? .admitted : .forbidden
        case (.pipeline, .pipeline): return .admitted
        }
    }

    private static func outcome(_ body: () async throws -> Reply) async throws -> (Outcome, APIFailure?) {
        do {
            _ = try await body()
            return (.admitted, nil)
        } catch {
            guard let failure = error as? APIFailure else {
                // Not the gate's: the body was not what the handler wants.
                return (.admitted, nil)
            }
            if let denial = failure.denial { return (denial.isHidden ? .hidden : .forbidden, failure) }
            return (failure.status == .notFound ? .absent : .admitted, failure)
        }
    }

    @Test(arguments: AccessPolicy.Role.allCases, TwoTeams.Limit.allCases)
    func everyRouteDecidesAsItDeclares(_ role: AccessPolicy.Role, _ limit: TwoTeams.Limit) async throws {
        try await TwoTeams.with { served async throws in
            let principal = TwoTeams.member(role, limit)
            var checked = 0
            for route in served.table.routes {
                let (permission, place): (Permission, Access.Place)
                switch route.access {
                case .needs(let needed, let at), .page(let needed, let at): (permission, place) = (needed, at)
                case .open, .agent, .enrolment, .signedIn, .monitoring: continue
                }
                checked += 1
                let about = Comment(rawValue: "\(route.method) \(route.path) as \(role) of \(limit)")
                let body = Self.body(route)
                let (own, failure) = try await Self.outcome { try await served.reply(route, Self.own, as: principal, body: body) }
                let wanted = Self.expected(permission, place, role, limit)
                switch wanted {
                case .admitted: #expect(own == .admitted || own == .absent, about)
                case .forbidden, .hidden, .absent: #expect(own == wanted, about)
                }
                if own == .forbidden {
                    #expect(failure?.status == .forbidden && failure?.code == "forbidden", about)
                    #expect(failure?.hint?.contains("role") == true, about)
                }
                guard limit != .all, ![.anywhere, .fleet].contains(place) else { continue }
                let (there, hidden) = try await Self.outcome { try await served.reply(route, Self.foreign, as: principal, body: body) }
                let (nowhere, absent) = try await Self.outcome { try await served.reply(route, Self.missing, as: principal, body: body) }
                #expect(there == .hidden, about)
                #expect(nowhere == .absent, about)
                #expect(hidden?.status == absent?.status && hidden?.headers == absent?.headers, about)
                #expect(Self.blanked(hidden, TwoTeams.zebra) == Self.blanked(absent, TwoTeams.absent), about)
            }
            #expect(checked > 30)
        }
    }

    /// The answer with its own names taken out.
    private static func blanked(_ failure: APIFailure?, _ names: [String: String]) -> String {
        var text = failure.map { JSON.text($0.json) } ?? ""
        for name in names.values.sorted(by: { $0.count > $1.count }) {
            text = text.split(separator: name, omittingEmptySubsequences: false).joined(separator: "*")
        }
        return text
    }

    @Test func whomNoPolicyNamesMayNothing() async throws {
        try await TwoTeams.with(running: false) { served async throws in
            for route in served.table.routes {
                let about = Comment(rawValue: "\(route.method) \(route.path)")
                switch route.access {
                case .needs(_, let place), .page(_, let place):
                    let (outcome, _) = try await Self.outcome {
                        try await served.reply(route, Self.own, as: TwoTeams.nobody, body: Self.body(route))
                    }
                    let isAlways = [.anywhere, .fleet].contains(place)
                    // Nothing runs yet: an instance is not even there.
                    #expect(outcome == (isAlways ? .forbidden : place == .instance ? .absent : .hidden), about)
                case .open, .agent, .enrolment, .signedIn, .monitoring: continue
                }
            }
        }
    }

    @Test func anOverrideNeedsAnAdministrator() async throws {
        try await TwoTeams.with { served async throws in
            let route = try served.route("POST", "/api/v1/stages/{pipeline}/{environment}/promote")
            let body = Array(#"{"release": "latest", "override": true, "reason": "because"}"#.utf8)
            let (operating, failure) = try await Self.outcome {
                try await served.reply(route, TwoTeams.walrus, as: TwoTeams.member(.operator, .environment), body: body)
            }
            #expect(operating == .forbidden && failure?.message == "'mary' may not administer in stage walrus/arctic")
            let (administering, _) = try await Self.outcome {
                try await served.reply(route, TwoTeams.walrus, as: TwoTeams.member(.administrator, .environment), body: body)
            }
            #expect(administering == .admitted)
        }
    }

    @Test func whoHasAPipelineCommandsItsApplicationsOnly() async throws {
        try await TwoTeams.with { served async throws in
            let route = try served.route("POST", "/api/v1/clusters/{cluster}/commands")
            func ask(_ body: String, _ limit: TwoTeams.Limit) async throws -> Int {
                let principal = TwoTeams.member(.operator, limit)
                do {
                    return try await served.reply(route, TwoTeams.walrus, as: principal, body: Array(body.utf8)).status.code
                } catch { return (error as? APIFailure)?.status.code ?? 0 }
            }
            let sync = { (application: String) in #"{"kind": "syncNow", "parameters": {"application": "\#(application)"}}"# }
            let pods = #"{"kind": "listObject", "parameters": {"kind": "pods", "namespace": "walrus"}}"#
            let job = #"""
                {"kind": "runJob", "parameters": {"application": "walrus-web", "namespace": "walrus", "timeoutSeconds": 60,
                  "manifest": {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"},
                    "spec": {"template": {"spec": {"containers": []}}}}}}
                """#
            #expect(try await ask(sync("walrus-web"), .pipeline) == 201)
            #expect(try await ask(sync("otter-web"), .pipeline) == 404)
            #expect(try await ask(sync("nix-web"), .pipeline) == 404)
            #expect(try await ask(pods, .pipeline) == 403)
            #expect(try await ask(job, .pipeline) == 403)
            #expect(try await ask(job, .environment) == 201)
            #expect(try await ask(sync("otter-web"), .environment) == 201)
            #expect(try await ask(pods, .environment) == 201)
        }
    }
}
