// SPDX-License-Identifier: Apache-2.0
import Manifests

// Argo CD: resource hooks, sync waves, sync options, compare options.
extension ObjectDirectives {
    enum Argo {
        static let wave = "argocd.argoproj.io/sync-wave"
        static let hook = "argocd.argoproj.io/hook"
        static let hookDeletePolicy = "argocd.argoproj.io/hook-delete-policy"
        static let syncOptions = "argocd.argoproj.io/sync-options"
        static let compareOptions = "argocd.argoproj.io/compare-options"
        static let ignoreHealth = "argocd.argoproj.io/ignore-healthcheck"
    }

    mutating func readArgo(_ annotations: Annotations) throws(DirectiveError) {
        if let number = try annotations.wave(Argo.wave) { wave = number }
        if let text = annotations[Argo.hook] { try readArgoHook(text, annotations) }
        if let text = annotations[Argo.hookDeletePolicy] {
            // Argo CD passes over it on an object that is no hook, and so do charts that carry it everywhere.
            let policies = try annotations.deletePolicies(Argo.hookDeletePolicy, text)
            if hook == nil { warnings.append("\(Argo.hookDeletePolicy): the object is no hook") }
            hook?.deletePolicies = policies
        }
        if let text = annotations[Argo.syncOptions] { try readSyncOptions(text, annotations) }
        if let text = annotations[Argo.compareOptions] {
            for word in Annotations.words(text) {
                let name = word.split(separator: "=").first.map(String.init) ?? word
                guard ["IgnoreExtraneous", "IgnoreResourceUpdates", "ServerSideDiff", "IncludeMutationWebhook"].contains(name) else {
                    throw annotations.unknown(
                        Argo.compareOptions, word, ["IgnoreExtraneous", "IncludeMutationWebhook=true", "ServerSideDiff=true"])
                }
                warnings.append("\(Argo.compareOptions): \(word) has no meaning here: only fields that Flotilla owns are compared")
            }
        }
        if let word = annotations[Argo.ignoreHealth] { ignoresHealth = try annotations.flag(Argo.ignoreHealth, word) }
    }

    private mutating func readArgoHook(_ text: String, _ annotations: Annotations) throws(DirectiveError) {
        var points: [Hook.Point: Set<Hook.Occasion>] = [:]
        var isSkipped = false
        for word in Annotations.words(text) {
            switch word {
            case "Skip": isSkipped = true
            default:
                guard let point = Hook.Point(rawValue: word) else {
                    throw annotations.unknown(Argo.hook, word, Hook.Point.allCases.map(\.rawValue) + ["Skip"])
                }
                points[point] = point.occasions
            }
        }
        if isSkipped, !points.isEmpty { throw DirectiveError(annotation: Argo.hook, message: "Skip contradicts '\(text.prefix(60))'") }
        hook = isSkipped || points.isEmpty ? nil : Hook(points: points)
        writing = hook == nil ? .never : .apply
    }

    private mutating func readSyncOptions(_ text: String, _ annotations: Annotations) throws(DirectiveError) {
        var seen: [String: String] = [:]
        for word in Annotations.words(text) {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            let (key, value) = (parts.first ?? "", parts.count > 1 ? parts[1] : "true")
            if let other = seen[key], other != value {
                throw DirectiveError(annotation: Argo.syncOptions, message: "\(key)=\(value) contradicts \(key)=\(other)")
            }
            seen[key] = value
        }
        for (key, value) in seen.sorted(by: { $0.key < $1.key }) {
            let isOn = value == "true"
            let allowed = ["Prune", "Delete"].contains(key) ? ["true", "false", "confirm"] : ["true", "false"]
            guard allowed.contains(value) else { throw annotations.unknown(Argo.syncOptions, "\(key)=\(value)", allowed) }
            switch key {
            case "Prune":
                if !isOn { prune = .disabled }
                if value == "confirm" { warnings.append("\(Argo.syncOptions): nothing asks for confirmation: the object is not pruned") }
            case "Delete":
                if !isOn { staysOnRemoval = true }
                if value == "confirm" { warnings.append("\(Argo.syncOptions): nothing asks for confirmation: the object stays") }
            case "Force": replace = isOn
            case "Replace":
                if isOn, seen["Force"] != "true" {
                    warnings.append("\(Argo.syncOptions): Replace=true alone is not honoured: the object is applied")
                }
            case "ServerSideApply":
                if !isOn { warnings.append("\(Argo.syncOptions): ServerSideApply=false is not honoured: everything is applied so") }
            case "Validate", "ClientSideApplyMigration":
                if !isOn { warnings.append("\(Argo.syncOptions): \(key)=false is not honoured") }
            // True of every object anyway, or a matter of the application, which says it elsewhere.
            case "SkipDryRunOnMissingResource", "PruneLast", "FailOnSharedResource", "ApplyOutOfSyncOnly", "RespectIgnoreDifferences":
                break
            case "CreateNamespace":
                if isOn { warnings.append("\(Argo.syncOptions): CreateNamespace is an option of the application: sync.createNamespace") }
            default:
                throw annotations.unknown(
                    Argo.syncOptions, key,
                    ["Delete", "Force", "Prune", "PruneLast", "Replace", "ServerSideApply", "SkipDryRunOnMissingResource", "Validate"])
            }
        }
    }
}
