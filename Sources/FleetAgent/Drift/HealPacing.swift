// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Slows down healing where another writer undoes it again and again.
struct HealPacing: Sendable, Hashable {
    static let window = Duration.seconds(60)
    /// So many heals of one object within the window are taken for separate edits.
    static let freeHeals = 5
    static let firstDelay = Duration.seconds(1)
    static let longestDelay = Duration.seconds(300)

    private var heals: [Timestamp] = []
    private(set) var notBefore: Timestamp?
    private var delay = Duration.zero

    var isFighting: Bool { delay > .zero }

    /// Notes a heal. Returns whether a fight has just been recognised.
    mutating func healed(at now: Timestamp) -> Bool {
        heals.removeAll { now - $0 >= Self.window }
        let wasFighting = isFighting
        if let notBefore, now - notBefore >= Self.window, heals.isEmpty { delay = .zero }
        heals.append(now)
        if heals.count > Self.freeHeals || isFighting {
            delay = isFighting ? min(delay * 2, Self.longestDelay) : Self.firstDelay
            notBefore = now + delay
            if heals.count > Self.freeHeals { heals.removeFirst(heals.count - Self.freeHeals) }
        }
        return isFighting && !wasFighting
    }

    /// How long to wait before the next heal; zero for at once.
    func wait(at now: Timestamp) -> Duration {
        guard let notBefore, notBefore > now else { return .zero }
        return notBefore - now
    }

    /// Whether nothing has happened for so long that this can be forgotten.
    func isQuiet(at now: Timestamp) -> Bool { quietAt.map { $0 <= now } ?? true }

    /// When that will be so, if nothing happens; `nil` where nothing ever has.
    var quietAt: Timestamp? { heals.last.map { $0 + max(Self.window, delay * 2) } }
}
