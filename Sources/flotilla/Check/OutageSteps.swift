// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The steps of a tour in which something is changed or stopped by hand.
struct OutageSteps: Sendable {
    let place: TourPlace
    let fleet: LocalFleet
    let client: CoordinatorClient

    /// Edits a workload in one cluster of every environment.
    func edits(_ report: inout TourReport) async throws -> String {
        var milliseconds: [Double] = []
        for environment in place.environments { milliseconds.append(try await edit(in: environment)) }
        report.driftHealedMilliseconds = milliseconds
        return milliseconds.map { "\(TourReport.fixed($0, 1)) ms" }.joined(separator: ", ")
    }

    /// Stops the coordinator, edits a workload meanwhile, and starts the coordinator again.
    func withoutCoordinator(_ report: inout TourReport) async throws -> String {
        await fleet.stopCoordinator()
        guard await !client.isReady() else { throw Failure("the coordinator was stopped, and still answers") }
        let milliseconds: Double
        do { milliseconds = try await edit(in: place.last) } catch {
            try await fleet.startCoordinator()
            throw error
        }
        report.driftHealedAloneMilliseconds = [milliseconds]
        try await fleet.startCoordinator()
        try await Waiting(for: "every agent is back", within: .seconds(120)).until {
            let clusters = try await client.items("/clusters").filter { $0["declared"]?.bool != false }
            return clusters.allSatisfy { $0["online"]?.bool == true } ? () : nil
        }
        let stages = StageHand(client: client, approver: client, pipeline: place.pipeline)
        for environment in place.environments {
            try await Waiting(
                for: "\(environment) is current", within: .seconds(60), explanation: { await stages.explanation(environment) }
            ).until { try await stages.stage(environment)["state"]?.string == "current" ? () : nil }
        }
        return "\(TourReport.fixed(milliseconds, 1)) ms; the coordinator is back"
    }

    /// Scales a Deployment that Flotilla manages, in the environment's first cluster.
    private func edit(in environment: String) async throws -> Double {
        guard let hand = place.hands(environment).first else { throw Failure("there is no cluster in \(environment)") }
        let managed = try await hand.deployments().first { workload in
            workload.isCurrent && workload.object.at("metadata", "labels")?["flotilla.dev/application"] != nil
        }
        guard let managed else { throw Failure("there is no healthy Deployment of Flotilla's in the first cluster of \(environment)") }
        return try await hand.driftUntilHealed(managed, within: .seconds(30))
    }
}
