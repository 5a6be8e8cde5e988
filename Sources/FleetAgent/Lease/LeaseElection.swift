// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Decides who of several agents of a cluster acts, by a Lease that they all write: at most one at any time.
///
/// The rules are those of client-go's `leaderelection`. A holder renews, and stops acting by itself well before others may take over. The
/// others wait until the Lease has not changed for its duration, counted by their own steady clocks from when they saw it: nobody's time of
/// day matters. Who writes first wins, by the version of the object.
///
/// It only decides: `next` says what to do, and what came of it is handed back.
struct LeaseElection: Sendable, Hashable {
    struct Settings: Sendable, Hashable {
        /// Who holds the Lease: this agent's instance.
        var identity: String
        /// How long others wait from a holder's last sign of life.
        var duration = Duration.seconds(30)
        /// How often a holder renews.
        var renewal = Duration.seconds(10)
        /// From the sending of the last renewal that succeeded to the end of acting: what is left of `duration` is for requests that are
        /// on their way, and for clocks that do not go at the same pace.
        var patience = Duration.seconds(20)
        /// How often the others look.
        var look = Duration.seconds(5)
        /// The pause after a request that failed.
        var retry = Duration.seconds(2)
    }

    enum Step: Sendable, Hashable {
        case read
        /// To be created where its version is empty, replaced otherwise.
        case write(LeaseRecord)
        case wait(Duration)
    }

    enum Answer: Sendable, Hashable {
        /// What the Lease says, after a read; `nil` where there is none.
        case found(LeaseRecord?)
        /// The server has stored what was written.
        case stored(LeaseRecord)
        /// Refused: somebody else was there first.
        case outrun
        /// No answer, or one that does not say whether a write was stored.
        case failed
    }

    let settings: Settings
    /// What the Lease was last seen to say, and since when that version of it is known, by the steady clock.
    private(set) var seen: LeaseRecord?
    private(set) var seenSince = Timestamp.epoch
    /// Until when this agent may act, by the steady clock; `nil` when it may not.
    private(set) var actsUntil: Timestamp?
    /// The term in which it acts: the Lease's `leaseTransitions`.
    private(set) var term: Int64 = 0
    /// The term before the one in which it acts, or the same where it goes on with its own; `nil` where there was no Lease.
    private(set) var termBefore: Int64?
    /// Whether the Lease has been read since the start: what it says of this agent before is from an earlier life, which has ended.
    private(set) var hasLooked = false
    /// Whether what the Lease says has to be read before anything else.
    private var mustRead = true
    /// The renewal times of what this agent has written since the last answer, stored or not, and of what it wrote before.
    private var ours: [String] = []
    /// The greatest number of transitions that was seen.
    private var transitions: Int64 = -1
    private var pauseUntil: Timestamp?

    private static let oursMax = 32

    init(_ settings: Settings) { self.settings = settings }

    /// Whether this agent may act now.
    func mayAct(at now: Timestamp) -> Bool { actsUntil.map { now < $0 } ?? false }

    /// Who holds the Lease, as far as is known; empty for nobody.
    var holder: String { seen?.holder ?? "" }

    /// What to do now. Until it is done and `take` has been called, nothing else is.
    mutating func next(at now: Timestamp, wall: Timestamp) -> Step {
        if !mayAct(at: now) { actsUntil = nil }
        if let pause = pauseUntil {
            if pause > now { return .wait(pause - now) }
            pauseUntil = nil
        }
        if mustRead { return .read }
        // Free, this agent's own, or not renewed for as long as it was held for.
        guard let seen, !seen.holder.isEmpty, !isOurs(seen), now - seenSince < duration(of: seen) else { return write(now, wall) }
        return .read
    }

    private mutating func write(_ now: Timestamp, _ wall: Timestamp) -> Step {
        var time = LeaseRecord.time(wall)
        if time == seen?.renewed { time = LeaseRecord.time(wall + .milliseconds(1)) }
        // One that was deleted while this agent holds it is made again, for the same term.
        let continues = seen.map(isOurs) ?? mayAct(at: now)
        if !continues { termBefore = seen?.transitions }
        let record = LeaseRecord(
            holder: settings.identity, durationSeconds: settings.duration.components.seconds,
            acquired: continues ? seen?.acquired ?? time : time, renewed: time, transitions: continues ? transitions : transitions + 1,
            version: seen?.version ?? "")
        ours.append(time)
        if ours.count > Self.oursMax { ours.removeFirst() }
        return .write(record)
    }

    /// Takes in what came of the last step.
    /// - Parameters:
    ///   - sent: when the step was begun, by the steady clock.
    ///   - now: the same clock now.
    mutating func take(_ answer: Answer, sent: Timestamp, at now: Timestamp) {
        if !mayAct(at: now) { actsUntil = nil }
        switch answer {
        case .found(let record):
            mustRead = false
            found(record, now)
            hasLooked = true
            if let seen, !seen.holder.isEmpty, !isOurs(seen) {
                // Somebody else acts. That may be another process under this agent's name, which has come after it.
                actsUntil = nil
                let left = duration(of: seen) - (now - seenSince)
                if left > .zero { pauseUntil = now + min(settings.look, left) }
            }
        case .stored(let record):
            seen = record
            seenSince = now
            ours = [record.renewed]
            transitions = record.transitions
            term = record.transitions
            // From when it was sent: it may have been stored at once, and the others count from then.
            let end = sent + settings.patience
            actsUntil = end > now ? end : nil
            pauseUntil = sent + settings.renewal
        case .outrun:
            mustRead = true
        case .failed:
            if !mayAct(at: now) { mustRead = true }
            pauseUntil = now + settings.retry
        }
    }

    private mutating func found(_ record: LeaseRecord?, _ now: Timestamp) {
        guard let record else {
            // Somebody deleted it. Whoever held it may not have noticed yet: it counts for as long as it would have.
            if let seen, !seen.holder.isEmpty, !isOurs(seen), now - seenSince < duration(of: seen) { return }
            seen = nil
            return
        }
        if !hasLooked, record.holder == settings.identity {
            ours.append(record.renewed)
            termBefore = record.transitions
        }
        if record.version != seen?.version { seenSince = now }
        seen = record
        transitions = max(record.transitions, 0)
    }

    /// Whether a record is this agent's: written by it, or by its life before.
    private func isOurs(_ record: LeaseRecord) -> Bool { record.holder == settings.identity && ours.contains(record.renewed) }

    private func duration(of record: LeaseRecord) -> Duration {
        record.durationSeconds > 0 ? .seconds(min(record.durationSeconds, 300)) : settings.duration
    }

    /// Ends acting.
    /// - Returns: the record that gives the Lease up, for others to take at once; `nil` where there is nothing to give up.
    mutating func release(wall: Timestamp) -> LeaseRecord? {
        actsUntil = nil
        mustRead = true
        guard var record = seen, isOurs(record) else { return nil }
        // As client-go does: nobody's, for one second.
        record.holder = ""
        record.durationSeconds = 1
        record.renewed = LeaseRecord.time(wall)
        return record
    }
}
