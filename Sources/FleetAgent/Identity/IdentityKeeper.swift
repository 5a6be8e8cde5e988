// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTransport
import KubernetesAPI
import Logging
import Manifests

/// Sees to it that the agent has a certificate: enrols it, renews in good time, keeps what it has, and says what is wrong.
///
/// It shows the coordinator what there is by `CoordinatorClient.use`; whoever talks to the coordinator waits for that.
actor IdentityKeeper {
    /// Where the token is, and by whom the coordinator is known before it has said so itself.
    struct Source: Sendable {
        var tokenFile: String?
        var authorityFile: String?
    }

    private let source: Source
    private let store: IdentityStore
    private let coordinator: CoordinatorClient
    private let mask: SecretMask
    private let meter: Meter
    private let pulse: Pulse
    private let clock: AgentClock
    private let logger: Logger
    private let instance: String

    private var plan: IdentityPlan
    private var identity: AgentIdentity
    /// Whether the cluster has what the state folder has.
    private var isShared = false
    private var lastSaid = ""
    private var lastFingerprint = ""
    private var lastStoreProblem = ""
    private let news = Wakeup()
    private var random = SystemRandomNumberGenerator()

    private static let tokenBytesMax = 4_096
    private static let authorityBytesMax = 1 << 20
    /// How long is waited before the identity is kept again where that failed.
    private static let storePause = Duration.seconds(10)

    init(
        source: Source, store: IdentityStore, coordinator: CoordinatorClient, mask: SecretMask, meter: Meter, pulse: Pulse,
        clock: AgentClock, logger: Logger, instance: String
    ) {
        self.source = source
        self.store = store
        self.coordinator = coordinator
        self.mask = mask
        self.meter = meter
        self.pulse = pulse
        self.clock = clock
        self.logger = logger
        self.instance = instance
        plan = IdentityPlan(cluster: store.cluster)
        identity = AgentIdentity(cluster: store.cluster)
    }

    // MARK: What others tell it

    /// The coordinator has answered somebody who showed the certificate.
    func accepted() {
        guard case .refused = plan.standing(at: clock.wall()) else { return }
        plan.accept()
        say()
    }

    /// The coordinator did not take the certificate, or is not who it should be.
    func heard(_ refusal: CoordinatorError) {
        guard refusal.refusesIdentity || refusal.isDistrust else { return }
        plan.refuse(refusal.message)
        say()
        news.wake()
    }

    // MARK: Running

    /// Runs until the task is cancelled.
    func run() async {
        await begin()
        while !Task.isCancelled {
            if !isShared { await share() }
            let wall = clock.wall()
            if plan.wantsToken(at: wall) { plan.see(await token()?.standing(of: identity) ?? .none) }
            say()
            present()
            switch plan.step(steady: clock.now(), wall: wall) {
            case .wait(let pause):
                let pause = isShared ? pause : min(pause, Self.storePause)
                pulse.beat("identity", within: pause + .seconds(120))
                await news.wait(atMost: pause, clock)
            case .enrol:
                pulse.beat("identity", within: .seconds(300))
                await enrol()
            case .renew:
                pulse.beat("identity", within: .seconds(300))
                await renew()
            }
        }
        pulse.rest("identity")
    }

    /// Reads what was kept. What is on disk is good enough to work with; before the first enrolment the cluster has to be asked.
    private func begin() async {
        do {
            if let known = try await store.onDisk() { take(known) }
        } catch {
            logger.error("the agent's identity cannot be read: \(error)")
        }
        present()
    }

    /// Brings what is kept here and in the cluster together.
    private func share() async {
        do {
            if let known = try await store.load() { take(identity.merged(with: known)) }
            if identity.held != nil || identity.candidate != nil { take(try await store.save(identity)) }
            isShared = true
            lastStoreProblem = ""
        } catch {
            if Task.isCancelled { return }
            // Tried again and again; said once.
            if "\(error)" != lastStoreProblem { logger.warning("the agent's identity cannot be kept in the cluster: \(error)") }
            lastStoreProblem = "\(error)"
        }
    }

    private func take(_ known: AgentIdentity) {
        mask.keep(known.secrets)
        let before = identity.held
        identity = known
        guard let held = known.held, held != before else { return }
        do { plan.hold(try held.issued.validity(for: held.key), chance: Double.random(in: 0..<1, using: &random)) } catch {
            logger.error("the agent's certificate is of no use: \(error)")
            identity.held = before
        }
    }

    /// Lets the coordinator's client show what there is.
    private func present() {
        guard let held = identity.held, plan.standing(at: clock.wall()).isUsable else { return coordinator.use(nil) }
        coordinator.use(
            TrustSettings(
                certificateAuthority: held.issued.authorities.isEmpty ? nil : Array(held.issued.authorities.utf8),
                clientCertificate: Array(held.issued.certificate.utf8), clientKey: Array(held.key.pem.utf8)))
    }

    // MARK: Asking

    private struct Token {
        var text: String
        var digest: Digest

        func standing(of identity: AgentIdentity) -> IdentityPlan.Token { identity.held?.token == digest ? .spent : .fresh(digest) }
    }

    /// Looked at anew each time, as it may be replaced.
    private func token() async -> Token? {
        guard let path = source.tokenFile else { return nil }
        let bytes = try? await store.state.onThread { try Folder.read(path, bytesMax: Self.tokenBytesMax) }
        guard let bytes = bytes ?? nil else { return nil }
        let text = String(decoding: bytes.filter { $0 > 32 && $0 < 127 }, as: UTF8.self)
        guard !text.isEmpty, text.utf8.count <= EnrolmentRequest.tokenBytesMax else { return nil }
        var secret = Plaintexts()
        secret.insert(text)
        mask.keep(secret)
        return Token(text: text, digest: .sha256(text))
    }

    private func enrol() async {
        guard let token = await token(), case .fresh = token.standing(of: identity) else { return }
        do {
            // A key that a later pod of this cluster finds, too: a token is good for one only. Without it nothing is asked.
            let settled = try await store.settle(candidate: SigningKey(), of: identity)
            take(settled)
            isShared = true
            guard let key = settled.candidate else { return }
            let request = EnrolmentRequest(
                token: token.text, certificateRequest: try key.certificateRequest(for: store.cluster), instance: instance)
            switch try await coordinator.enrol(request, trust: try await trustBefore()) {
            case .pending(let seconds):
                if lastFingerprint != key.fingerprint {
                    logger.notice("the key that waits to be approved has the fingerprint \(key.fingerprint)")
                }
                lastFingerprint = key.fingerprint
                plan.pend(retrySeconds: seconds, steady: clock.now())
            case .issued(let issued):
                _ = try issued.validity(for: key)
                var next = settled
                next.held = AgentIdentity.Held(key: key, issued: issued, token: token.digest)
                next.candidate = nil
                logger.notice("enrolled: the certificate is good until \(issued.expires.rfc3339)")
                await keep(next)
            }
        } catch {
            fail(error)
        }
    }

    private func renew() async {
        guard let held = identity.held else { return }
        do {
            let request = RenewalRequest(certificateRequest: try held.key.certificateRequest(for: store.cluster))
            guard case .issued(let issued) = try await coordinator.renew(request) else {
                throw IdentityError(message: "the coordinator wants a renewal to be approved")
            }
            let validity = try issued.validity(for: held.key)
            guard validity.ends > clock.wall() else { throw IdentityError(message: "the renewed certificate has ended already") }
            var next = identity
            next.held?.issued = issued
            logger.info("the certificate is renewed, until \(issued.expires.rfc3339)")
            await keep(next)
        } catch {
            meter.renewalFailed()
            if let refusal = error as? CoordinatorError, refusal.refusesIdentity { plan.refuse(refusal.message) }
            fail(error)
        }
    }

    private func keep(_ next: AgentIdentity) async {
        take(next)
        say()
        present()
        isShared = false
        do {
            take(try await store.save(next))
            isShared = true
        } catch {
            if !Task.isCancelled { logger.warning("the agent's new certificate cannot be kept, which is tried again: \(error)") }
        }
    }

    private func fail(_ error: any Error) {
        if Task.isCancelled { return }
        plan.fail("\(error)", steady: clock.now(), wall: clock.wall(), using: &random)
    }

    /// Whom to believe that it is the coordinator before it has told its authorities.
    private func trustBefore() async throws -> TrustSettings {
        guard let path = source.authorityFile else { return .system }
        let bytes = try await store.state.onThread { try Folder.read(path, bytesMax: Self.authorityBytesMax) }
        guard let bytes else { throw IdentityError(message: "\(path), the coordinator's authority, is not there") }
        return TrustSettings(certificateAuthority: bytes)
    }

    // MARK: Telling

    private func say() {
        let wall = clock.wall()
        let problem = plan.problem(at: wall)
        var isRefused = false
        if case .refused = plan.standing(at: wall) { isRefused = true }
        meter.identity(ends: plan.validity?.ends, problem: problem ?? "", isRefused: isRefused)
        let said = problem ?? ""
        guard said != lastSaid else { return }
        if problem != nil { logger.error("\(said)") } else { logger.info("the coordinator knows this agent") }
        lastSaid = said
    }
}
