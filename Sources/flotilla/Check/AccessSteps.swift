// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

/// The people who go on a tour, signed in: of the example fleet its two, otherwise the administrator alone.
struct TourPeople: Sendable {
    /// May not decide what comes to the last stage; `nil` where the fleet is somebody's own.
    var developer: (name: String, client: CoordinatorClient)?
    /// Decides what waits at gates.
    var approver: (name: String, client: CoordinatorClient)

    static func signIn(_ accounts: DemonstrationAccounts?, administrator: CoordinatorClient) async throws -> TourPeople {
        guard let accounts else { return TourPeople(developer: nil, approver: ("administrator", administrator)) }
        func client(_ person: DemonstrationAccounts.Person) async throws -> CoordinatorClient {
            let credentials = try await administrator.signIn(account: person.name, password: person.password)
            return CoordinatorClient(server: administrator.server, credentials: credentials, trust: .system)
        }
        return TourPeople(
            developer: (accounts.developer.name, try await client(accounts.developer)),
            approver: (accounts.releaseManager.name, try await client(accounts.releaseManager)))
    }

    func signOut() async {
        guard let developer else { return }
        for client in [developer.client, approver.client] {
            _ = try? await client.delete("/session")
            await client.shutdown()
        }
    }
}

/// The steps of a tour that look at who may do what, and at what is kept of who did.
struct AccessSteps: Sendable {
    let place: TourPlace
    let people: TourPeople
    /// With the administrator's token.
    let client: CoordinatorClient

    private var stage: String { "/stages/\(Percent.encode(place.pipeline))/\(Percent.encode(place.last))" }

    /// Whoever may only read a stage is refused, and the refusal is kept.
    func refused() async throws -> String {
        guard let developer = people.developer else { return "the fleet's own policies are not tried" }
        _ = try await developer.client.get(stage)
        do {
            _ = try await developer.client.post("\(stage)/approve", ["reason": "seen on the tour"])
            throw Failure("\(developer.name) approves what comes to \(place.last), and may not")
        } catch {
            guard let failure = error as? APIFailure, failure.status == 403 else { throw error }
        }
        return "\(developer.name) reads \(place.last), and may not approve there; \(people.approver.name) may"
    }

    /// The audit trail is whole, agrees with what the journals in Git know of it, and says who approved and who was refused.
    func audited() async throws -> String {
        // Its newest head comes to the journal within moments, once there was a decision.
        let report = try await Waiting(for: "a journal in Git confirms the audit trail", within: .seconds(60)).until { () -> Value? in
            let report = try await client.get("/audit/verification", within: .seconds(60))
            guard report["intact"]?.bool == true else {
                throw Failure("the audit trail is not intact: \(report.at("broken", "reason")?.string ?? JSON.text(report))")
            }
            return (report.at("journals", "matching")?.int ?? 0) > 0 ? report : nil
        }
        guard report["sealsChecked"]?.bool == true else { throw Failure("the audit trail's seals were not checked") }
        let target = "\(place.pipeline)/\(place.last)"
        try await find("stage.approve", by: people.approver.name, "done", on: target)
        if let developer = people.developer { try await find("access.denied", by: developer.name, "denied", on: nil) }
        return "\(report["entries"]?.int ?? 0) entries, \(report.at("journals", "matching")?.int ?? 0) heads in Git agree"
    }

    private func find(_ action: String, by actor: String, _ outcome: String, on target: String?) async throws {
        let entries = try await client.get("/audit", query: [("action", action), ("actor", actor), ("limit", "100")])["items"]?.list ?? []
        guard entries.contains(where: { $0["outcome"]?.string == outcome && (target == nil || $0["target"]?.string == target) }) else {
            throw Failure("the audit trail has no entry of '\(action)' by \(actor)\(target.map { " on \($0)" } ?? "")")
        }
    }
}
