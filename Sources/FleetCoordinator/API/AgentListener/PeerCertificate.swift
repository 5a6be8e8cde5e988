// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOSSL
import Synchronization

/// Whose agent is at the other end of a connection: found out once, however many requests come over it.
final class PeerCertificate: Sendable {
    private enum Knowledge {
        case notAsked
        case known(AgentIdentity?)
    }

    private let knowledge = Mutex(Knowledge.notAsked)
    private let channel: any Channel
    private let authorities: Authorities

    /// That of the connection whose requests the current task serves.
    @TaskLocal static var current: PeerCertificate?

    init(channel: any Channel, authorities: Authorities) {
        self.channel = channel
        self.authorities = authorities
    }

    /// Looks at the certificate that the peer shows in the handshake; the handshake proves afterwards that it has the key.
    func judge(_ certificates: [NIOSSLCertificate]) -> NIOSSLVerificationResult {
        guard let own = certificates.first, let identity = read(own) else { return .failed }
        knowledge.withLock { $0 = .known(identity) }
        return .certificateVerified
    }

    /// `nil` where the peer has shown no certificate.
    func identity() async throws -> AgentIdentity? {
        if case .known(let identity) = knowledge.withLock({ $0 }) { return identity }
        // Without a certificate nobody was asked to judge one; and a resumed session has that of the session before it.
        let certificate = try await channel.nioSSL_peerCertificate().get()
        let identity = certificate.flatMap(read)
        knowledge.withLock { $0 = .known(identity) }
        return identity
    }

    private func read(_ certificate: NIOSSLCertificate) -> AgentIdentity? {
        guard let der = try? certificate.toDERBytes() else { return nil }
        return AgentIdentity.read(der: der, believing: authorities.current.all)
    }
}
