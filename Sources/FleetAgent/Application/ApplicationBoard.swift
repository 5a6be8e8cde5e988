// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests
import Synchronization

/// The applications of this cluster, and which of them are ready for those that depend on them.
final class ApplicationBoard: Observer {
    private struct Entry {
        var application: ManagedApplication
        /// Synced, and all its objects Current.
        var isReady = false
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let rules: RuleBoard

    init(rules: RuleBoard) { self.rules = rules }

    var all: [ManagedApplication] { entries.withLock { $0.values.map(\.application) } }

    subscript(name: String) -> ManagedApplication? { entries.withLock { $0[name]?.application } }

    func add(_ application: ManagedApplication) {
        entries.withLock { $0[application.name] = Entry(application: application) }
    }

    func remove(_ name: String) {
        entries.withLock { $0[name] = nil }
        rules.forgetExpected(of: name)
        for application in all { application.wakeup.wake() }
    }

    func setReady(_ isReady: Bool, _ name: String) {
        let changed = entries.withLock { entries in
            guard var entry = entries[name], entry.isReady != isReady else { return false }
            entry.isReady = isReady
            entries[name] = entry
            return true
        }
        if changed, isReady { for application in all where application.name != name { application.wakeup.wake() } }
    }

    /// Those among `names` that are on this cluster and not ready, sorted.
    func unready(_ names: [String]) -> [String] {
        entries.withLock { entries in names.filter { entries[$0].map { !$0.isReady } ?? false } }.sorted()
    }

    /// An application has changed what it owns: others may have waited for that.
    func retryRefused(after name: String) async {
        for application in all where application.name != name { await application.retryIfRefused() }
    }

    // MARK: What watches see

    func seen(_ sighting: Sighting) async {
        if rules.notice(sighting) { await retryRefused(after: "") }
        let owner = rules.owner(of: sighting.identity) ?? sighting.application
        guard let application = self[owner] else { return }
        await application.observe(sighting)
    }

    func refused() async { for application in all { application.wakeup.wake() } }

    func listed(_ type: ResourceType, in namespace: String, seen: Set<ObjectIdentity>, version: UInt64) async {
        for application in all { await application.observeAbsence(type, in: namespace, seen: seen, version: version) }
    }
}
