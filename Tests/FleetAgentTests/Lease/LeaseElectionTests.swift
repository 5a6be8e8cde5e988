// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite struct LeaseElectionTests {
    private static let wall = Timestamp(seconds: 1_790_000_000)
    private static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    private static func record(
        _ holder: String, renewed: String = "x", transitions: Int64 = 3, version: String = "7", duration: Int64 = 30
    ) -> LeaseRecord {
        LeaseRecord(
            holder: holder, durationSeconds: duration, acquired: "w", renewed: renewed, transitions: transitions, version: version)
    }

    /// One that has looked and found this.
    private static func looked(_ found: LeaseRecord?) -> LeaseElection {
        var election = LeaseElection(LeaseElection.Settings(identity: "me"))
        #expect(election.next(at: at(0), wall: wall) == .read)
        election.take(.found(found), sent: at(0), at: at(0))
        return election
    }

    private static func stored(_ election: inout LeaseElection, at time: Timestamp, version: String = "8") {
        guard case .write(var record) = election.next(at: time, wall: wall) else {
            Issue.record("nothing was written")
            return
        }
        record.version = version
        election.take(.stored(record), sent: time, at: time)
    }

    @Test("Where there is no Lease it is made, and then renewed every ten seconds")
    func free() {
        var election = Self.looked(nil)
        guard case .write(let made) = election.next(at: Self.at(0), wall: Self.wall) else { return #expect(Bool(false)) }
        #expect(made.version.isEmpty && made.holder == "me" && made.transitions == 0 && made.durationSeconds == 30)
        #expect(made.acquired == "2026-09-21T14:13:20.000000Z" && made.renewed == made.acquired)
        #expect(!election.mayAct(at: Self.at(0)))
        Self.stored(&election, at: Self.at(0))
        #expect(election.mayAct(at: Self.at(19)) && !election.mayAct(at: Self.at(20)))
        #expect(election.next(at: Self.at(1), wall: Self.wall) == .wait(.seconds(9)))
        guard case .write(let again) = election.next(at: Self.at(10), wall: Self.wall + .seconds(10)) else { return #expect(Bool(false)) }
        #expect(again.transitions == 0 && again.acquired == made.acquired && again.renewed != made.renewed && again.version == "8")
    }

    @Test("A released Lease is taken at once, in a new term")
    func released() {
        var election = Self.looked(Self.record("", duration: 1))
        guard case .write(let taken) = election.next(at: Self.at(0), wall: Self.wall) else { return #expect(Bool(false)) }
        #expect(taken.transitions == 4 && taken.version == "7")
        #expect(election.termBefore == 3)
    }

    @Test("After a restart an agent's own Lease is taken up at once, in the same term")
    func own() {
        var election = Self.looked(Self.record("me"))
        guard case .write(let taken) = election.next(at: Self.at(0), wall: Self.wall) else { return #expect(Bool(false)) }
        #expect(taken.transitions == 3 && taken.acquired == "w")
        #expect(election.termBefore == 3)
    }

    @Test("A dead holder's Lease is waited for, for its duration from when it was seen")
    func dead() {
        var election = Self.looked(Self.record("other"))
        for second in stride(from: Int64(0), to: 30, by: 5) {
            #expect(election.next(at: Self.at(second), wall: Self.wall) == (second == 0 ? .wait(.seconds(5)) : .read))
            if second > 0 { election.take(.found(Self.record("other")), sent: Self.at(second), at: Self.at(second)) }
            #expect(!election.mayAct(at: Self.at(second)))
        }
        guard case .write(let taken) = election.next(at: Self.at(30), wall: Self.wall) else { return #expect(Bool(false)) }
        #expect(taken.holder == "me" && taken.transitions == 4)
    }

    @Test("A holder that renews, with whatever times in the Lease, is left alone")
    func alive() {
        var election = Self.looked(Self.record("other"))
        for turn in 1...40 {
            let now = Self.at(Int64(turn) * 5)
            #expect(election.next(at: now, wall: Self.wall) == .read)
            // Its clock stands still: only the version tells.
            election.take(.found(Self.record("other", version: "\(turn / 2)")), sent: now, at: now)
        }
    }

    @Test("A holder stops by itself when it cannot renew, and may not act again before it could")
    func outage() {
        var election = Self.looked(nil)
        Self.stored(&election, at: Self.at(0))
        var now = Self.at(10)
        while now < Self.at(60) {
            switch election.next(at: now, wall: Self.wall) {
            case .wait(let pause): now = now + pause
            case .read, .write:
                election.take(.failed, sent: now, at: now + .seconds(5))
                now = now + .seconds(5)
            }
            #expect(election.mayAct(at: now) == (now < Self.at(20)))
        }
        // Nobody was there meanwhile: the same term goes on.
        #expect(election.next(at: Self.at(70), wall: Self.wall) == .read)
        election.take(
            .found(
                LeaseRecord(
                    holder: "me", durationSeconds: 30, acquired: "", renewed: election.seen?.renewed ?? "", transitions: 0, version: "8")),
            sent: Self.at(70), at: Self.at(70))
        #expect(!election.mayAct(at: Self.at(70)))
        Self.stored(&election, at: Self.at(70))
        #expect(election.mayAct(at: Self.at(71)) && election.term == 0)
    }

    @Test("A renewal counts from when it was sent, not from when it was answered")
    func slowAnswer() {
        var election = Self.looked(nil)
        guard case .write(var record) = election.next(at: Self.at(0), wall: Self.wall) else { return #expect(Bool(false)) }
        record.version = "9"
        election.take(.stored(record), sent: Self.at(0), at: Self.at(25))
        #expect(!election.mayAct(at: Self.at(25)))
    }

    @Test("Another holder ends acting at once; so does another process under the same name")
    func deposed() {
        for other in [Self.record("other", version: "9"), Self.record("me", renewed: "elsewhere", version: "9")] {
            var election = Self.looked(nil)
            Self.stored(&election, at: Self.at(0))
            _ = election.next(at: Self.at(10), wall: Self.wall)
            election.take(.outrun, sent: Self.at(10), at: Self.at(10))
            #expect(election.mayAct(at: Self.at(10)))
            #expect(election.next(at: Self.at(10), wall: Self.wall) == .read)
            election.take(.found(other), sent: Self.at(10), at: Self.at(10))
            #expect(!election.mayAct(at: Self.at(10)))
            #expect(election.next(at: Self.at(10), wall: Self.wall) == .wait(.seconds(5)))
        }
    }

    @Test("A write whose answer was lost is recognised later")
    func lostAnswer() {
        var election = Self.looked(nil)
        guard case .write(var record) = election.next(at: Self.at(0), wall: Self.wall) else { return #expect(Bool(false)) }
        election.take(.failed, sent: Self.at(0), at: Self.at(5))
        #expect(election.next(at: Self.at(7), wall: Self.wall) == .read)
        record.version = "5"
        election.take(.found(record), sent: Self.at(7), at: Self.at(7))
        guard case .write(let again) = election.next(at: Self.at(7), wall: Self.wall) else { return #expect(Bool(false)) }
        #expect(again.version == "5" && again.transitions == record.transitions)
    }

    @Test("A Lease that is deleted under its holder is not taken by others before its time")
    func deleted() {
        var election = Self.looked(Self.record("other"))
        election.take(.found(nil), sent: Self.at(5), at: Self.at(5))
        #expect(election.next(at: Self.at(10), wall: Self.wall) == .read)
        election.take(.found(nil), sent: Self.at(10), at: Self.at(10))
        #expect(election.next(at: Self.at(10), wall: Self.wall) == .wait(.seconds(5)))
        _ = election.next(at: Self.at(30), wall: Self.wall)
        election.take(.found(nil), sent: Self.at(31), at: Self.at(31))
        guard case .write(let made) = election.next(at: Self.at(31), wall: Self.wall) else { return #expect(Bool(false)) }
        #expect(made.version.isEmpty && made.transitions == 4)
    }

    @Test("What is given up names nobody; there is nothing to give up without holding it")
    func release() {
        var election = Self.looked(nil)
        Self.stored(&election, at: Self.at(0))
        let released = election.release(wall: Self.wall)
        #expect(released?.holder == "" && released?.durationSeconds == 1 && released?.version == "8" && released?.transitions == 0)
        #expect(!election.mayAct(at: Self.at(1)))
        var other = Self.looked(Self.record("other"))
        #expect(other.release(wall: Self.wall) == nil)
    }

    @Test("Records are read as they are written")
    func documents() {
        let record = Self.record("me")
        let object = record.object(name: "flotilla-agent", namespace: "flotilla-system")
        #expect(LeaseRecord(object) == record)
        #expect(object.at("spec", "leaseDurationSeconds") == 30 && object.at("metadata", "resourceVersion") == "7")
        #expect(LeaseRecord.time(Timestamp(milliseconds: 1_007)) == "1970-01-01T00:00:01.007000Z")
    }
}
