// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetAgent

@Suite struct IdentityPlanTests {
    private static let day = Duration.seconds(86_400)
    private static let begin = Timestamp(seconds: 1_790_000_000)
    private static let validity = Validity(begins: begin, renewAfter: begin + day * 2, ends: begin + day * 3)
    private static let token = IdentityPlan.Token.fresh(.sha256("one"))

    private static func held(_ chance: Double = 0) -> IdentityPlan {
        var plan = IdentityPlan(cluster: "edge-7")
        plan.hold(validity, chance: chance)
        return plan
    }

    @Test("Without a certificate and a token nothing is asked, and it is said what to do")
    func nothing() {
        let plan = IdentityPlan(cluster: "edge-7")
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .wait(IdentityPlan.tokenPause))
        #expect(plan.problem(at: Self.begin)?.contains("flotilla cluster enroll edge-7") == true)
        #expect(!plan.standing(at: Self.begin).isUsable)
    }

    @Test("With a token it enrols")
    func enrols() {
        var plan = IdentityPlan(cluster: "edge-7")
        plan.see(Self.token)
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .enrol)
    }

    @Test("An approval is waited for as long as the coordinator says, within reason", arguments: [(30, 15), (0, 1), (99_999, 15), (-5, 1)])
    func pending(retry: Int64, first: Int64) {
        var plan = IdentityPlan(cluster: "edge-7")
        plan.see(Self.token)
        plan.pend(retrySeconds: retry, steady: Self.begin)
        // The token's file is looked at meanwhile.
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .wait(.seconds(first)))
        #expect(plan.problem(at: Self.begin)?.contains("flotilla cluster approve edge-7") == true)
        #expect(plan.step(steady: Self.begin + .seconds(301), wall: Self.begin) == .enrol)
    }

    @Test("A certificate is used, and renewed from its time on, well before its end, not by all agents at once")
    func renews() {
        let plan = Self.held()
        #expect(plan.standing(at: Self.begin) == .valid)
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .wait(IdentityPlan.longest))
        let soon = Self.begin + Self.day * 2 + .seconds(-5)
        #expect(plan.step(steady: soon, wall: soon) == .wait(.seconds(5)))
        #expect(plan.step(steady: soon, wall: Self.begin + Self.day * 2) == .renew)
        let late = Self.held(0.999)
        #expect(late.step(steady: soon, wall: Self.begin + Self.day * 2) != .renew)
        #expect(late.step(steady: soon, wall: Self.begin + Self.day * 2 + Self.day / 9) == .renew)
        #expect(plan.problem(at: soon) == nil)
    }

    @Test("A time to renew that makes no sense is mended", arguments: [-10, 0, 3, 100])
    func senseless(days: Int) {
        let validity = Validity(begins: Self.begin, renewAfter: Self.begin + Self.day * days, ends: Self.begin + Self.day * 3)
        #expect(validity.renewAfter >= Self.begin && validity.renewAfter < validity.ends)
    }

    @Test("A renewal that fails is tried again until the end, more and more slowly, and more often towards it")
    func retries() {
        var plan = Self.held()
        var random = SeededRandom(seed: 3)
        var now = Self.begin + Self.day * 2
        var pauses: [Duration] = []
        while now < Self.validity.ends {
            switch plan.step(steady: now, wall: now) {
            case .renew:
                plan.fail("no answer", steady: now, wall: now, using: &random)
                pauses.append(.zero)
            case .wait(let pause):
                #expect(pause > .zero)
                now = now + pause
                pauses[pauses.count - 1] += pause
            case .enrol: Issue.record("there is no token")
            }
            #expect(plan.standing(at: now) == (now < Self.validity.ends ? .valid : .ended))
            if now < Self.validity.ends { #expect(plan.problem(at: now)?.contains("cannot be renewed: no answer") == true) }
        }
        // Minutes apart for most of a day, seconds at its end; never more often than that.
        #expect((200..<1_000).contains(pauses.count), "\(pauses.count)")
        #expect(pauses.allSatisfy { $0 <= .seconds(300) && $0 > .seconds(1) })
        #expect(plan.step(steady: now, wall: now) == .wait(IdentityPlan.tokenPause) || plan.step(steady: now, wall: now) != .renew)
        #expect(plan.problem(at: now)?.contains("flotilla cluster enroll edge-7") == true)
    }

    @Test("After the end only another token helps")
    func ended() {
        var plan = Self.held()
        let late = Self.begin + Self.day * 4
        #expect(plan.standing(at: late) == .ended)
        #expect(!plan.standing(at: late).isUsable)
        plan.see(.spent)
        #expect(plan.step(steady: late, wall: late) == .wait(IdentityPlan.tokenPause))
        plan.see(Self.token)
        #expect(plan.step(steady: late, wall: late) == .enrol)
    }

    @Test("A clock that is behind is said, and the certificate used nevertheless; set, all is well")
    func clock() {
        let plan = Self.held()
        let early = Self.begin + .seconds(-7_200)
        #expect(plan.standing(at: early) == .early)
        #expect(plan.standing(at: early).isUsable)
        #expect(plan.step(steady: early, wall: early) == .wait(.seconds(60)))
        #expect(plan.problem(at: early)?.contains("set the clock") == true)
        #expect(plan.problem(at: Self.begin) == nil)
        // One that is far ahead and is set back.
        #expect(plan.standing(at: Self.begin + Self.day * 30) == .ended)
        #expect(plan.standing(at: Self.begin + Self.day) == .valid)
    }

    @Test("A refusal is said and may end; with another token the agent enrols again")
    func refused() {
        var plan = Self.held()
        plan.see(.spent)
        plan.refuse("revoked")
        #expect(plan.standing(at: Self.begin) == .refused("revoked"))
        #expect(plan.standing(at: Self.begin).isUsable)
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .wait(IdentityPlan.tokenPause))
        #expect(plan.problem(at: Self.begin)?.contains("kept as it was last told") == true)
        var other = plan
        other.accept()
        #expect(other.problem(at: Self.begin) == nil)
        plan.see(Self.token)
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .enrol)
        plan.hold(Self.validity, chance: 0)
        #expect(plan.standing(at: Self.begin) == .valid)
    }

    @Test("A token that is refused is tried again slowly, another one at once")
    func tokens() {
        var plan = IdentityPlan(cluster: "edge-7")
        var random = SeededRandom(seed: 1)
        plan.see(Self.token)
        for _ in 0..<20 { plan.fail("no such token", steady: Self.begin, wall: Self.begin, using: &random) }
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .wait(IdentityPlan.tokenPause))
        plan.see(Self.token)
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .wait(IdentityPlan.tokenPause))
        #expect(plan.problem(at: Self.begin)?.contains("no such token") == true)
        plan.see(.fresh(.sha256("two")))
        #expect(plan.step(steady: Self.begin, wall: Self.begin) == .enrol)
    }
}
