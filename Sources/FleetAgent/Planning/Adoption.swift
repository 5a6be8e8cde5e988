// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// Taking an object over from the tool that has applied it so far.
enum Adoption {
    /// The field managers of tools that keep objects as declared, as `kubectl apply`, Helm, Argo CD and Flux do. People
    /// (`kubectl-edit`, `kubectl-create`) and controllers are none of them: their fields stay theirs.
    static let managers: Set<String> = [
        "kubectl-client-side-apply", "kubectl", "kubectl-last-applied", "before-first-apply", "helm", "Helm", "helm-controller",
        "argocd-controller", "argocd-application-controller", "argo-cd", "kustomize-controller", "flux", "flux-client-side-apply",
    ]

    /// The object's `managedFields` with what those tools own in Flotilla's entry.
    ///
    /// The apply that follows then removes what the tools had set and the application does not have, such as `kubectl`'s annotation
    /// `kubectl.kubernetes.io/last-applied-configuration`. The same move is made by `client-go` (util/csaupgrade).
    /// - Returns: `nil` where none of them owns anything.
    static func managedFields(of live: Value) -> Value? {
        let entries = live.at("metadata", "managedFields")?.list ?? []
        let theirs = entries.filter { managers.contains($0["manager"]?.string ?? "") && ($0["subresource"]?.string ?? "").isEmpty }
        guard let first = theirs.first else { return nil }
        func isOurs(_ entry: Value) -> Bool {
            entry["manager"]?.string == Ownership.fieldManager && entry["operation"]?.string == "Apply"
                && (entry["subresource"]?.string ?? "").isEmpty
        }
        var ours = entries.first(where: isOurs) ?? first
        ours["manager"] = .string(Ownership.fieldManager)
        ours["operation"] = "Apply"
        ours["fieldsV1"] = theirs.reduce(ours["fieldsV1"] ?? .map(Map())) { union($0, $1["fieldsV1"] ?? .map(Map())) }
        return .list([ours] + entries.filter { !isOurs($0) && !theirs.contains($0) })
    }

    /// Field sets are trees of members: what is in either is in the union.
    private static func union(_ left: Value, _ right: Value) -> Value {
        guard case .map(var all) = left, case .map(let more) = right else { return left }
        for entry in more.entries { all[entry.key] = all[entry.key].map { union($0, entry.value) } ?? entry.value }
        return .map(all)
    }
}
