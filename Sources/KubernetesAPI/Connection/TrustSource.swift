// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Synchronization

/// The files in which certificates lie; `nil` for those that came otherwise.
package struct TrustFiles: Sendable, Hashable {
    package var certificateAuthority: String?
    package var clientCertificate: String?
    package var clientKey: String?

    package init(certificateAuthority: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
    }

    var isEmpty: Bool { certificateAuthority == nil && clientCertificate == nil && clientKey == nil }

    fileprivate var stamps: [SmallFile.Stamp?] { [certificateAuthority, clientCertificate, clientKey].map { $0.flatMap(SmallFile.stamp) } }
}

/// Whom a connection trusts, current at each request.
final class TrustSource: Sendable {
    private struct State {
        var trust: TrustSettings
        var stamps: [SmallFile.Stamp?]
    }

    private let files: TrustFiles
    private let state: Mutex<State>

    init(_ trust: TrustSettings, _ files: TrustFiles) {
        self.files = files
        // Without stamps: what changed since the connection was read is noticed at the first request.
        state = Mutex(State(trust: trust, stamps: []))
    }

    /// The settings, where they have changed since they were last asked for. While a replaced file cannot be read, or is being
    /// replaced, the last settings stay.
    func news() -> TrustSettings? {
        guard !files.isEmpty else { return nil }
        let stamps = files.stamps
        return state.withLock { state in
            guard stamps != state.stamps else { return nil }
            var trust = state.trust
            do throws(ConnectionError) {
                if let path = files.certificateAuthority { trust.certificateAuthority = try read(path) }
                if let path = files.clientCertificate { trust.clientCertificate = try read(path) }
                if let path = files.clientKey { trust.clientKey = try read(path) }
            } catch { return nil }
            // Read while they were replaced: the next request looks again.
            if files.stamps == stamps { state.stamps = stamps }
            guard trust != state.trust else { return nil }
            state.trust = trust
            return trust
        }
    }

    private func read(_ path: String) throws(ConnectionError) -> [UInt8] {
        let bytes = try SmallFile.read(path).bytes
        guard !bytes.isEmpty else { throw ConnectionError(.unreadableFile, "\(path) is empty") }
        return bytes
    }
}
