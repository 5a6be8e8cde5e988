// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdTLS
import Logging
import Manifests
import NIOCore
import NIOSSL
import Synchronization

/// The server's certificate, which may change while it serves, and the administrator's, which does not.
final class Encryption: Sendable {
    let administrator: ServerCertificate
    private let shown: Mutex<ServerCertificate>

    init(folder: String?, host: String, now: Timestamp) throws {
        administrator = try ServerCertificate.load(folder: folder, purpose: .administrator, now: now)
        shown = Mutex(try ServerCertificate.load(folder: folder, purpose: .server(host: host), now: now))
    }

    var current: ServerCertificate { shown.withLock { $0 } }

    /// Takes a new certificate for the handshakes that follow.
    func rotate(host: String, now: Timestamp) throws -> ServerCertificate {
        let made = try ServerCertificate(.server(host: host), now: now)
        shown.withLock { $0 = made }
        return made
    }

    /// For a server that asks for a client's certificate but takes clients without.
    func configuration() throws -> TLSConfiguration {
        let (chain, key) = try Self.sources(current)
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
        configuration.certificateVerification = .optionalVerification
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(administrator.certificatePEM.utf8)))
        configuration.sslContextCallback = { [self] _, promise in
            var change = NIOSSLContextConfigurationOverride()
            do {
                let (chain, key) = try Self.sources(current)
                change.certificateChain = chain
                change.privateKey = key
                promise.succeed(change)
            } catch {
                promise.fail(error)
            }
        }
        return configuration
    }

    private static func sources(_ certificate: ServerCertificate) throws -> ([NIOSSLCertificateSource], NIOSSLPrivateKeySource) {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.certificatePEM.utf8)).map {
            NIOSSLCertificateSource.certificate($0)
        }
        return (chain, .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.keyPEM.utf8), format: .pem)))
    }
}

/// A request's context that knows the connection.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// The connections that are open, and which of them are the administrator's.
final class ConnectionRegistry: Sendable {
    private struct Connection {
        let channel: any Channel
        let isAdministrator: Bool
    }

    private let open = Mutex<[ObjectIdentifier: Connection]>([:])

    var count: Int { open.withLock { $0.count } }

    /// Whether a connection showed the administrator's certificate: the only one that a handshake lets through.
    func isAdministrator(_ channel: any Channel, isEncrypted: Bool) async -> Bool {
        let id = ObjectIdentifier(channel)
        if let known = open.withLock({ $0[id]?.isAdministrator }) { return known }
        let shown = isEncrypted ? try? await channel.nioSSL_peerCertificate().get() : nil
        let isAdministrator = shown.flatMap { $0 } != nil
        open.withLock { $0[id] = Connection(channel: channel, isAdministrator: isAdministrator) }
        channel.closeFuture.whenComplete { [weak self] _ in
            guard let self else { return }
            self.open.withLock { $0[id] = nil }
        }
        return isAdministrator
    }

    func closeAll() {
        for connection in open.withLock({ Array($0.values) }) { connection.channel.close(promise: nil) }
    }
}
