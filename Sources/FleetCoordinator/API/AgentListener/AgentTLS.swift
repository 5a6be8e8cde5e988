// SPDX-License-Identifier: Apache-2.0
import Manifests
import NIOSSL
import Synchronization

/// How the agents' listener speaks TLS at the moment. Every new connection takes what is in force then: neither a new certificate of the
/// listener nor a change of authorities needs a restart, and connections that stand go on.
final class AgentTLS: Sendable {
    private struct State {
        var context: NIOSSLContext
        var certificate: ListenerCertificate
        var names: [String]
    }

    let authorities: Authorities
    private let names: @Sendable () -> [String]
    private let time: WallTime
    private let state: Mutex<State>

    /// - Parameter names: those by which the listener is reached.
    init(authorities: Authorities, time: WallTime, names: @escaping @Sendable () -> [String]) throws {
        self.authorities = authorities
        self.time = time
        self.names = names
        state = Mutex(try Self.make(authorities, names(), at: time.now))
    }

    var context: NIOSSLContext { state.withLock { $0.context } }

    /// When the certificate that is shown gives way to a new one.
    var renewAfter: Timestamp { state.withLock { $0.certificate.renewAfter } }

    /// Makes what is shown anew where its time has come, its authority was retired, or the listener has got another name.
    func refresh() throws {
        let (now, names) = (time.now, names())
        let (certificate, shownNames) = state.withLock { ($0.certificate, $0.names) }
        let isDue = now >= certificate.renewAfter || Self.shown(authorities, at: now)?.fingerprint != certificate.authority
        guard isDue || names != shownNames else { return }
        let fresh = try Self.make(authorities, names, at: now)
        state.withLock { $0 = fresh }
    }

    /// The oldest authority's certificate is the one that every agent believes.
    private static func shown(_ authorities: Authorities, at now: Timestamp) -> Authority? {
        let all = authorities.current.all
        return all.first { $0.isValid(at: now) } ?? all.last
    }

    private static func make(_ authorities: Authorities, _ names: [String], at now: Timestamp) throws -> State {
        guard let authority = shown(authorities, at: now) else { throw Authorities.Refusal.expired }
        let certificate = try ListenerCertificate.issue(by: authority, names: names, at: now)
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem)))
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        // Whoever has no certificate may enrol. One that is shown is judged by `AgentChannel`; the system's authorities count for nothing.
        tls.certificateVerification = .optionalVerification
        tls.trustRoots = .certificates([])
        tls.verifySignatureAlgorithms = [
            .ecdsaSecp256R1Sha256, .ecdsaSecp384R1Sha384, .ed25519, .rsaPssRsaeSha256, .rsaPssRsaeSha384, .rsaPssRsaeSha512,
            .rsaPkcs1Sha256,
            .rsaPkcs1Sha384, .rsaPkcs1Sha512,
        ]
        return State(context: try NIOSSLContext(configuration: tls), certificate: certificate, names: names)
    }
}
