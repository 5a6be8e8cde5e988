// SPDX-License-Identifier: Apache-2.0
import Manifests

// Helm: chart hooks and the resource policy.
extension ObjectDirectives {
    enum Helm {
        static let hook = "helm.sh/hook"
        static let hookWeight = "helm.sh/hook-weight"
        static let hookDeletePolicy = "helm.sh/hook-delete-policy"
        static let hookLogPolicy = "helm.sh/hook-output-log-policy"
        static let resourcePolicy = "helm.sh/resource-policy"
    }

    mutating func readHelm(_ annotations: Annotations) throws(DirectiveError) {
        if let word = annotations[Helm.resourcePolicy], word != "" {
            _ = try annotations.choose(Helm.resourcePolicy, word, ["keep": true])
            prune = .disabled
            staysOnRemoval = true
        }
        guard let text = annotations[Helm.hook] else { return }
        var points: [Hook.Point: Set<Hook.Occasion>] = [:]
        for word in Annotations.words(text) {
            switch word {
            case "pre-install": points[.preSync, default: []].insert(.install)
            case "pre-upgrade": points[.preSync, default: []].insert(.upgrade)
            case "post-install": points[.postSync, default: []].insert(.install)
            case "post-upgrade": points[.postSync, default: []].insert(.upgrade)
            // Only where hook-on-rollback says so, which adds the occasion.
            case "pre-rollback": points[.preSync, default: []].formUnion([])
            case "post-rollback": points[.postSync, default: []].formUnion([])
            case "test", "test-success", "test-failure": break
            case "pre-delete": points[.preDelete] = Hook.Point.preDelete.occasions
            case "post-delete": points[.postDelete] = Hook.Point.postDelete.occasions
            default:
                throw annotations.unknown(
                    Helm.hook, word,
                    [
                        "pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback", "pre-delete",
                        "post-delete", "test",
                    ])
            }
        }
        guard !points.isEmpty else {
            writing = .never
            return
        }
        hook = Hook(points: points)
        if let weight = try annotations.wave(Helm.hookWeight) { wave = weight }
        if let text = annotations[Helm.hookDeletePolicy] {
            hook?.deletePolicies = try annotations.deletePolicies(Helm.hookDeletePolicy, text)
        }
        if annotations[Helm.hookLogPolicy] != nil { warnings.append("\(Helm.hookLogPolicy) is not honoured") }
    }
}
