// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// The places between an effect and its acknowledgement, at which the crash tests kill the process.
///
/// `FLOTILLA_CRASH_AT=record.pushed:2` ends the process, as `kill -9` would, when that point is reached for the second time. Without the
/// variable a point costs one comparison.
enum CrashPoint: String, CaseIterable {
    /// A stage's new state and its effects are in the database.
    case stageStored = "stage.stored"
    /// The record's commit is built, nothing is stored.
    case recordBuilt = "record.built"
    /// The record's exact bytes are stored, nothing is pushed.
    case recordIntended = "record.intended"
    /// The record is pushed, the database does not know.
    case recordPushed = "record.pushed"
    /// The database knows; nothing has been dispatched beyond what that transaction wrote.
    case recordStored = "record.stored"
    /// The journal is pushed, its decisions are still pending in the database.
    case journalPushed = "journal.pushed"
    /// A plan's objects are stored, the plan is not.
    case planObjectsStored = "plan.objects"
    /// The plan is stored, no stage has been offered it.
    case planStored = "plan.stored"
    /// A report is stored, its stages have not seen it.
    case reportStored = "report.stored"
    /// Tasks were read for an agent, the answer is not sent.
    case pollAnswered = "poll.answered"

    /// The point of the variable, with how often it must still be reached.
    private final class Target: Sendable {
        let point: CrashPoint
        let countdown: Mutex<Int>

        init(point: CrashPoint, times: Int) {
            self.point = point
            countdown = Mutex(times)
        }
    }

    private static let target: Target? = {
        guard let text = getenv("FLOTILLA_CRASH_AT") else { return nil }
        let parts = String(cString: text).split(separator: ":")
        guard let name = parts.first, let point = CrashPoint(rawValue: String(name)) else { return nil }
        return Target(point: point, times: parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
    }()

    static func reached(_ point: CrashPoint) {
        guard let target, target.point == point else { return }
        let due = target.countdown.withLock { left in
            left -= 1
            return left == 0
        }
        if due { kill(getpid(), SIGKILL) }
    }
}
