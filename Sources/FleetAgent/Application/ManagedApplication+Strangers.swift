// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

// Objects of other agents' applications. They apply under the same field manager, so that the API server would see no conflict.
extension ManagedApplication {
    /// Why the first of these objects that lives with another agent's application is refused; `nil` where all may be taken.
    func refusal(of objects: [PlannedObject]) async throws -> ApplyFailure? {
        for object in objects where inventory.records[object.identity]?.applied == nil {
            guard let stranger = context.rules.stranger(object.identity), let place = try await parent(of: stranger) else { continue }
            var failure = ApplyFailure(
                object.identity,
                "belongs to application \(stranger.application) of another agent (\(place)); application \(name) wants it too: only one of "
                    + "them may have it", .wait)
            failure.isOwnership = true
            return failure
        }
        return nil
    }

    /// Where the parent of an ApplySet is, in words; `nil` where it is gone, and its members are nobody's.
    private func parent(of stranger: RuleBoard.Stranger) async throws -> String? {
        var found: String?
        let selection = Selection(labelSelector: "\(Ownership.applySetIDLabel)=\(stranger.applySet)", metadataOnly: true)
        do {
            _ = try await context.cluster.client.list(.secrets, selection) { parent in
                found = "ApplySet \(parent.at("metadata", "namespace")?.string ?? "")/\(parent.at("metadata", "name")?.string ?? "")"
            }
        } catch {
            // Whoever may not look must not take.
            guard error.isForbidden else { throw error }
            return "its ApplySet \(stranger.applySet) is out of this agent's sight"
        }
        return found
    }
}
