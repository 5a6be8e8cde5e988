// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The bearer token of a connection, current at each request.
final class TokenSource: Sendable {
    private struct Cached {
        var token: String
        var stamp: SmallFile.Stamp?
    }

    private let path: String?
    private let cached: Mutex<Cached?>

    init(_ credential: ClusterConnection.Credential) {
        switch credential {
        case .none:
            path = nil
            cached = Mutex(nil)
        case .token(let token):
            path = nil
            cached = Mutex(Cached(token: token))
        case .tokenFile(let path):
            self.path = path
            cached = Mutex(nil)
        }
    }

    /// The token to send now, if any. While a replaced file cannot be read, the last token is used.
    func token() throws(ConnectionError) -> String? {
        guard let path else { return cached.withLock { $0?.token } }
        let current = SmallFile.stamp(path)
        if let known = cached.withLock({ $0 }), current == nil || known.stamp == current { return known.token }
        let (bytes, stamp) = try SmallFile.read(path)
        let token = String(decoding: bytes.filter { $0 > 32 && $0 < 127 }, as: UTF8.self)
        guard !token.isEmpty else { throw ConnectionError(.unreadableFile, "\(path) contains no token") }
        cached.withLock { $0 = Cached(token: token, stamp: stamp) }
        return token
    }
}
