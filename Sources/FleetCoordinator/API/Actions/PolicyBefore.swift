// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Promotion

extension Spot.Stage {
    init(_ id: StageID) { self.init(pipeline: id.pipeline, environment: id.environment) }
}

/// A change is judged by the rules before it, those about who may judge included: a fleet commit that changes access policies lets nobody
/// decide about what waits with it who could not have done so without it.
enum PolicyBefore {
    /// Asks the policies of the fleet commit before the candidate's, where the candidate's own has changed them; those in force have been
    /// asked already.
    static func check(
        _ permission: Permission, of author: Author, at stage: StageID, _ candidate: Candidate, _ session: Session
    ) throws {
        guard let principal = author.principal, !principal.isAdministrator,
            let before = try AccessRows.replaced(session, by: candidate.fleet)
        else { return }
        guard !Grants(before.rules, for: principal).allows(permission, .stages([Spot.Stage(stage)])) else { return }
        var failure = APIFailure(
            .forbidden, "judged-by-policies-before",
            "release \(candidate.release.prefix(7)) is pinned to fleet commit \(candidate.fleet.prefix(7)), which itself changes who may do "
                + "what: it is judged by the policies before it, of \(before.commit.prefix(7)), and by these '\(principal.name)' may not "
                + "\(permission.rawValue) in stage \(stage)",
            hint:
                "somebody has to decide who could before and still can; what comes with the next fleet commit is judged by the new policies"
        )
        failure.denial = Denial(permission: permission, place: "stage \(stage)", isHidden: false)
        throw failure
    }
}
