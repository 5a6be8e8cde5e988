// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Foundation
import HTTPTypes
import Testing

@testable import FleetCoordinator

/// The reference has a line for every route, made from its declaration.
@Suite("The reference of routes") struct RouteDocumentationTests {
    private static let document = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/reference/access-policy.md")
    private static let (begin, end) = ("<!-- routes -->\n", "<!-- /routes -->\n")

    private static func line(_ route: Route) -> String {
        let (who, place): (String, String) =
            switch route.access {
            case .open: ("anybody", "")
            case .agent: ("an agent", "its cluster")
            case .enrolment: ("an agent with a one-time token", "its cluster")
            case .signedIn: ("whoever is signed in", "")
            case .monitoring: ("read; on loopback anybody", "the whole fleet")
            case .needs(let permission, let place), .page(let permission, let place): (permission.rawValue, words(place))
            }
        let roles = AccessPolicy.Role.allCases.map { role in
            switch route.access {
            case .needs(let permission, _), .page(let permission, _): role.permissions.contains(permission) ? "✓" : ""
            case .monitoring: "✓"
            case .open, .agent, .enrolment, .signedIn: ""
            }
        }
        return "| `\(route.method.rawValue) \(route.path)` | \(who) | \(place) | \(roles.joined(separator: " | ")) |"
    }

    private static func words(_ place: Access.Place) -> String {
        switch place {
        case .anywhere: "any scope; the rest is left out"
        case .fleet: "the whole fleet"
        case .pipeline: "the pipeline"
        case .stage: "the stage"
        case .environment: "the environment"
        case .cluster: "the cluster"
        case .partOfCluster: "the cluster, or the application there"
        case .application: "the application"
        case .instance: "the application there"
        }
    }

    @Test func isComplete() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let header =
                "| Route | Needs | Where | viewer | operator | approver | administrator |\n| --- | --- | --- | --- | --- | --- | --- |\n"
            let table = header + served.table.routes.map { Self.line($0) + "\n" }.sorted().joined()
            let text = try String(contentsOf: Self.document, encoding: .utf8)
            let start = try #require(text.range(of: Self.begin)?.upperBound)
            let stop = try #require(text.range(of: Self.end)?.lowerBound)
            if ProcessInfo.processInfo.environment["FLOTILLA_UPDATE_GOLDEN"] == "1" {
                try (text[..<start] + table + text[stop...]).write(to: Self.document, atomically: true, encoding: .utf8)
            } else {
                #expect(text[start..<stop] == table, "FLOTILLA_UPDATE_GOLDEN=1 writes it again")
            }
        }
    }
}
