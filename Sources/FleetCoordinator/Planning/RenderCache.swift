// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Rendering
import Synchronization

/// Renders that were done, each good as long as everything it read gives the same answers.
///
/// Holds bundles and traces, not objects: those are in the database by digest. Bounded; the oldest half goes when it is full.
final class RenderCache: Sendable {
    struct Key: Hashable {
        var path: String
        var namespace: String?
        var substitute: Bool
        var allowClearSecrets: Bool
    }

    struct Entry: Sendable {
        var bundle: Bundle
        var trace: RenderTrace
        var used: UInt64
    }

    /// Different answers kept for one key: about one for each cluster with variables of its own.
    static let entriesMax = 200_000

    private struct State {
        var entries: [Key: [Entry]] = [:]
        var count = 0
        var clock: UInt64 = 0
    }

    private let state = Mutex(State())

    /// The candidates for a key, newest first; the caller checks which one still holds.
    func candidates(_ key: Key) -> [Entry] { state.withLock { $0.entries[key]?.reversed() ?? [] } }

    func add(_ key: Key, bundle: Bundle, trace: RenderTrace) {
        state.withLock { state in
            state.clock += 1
            state.entries[key, default: []].append(Entry(bundle: bundle, trace: trace, used: state.clock))
            state.count += 1
            guard state.count > Self.entriesMax else { return }
            let oldest = state.clock - UInt64(Self.entriesMax / 2)
            for key in state.entries.keys { state.entries[key]?.removeAll { $0.used < oldest } }
            state.entries = state.entries.filter { !$0.value.isEmpty }
            state.count = state.entries.values.reduce(0) { $0 + $1.count }
        }
    }
}
