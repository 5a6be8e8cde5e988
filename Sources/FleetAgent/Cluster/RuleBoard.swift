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
        var health: [String: [HealthRule]] = [:]
        /// Objects that other agents' applications have, by their labels.
        var strangers: [ObjectIdentity: Stranger] = [:]
        /// ApplySets of this agent's applications, as far as objects of them have been seen.
        var ownSets: Set<String> = []
        /// Applications that want an object which is another's.
        var suitors: [ObjectIdentity: String] = [:]
        /// Applications whose bundles have an object, until they have claimed what is theirs.
        var expected: [ObjectIdentity: [String]] = [:]

        func expecting(_ identity: ObjectIdentity, otherThan application: String) -> String? {
            guard let names = expected[identity], !names.contains(application) else { return nil }
            return names.min()
        }

        mutating func forgetExpected(of application: String) {
            for (identity, names) in expected where names.contains(application) {
                expected[identity] = names.count == 1 ? nil : names.filter { $0 != application }
            }
        }
    }

    /// An application of another agent, by what an object's labels say of it.
    struct Stranger: Sendable, Hashable {
        var application: String
        var applySet: String
    }

    private let state = Mutex(State())
    /// Codes what is compared.
    let mask: SecretMask

    init(mask: SecretMask = SecretMask()) { self.mask = mask }

    /// Whether a text is the name of an object, of a namespace or of an application here, and so no secret as such.
    func isName(_ text: String) -> Bool {
        state.withLock { state in
            state.claims.contains { $0.key.name == text || $0.key.namespace == text || $0.value.application == text }
                || state.expected.keys.contains { $0.name == text || $0.namespace == text }
        }
    }

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

    /// The rules by which an object's health is judged; `application` is whom its labels name, where nobody has claimed it.
    func healthRules(for identity: ObjectIdentity, application: String = "") -> [HealthRule] {
        state.withLock { state in
            guard !state.health.isEmpty else { return [] }
            return state.health[state.claims[identity]?.application ?? application] ?? []
        }
    }

    func setHealthRules(_ rules: [HealthRule], application: String) {
        state.withLock { $0.health[application] = rules.isEmpty ? nil : rules }
    }

    /// Says what the bundle has that an application is about to be synced to: told for all applications before the first of them begins, so
    /// that an object which moves from one to another is neither deleted nor refused, whichever of them comes first.
    func expect(_ identities: Set<ObjectIdentity>, for application: String) {
        state.withLock { state in
            state.forgetExpected(of: application)
            for identity in identities { state.expected[identity, default: []].append(application) }
            for (identity, claim) in state.claims where claim.application == application && !identities.contains(identity) {
                state.claims[identity]?.isWanted = false
            }
        }
    }

    /// Takes in what an application has had, when its inventory is read back: wanted still, unless only another one's bundle has it now.
    func restore(_ identity: ObjectIdentity, for application: String) {
        state.withLock { state in
            if let claim = state.claims[identity], claim.application != application { return }
            let isWanted = state.expecting(identity, otherThan: application) == nil
            state.claims[identity] = Claim(application: application, isWanted: isWanted)
        }
    }

    /// Takes in whose labels an object carries.
    /// - Returns: whether it has just ceased to be another agent's.
    func notice(_ sighting: Sighting) -> Bool {
        state.withLock { state in
            let isKnown = state.strangers[sighting.identity] != nil
            // Copies of labels, as on what controllers make, say nothing.
            let mayBe =
                !sighting.isDeleted && !sighting.isControlled && !sighting.application.isEmpty
                && !sighting.partOf.isEmpty && !state.ownSets.contains(sighting.partOf)
            if mayBe {
                guard sighting.partOf == Ownership.applySetID(application: sighting.application) else {
                    state.strangers[sighting.identity] = Stranger(application: sighting.application, applySet: sighting.partOf)
                    return false
                }
                state.ownSets.insert(sighting.partOf)
            }
            if isKnown { state.strangers[sighting.identity] = nil }
            return isKnown
        }
    }

    /// The application of another agent that an object seems to belong to.
    func stranger(_ identity: ObjectIdentity) -> Stranger? { state.withLock { $0.strangers[identity] } }

    /// Forgets what an application was about to claim.
    func forgetExpected(of application: String) { state.withLock { $0.forgetExpected(of: application) } }

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
            state.forgetExpected(of: application)
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
                ?? state.expecting(identity, otherThan: application)
        }
    }
}
