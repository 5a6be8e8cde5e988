// SPDX-License-Identifier: Apache-2.0
import Crypto
import Glibc
import Manifests
import SwiftASN1
import X509

/// What the agents' listener shows: a certificate of the coordinator's own authority, for the names by which it is reached.
struct ListenerCertificate: Sendable {
    /// Its own first, then its authority's, in PEM.
    let chain: String
    /// In PEM; only ever in memory.
    let key: String
    /// Of the authority that has signed it.
    let authority: Manifests.Digest
    /// From here on a new one is made.
    let renewAfter: Timestamp

    private static let lifetime = Duration.seconds(30 * 86_400)

    /// - Parameter names: host names and IP addresses.
    static func issue(by authority: Authority, names: [String], at now: Timestamp) throws -> ListenerCertificate {
        let key = P256.Signing.PrivateKey()
        let certificate = try authority.issue(
            to: Certificate.PublicKey(key.publicKey), commonName: "Flotilla coordinator", from: now - Authority.skew,
            until: now + lifetime, usage: .serverAuth, names: names.map(name))
        let end = Timestamp(certificate.notValidAfter)
        return ListenerCertificate(
            chain: try certificate.serializeAsPEM().pemString + "\n" + authority.above, key: key.pemRepresentation,
            authority: authority.fingerprint,
            renewAfter: Timestamp(milliseconds: now.milliseconds + (end.milliseconds - now.milliseconds) / 3 * 2))
    }

    /// The names by which agents reach a listener, each once.
    /// - Parameters:
    ///   - urls: addresses that were given out; what is no URL with a host is left out.
    ///   - host: where it listens.
    static func names(urls: [String?], host: String) -> [String] {
        var names: [String] = []
        for name in urls.compactMap({ $0.flatMap(Self.host) }) + [host, "localhost", "127.0.0.1", "::1"]
        where !["0.0.0.0", "::", ""].contains(name) && !names.contains(name) {
            names.append(name)
        }
        return names
    }

    /// The host of a URL, without the brackets of IPv6.
    static func host(_ url: String) -> String? {
        guard let start = url.firstRange(of: "://")?.upperBound else { return nil }
        var authority = url[start...].prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        if authority.hasPrefix("[") { return authority.dropFirst().firstIndex(of: "]").map { String(authority.dropFirst()[..<$0]) } }
        let host = authority.prefix { $0 != ":" }
        return host.isEmpty ? nil : host.lowercased()
    }

    private static func name(_ text: String) -> GeneralName {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: four) { Array($0)[...] }))
        }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: six) { Array($0)[...] }))
        }
        return .dnsName(text)
    }
}
