// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Synchronization

/// Who owns which object on this cluster, and which of its fields are ignored: what watches need before an application sees anything.
final class RuleBoard: Sendable {
    private struct Claim {
        var application: String
        /// Whether the application's current bundle has the object, or only an earlier one had it.
        var isWanted: Bool
    }

    private struct State {
        var claims: [ObjectIdentity: Claim] = [:]
        var ignored: [String: [IgnoreRule]] = [:]
        /// Applications that want an object which is another's.
        var suitors: [ObjectIdentity: String] = [:]
    }

    private let state = Mutex(State())

    /// The application that an object belongs to.
    func owner(of identity: ObjectIdentity) -> String? { state.withLock { $0.claims[identity]?.application } }

    func pointers(for identity: ObjectIdentity) -> [JSONPointer] {
        let rules: [IgnoreRule] = state.withLock { state in
            guard let claim = state.claims[identity] else { return [] }
            return state.ignored[claim.application] ?? []
        }
        return rules.isEmpty ? [] : rules.pointers(for: identity)
    }

    func setIgnored(_ rules: [IgnoreRule], application: String) {
        state.withLock { $0.ignored[application] = rules.isEmpty ? nil : rules }
    }

    /// Claims objects for an application. One that another live application wants stays that one's; one that it merely still has is
    /// handed over.
    /// - Returns: the refused objects with their owners.
    func claim(_ identities: some Sequence<ObjectIdentity>, for application: String) -> [(identity: ObjectIdentity, owner: String)] {
        state.withLock { state in
            var refused: [(identity: ObjectIdentity, owner: String)] = []
            for identity in identities {
                if let claim = state.claims[identity], claim.application != application, claim.isWanted {
                    refused.append((identity, claim.application))
                    state.suitors[identity] = application
                } else {
                    state.claims[identity] = Claim(application: application, isWanted: true)
                    state.suitors[identity] = nil
                }
            }
            return refused
        }
    }

    /// Says that an application has an object from before, without (any longer) wanting it.
    func hold(_ identity: ObjectIdentity, for application: String) {
        state.withLock { state in
            if let claim = state.claims[identity], claim.application != application { return }
            state.claims[identity] = Claim(application: application, isWanted: false)
        }
    }

    /// Gives an object up.
    func release(_ identity: ObjectIdentity, of application: String) {
        state.withLock { state in
            if state.claims[identity]?.application == application { state.claims[identity] = nil }
            if state.suitors[identity] == application { state.suitors[identity] = nil }
        }
    }

    /// The other application that an object passes to instead of being pruned.
    func successor(of identity: ObjectIdentity, after application: String) -> String? {
        state.withLock { state in
            if let claim = state.claims[identity], claim.application != application { return claim.application }
            return state.suitors[identity].flatMap { $0 == application ? nil : $0 }
        }
    }
}
