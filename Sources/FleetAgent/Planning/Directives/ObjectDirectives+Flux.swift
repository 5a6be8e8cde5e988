// SPDX-License-Identifier: Apache-2.0
import Manifests

// Flux's kustomize-controller, and kpt (cli-utils).
extension ObjectDirectives {
    enum Flux {
        static let prune = "kustomize.toolkit.fluxcd.io/prune"
        static let reconcile = "kustomize.toolkit.fluxcd.io/reconcile"
        static let apply = "kustomize.toolkit.fluxcd.io/ssa"
        static let force = "kustomize.toolkit.fluxcd.io/force"
    }

    enum Kpt {
        static let dependsOn = "config.kubernetes.io/depends-on"
        static let deletion = "client.lifecycle.config.k8s.io/deletion"
        static let mutation = "client.lifecycle.config.k8s.io/mutation"
        static let dependenciesMax = 100
    }

    mutating func readFlux(_ annotations: Annotations) throws(DirectiveError) {
        if let word = annotations[Flux.prune], try !annotations.isEnabled(Flux.prune, word) {
            prune = .disabled
            staysOnRemoval = true
        }
        if let word = annotations[Flux.apply] {
            switch try annotations.choose(Flux.apply, word.lowercased(), ["override": 0, "merge": 1, "ifnotpresent": 2, "ignore": 3]) {
            case 0: forces = true
            case 2: writing = .ifAbsent
            case 3: writing = .never
            default: break
            }
        }
        if let word = annotations[Flux.reconcile], try !annotations.isEnabled(Flux.reconcile, word) {
            if forces { throw DirectiveError(annotation: Flux.reconcile, message: "disabled contradicts \(Flux.apply): Override") }
            writing = .never
        }
        if let word = annotations[Flux.force] { replace = try annotations.isEnabled(Flux.force, word) }
    }

    mutating func readKpt(_ annotations: Annotations) throws(DirectiveError) {
        if let text = annotations[Kpt.dependsOn] {
            let words = Annotations.words(text)
            guard words.count <= Kpt.dependenciesMax else {
                throw DirectiveError(annotation: Kpt.dependsOn, message: "names more than \(Kpt.dependenciesMax) objects")
            }
            for word in words {
                guard let identity = Self.dependency(word) else {
                    throw DirectiveError(
                        annotation: Kpt.dependsOn,
                        message: "'\(word.prefix(120))' is neither GROUP/KIND/NAME nor GROUP/namespaces/NAMESPACE/KIND/NAME")
                }
                dependsOn.append(identity)
            }
        }
        if let word = annotations[Kpt.deletion] {
            _ = try annotations.choose(Kpt.deletion, word, ["detach": true])
            prune = .disabled
            staysOnRemoval = true
        }
        if let word = annotations[Kpt.mutation] {
            _ = try annotations.choose(Kpt.mutation, word, ["ignore": true])
            writing = .never
        }
    }

    /// The core group is written as nothing: `/namespaces/shop/Service/web`.
    private static func dependency(_ text: String) -> ObjectIdentity? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.dropFirst().allSatisfy({ !$0.isEmpty }) else { return nil }
        switch parts.count {
        case 3: return ObjectIdentity(group: parts[0], kind: parts[1], namespace: "", name: parts[2])
        case 5 where parts[1] == "namespaces":
            return ObjectIdentity(group: parts[0], kind: parts[3], namespace: parts[2], name: parts[4])
        default: return nil
        }
    }
}
