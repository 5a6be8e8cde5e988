// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

/// When a certificate is good, and from when on the next one is asked for.
struct Validity: Sendable, Hashable {
    var begins: Timestamp
    var renewAfter: Timestamp
    var ends: Timestamp

    /// A time to renew that makes no sense (not before the end, or before the beginning) becomes one that does.
    init(begins: Timestamp, renewAfter: Timestamp, ends: Timestamp) {
        self.begins = begins
        self.ends = ends
        let last = begins + (ends - begins) * 9 / 10
        self.renewAfter = max(begins, min(renewAfter, last))
    }
}

/// What an agent does about its certificate, as a function of what it has, of what was answered, and of the time.
///
/// Two clocks: certificates are good by the time of day, pauses are counted by the steady clock.
struct IdentityPlan: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        /// Ask for a certificate with the token.
        case enrol
        /// Ask for the next certificate with the one in hand.
        case renew
        /// Do nothing for so long, and look again.
        case wait(Duration)
    }

    /// What is known of the one-time token.
    enum Token: Sendable, Hashable {
        case none
        /// The one that the certificate in hand was had for.
        case spent
        /// By its digest.
        case fresh(Digest)
    }

    /// How it stands about the certificate.
    enum Standing: Sendable, Hashable {
        case none
        case valid
        /// By this machine's clock it is not good yet.
        case early
        case ended
        /// The coordinator does not accept it, for this reason.
        case refused(String)

        /// Whether it is worth showing to the coordinator. One that is refused is shown all the same: the refusal may end.
        var isUsable: Bool { self != .none && self != .ended }
    }

    /// The cluster, for what is said to people.
    let cluster: String
    private(set) var validity: Validity?
    private(set) var token = Token.none
    private var refusal: String?
    private var isPending = false
    /// By the steady clock: nothing is asked before.
    private var pausedUntil: Timestamp?
    private var failure: String?
    private var backoff = Self.quick
    /// What the pause was for: another token is tried at once.
    private var pausedFor = Token.none
    /// The part of the time between renewal's first moment and the end by which this agent renews later, so that a fleet does not at once.
    private var shift = 0.0

    /// The longest that is waited before looking again whether the clock was set, or another token was given.
    static let longest = Duration.seconds(600)
    static let tokenPause = Duration.seconds(15)
    private static let shiftMost = 0.1
    private static let quick = Backoff(base: .seconds(5), cap: .seconds(300))
    /// The least and the most that approval is waited for between two questions.
    private static let approvalPause = Duration.seconds(1)...Duration.seconds(300)

    init(cluster: String, validity: Validity? = nil) {
        self.cluster = cluster
        self.validity = validity
    }

    // MARK: What happens

    /// A certificate was issued, or read back.
    /// - Parameter chance: 0..<1.
    mutating func hold(_ validity: Validity, chance: Double) {
        self.validity = validity
        shift = Self.shiftMost * min(max(chance, 0), 1)
        refusal = nil
        isPending = false
        settle()
    }

    /// Somebody has to approve first.
    mutating func pend(retrySeconds: Int64, steady: Timestamp) {
        isPending = true
        failure = nil
        backoff.reset()
        let wanted = Duration.seconds(min(max(retrySeconds, 0), 86_400))
        pausedUntil = steady + min(max(wanted, Self.approvalPause.lowerBound), Self.approvalPause.upperBound)
        pausedFor = token
    }

    /// What was asked for was not had.
    mutating func fail(_ reason: String, steady: Timestamp, wall: Timestamp, using random: inout some RandomNumberGenerator) {
        failure = reason
        isPending = false
        var pause = backoff.next(using: &random)
        // Towards the end it is tried more often, not less.
        if let validity, validity.ends > wall { pause = min(pause, max(.seconds(5), (validity.ends - wall) / 10)) }
        pausedUntil = steady + pause
        pausedFor = token
    }

    /// The token file was looked at.
    mutating func see(_ token: Token) {
        self.token = token
        guard pausedUntil != nil, token != pausedFor, case .fresh = token else { return }
        isPending = false
        settle()
    }

    /// The coordinator does not accept the certificate.
    mutating func refuse(_ reason: String) { if validity != nil { refusal = reason } }

    /// The coordinator has accepted it.
    mutating func accept() { refusal = nil }

    private mutating func settle() {
        pausedUntil = nil
        failure = nil
        backoff.reset()
    }

    // MARK: What to do

    func standing(at wall: Timestamp) -> Standing {
        guard let validity else { return .none }
        if wall >= validity.ends { return .ended }
        if let refusal { return .refused(refusal) }
        return wall < validity.begins ? .early : .valid
    }

    /// Whether the token file is worth a look.
    func wantsToken(at wall: Timestamp) -> Bool {
        switch standing(at: wall) {
        case .none, .ended, .refused: true
        case .valid, .early: false
        }
    }

    /// When the next certificate is asked for; `nil` without one in hand.
    var renewal: Timestamp? { validity.map { $0.renewAfter + ($0.ends - $0.renewAfter) * shift } }

    func step(steady: Timestamp, wall: Timestamp) -> Step {
        let pause = pausedUntil.map { $0 - steady } ?? .zero
        let standing = standing(at: wall)
        if pause > .zero { return .wait(min(pause, wantsToken(at: wall) ? Self.tokenPause : Self.longest)) }
        if wantsToken(at: wall), case .fresh = token { return .enrol }
        switch standing {
        case .none, .ended: return .wait(Self.tokenPause)
        case .early: return .wait(min(Self.longest, .seconds(60)))
        case .valid, .refused:
            guard let renewal, wall < renewal else { return .renew }
            return .wait(min(renewal - wall, wantsToken(at: wall) ? Self.tokenPause : Self.longest))
        }
    }

    // MARK: What to say

    /// What is wrong, for people; `nil` while all is well.
    func problem(at wall: Timestamp) -> String? {
        let again = "flotilla cluster enroll \(cluster)"
        switch (standing(at: wall), token) {
        case (.none, .none): return "this agent has no certificate, and no token to get one with: \(again)"
        case (.none, _):
            if isPending { return "this agent's enrolment waits to be approved: flotilla cluster approve \(cluster)" }
            return failure.map { "this agent is not enrolled yet: \($0)" }
        case (.ended, .fresh):
            if isPending { return "this agent's enrolment waits to be approved: flotilla cluster approve \(cluster)" }
            return failure.map { "this agent's certificate has ended, and it is not enrolled again yet: \($0)" }
        case (.ended, _):
            let end = validity.map { " on \($0.ends.rfc3339)" } ?? ""
            return
                "this agent's certificate has ended\(end), by this machine's clock: it has to be enrolled again, with a new token: \(again)"
        case (.early, _):
            let begin = validity?.begins.rfc3339 ?? ""
            return "this agent's certificate is good from \(begin) on, and by this machine's clock that is yet to come: set the clock"
        case (.refused(let reason), _):
            if isPending { return "this agent's enrolment waits to be approved: flotilla cluster approve \(cluster)" }
            return "\(reason). The cluster is kept as it was last told; where the certificate was revoked, enrol again: \(again)"
                + (failure.map { " (\($0))" } ?? "")
        case (.valid, _):
            guard let failure, let renewal, wall >= renewal, let validity else { return nil }
            return "this agent's certificate, which ends on \(validity.ends.rfc3339), cannot be renewed: \(failure)"
        }
    }
}
