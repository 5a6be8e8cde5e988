// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

// Writers beside Flotilla: those that undo what it applies, and those that apply the same.
extension ManagedApplication {
    /// Notes that an object had to be healed once more. A fight is told when it is recognised.
    func noteHeal(_ identity: ObjectIdentity, _ account: DriftAccount, at now: Timestamp) {
        let begins = pacing[identity, default: HealPacing()].healed(at: now)
        if begins {
            let fight = Fight(account, since: now)
            fights[identity] = fight
            mustTell = true
            context.reports.add(
                AgentEvent(
                    .fight, at: now, application: name, object: identity.description, paths: fight.paths,
                    message: "\(fight.words): it is healed less and less often until that ends"))
        } else if var fight = fights[identity] {
            fight.join(account)
            if fight != fights[identity] { mustTell = true }
            fights[identity] = fight
        }
    }

    /// Forgets what has been quiet for long, and says so of fights. Returns when the next one will be.
    func settleFights() -> Timestamp? {
        guard !pacing.isEmpty else { return nil }
        let now = context.clock.now()
        var next: Timestamp?
        for (identity, pace) in pacing {
            // What still waits to be healed is not over.
            if drifted[identity] == nil, pace.isQuiet(at: now) {
                pacing[identity] = nil
                guard let fight = fights.removeValue(forKey: identity) else { continue }
                mustTell = true
                context.reports.add(
                    AgentEvent(
                        .fightEnded, at: now, application: name, object: identity.description, paths: fight.paths,
                        message: "nobody has changed it since; it is healed at once again",
                        durationMilliseconds: (now - fight.since).wholeMilliseconds))
            } else if fights[identity] != nil, let quiet = pace.quietAt {
                next = min(next ?? quiet, max(quiet, now + .seconds(1)))
            }
        }
        return next
    }

    /// What the report says of fights; empty where there are none.
    var fightWords: String {
        guard let first = fights.keys.min(), let fight = fights[first] else { return "" }
        let others = fights.count > 1 ? " (and \(fights.count - 1) more objects are fought over)" : ""
        return "\(first): \(fight.words), and is healed less often\(others)"
    }

    /// Tells of managers that have begun to apply fields of Flotilla's with equal values: nothing differs, so nothing is healed.
    func noteSharers(_ sighting: Sighting) {
        let identity = sighting.identity
        let known = sharers[identity] ?? []
        guard known != sighting.sharers else { return }
        sharers[identity] = sighting.sharers.isEmpty ? nil : sighting.sharers
        // A list tells how it was found, not what is new.
        guard let live = sighting.live, policy(identity) != .ignore else { return }
        for manager in sighting.sharers where !known.contains(manager) {
            let paths = OwnedFields.shared(with: manager, in: live)
            context.reports.add(
                AgentEvent(
                    .drift, at: context.clock.now(), application: name, object: identity.description,
                    paths: paths.prefix(100).map { OwnedFields.shown($0, in: live).description },
                    message: "\(manager) manages these fields too by now, with the same values: nothing differs, and nothing is changed"))
        }
    }
}
