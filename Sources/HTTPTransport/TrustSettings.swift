// SPDX-License-Identifier: Apache-2.0

/// Whom a client believes, and who it says it is.
package struct TrustSettings: Sendable, Hashable {
    /// PEM certificates that are trusted instead of the system's; `nil` trusts the system's.
    package var certificateAuthority: [UInt8]?
    /// The client's own certificate in PEM, with its chain; needs `clientKey`.
    package var clientCertificate: [UInt8]?
    /// The private key of `clientCertificate` in PEM, without a passphrase.
    package var clientKey: [UInt8]?
    /// Accepts any certificate of any name. For tests and for kubeconfigs that ask for it.
    package var insecureSkipVerify: Bool
    /// The name that the server's certificate must have, where it is not the URL's host.
    package var serverName: String?

    package init(
        certificateAuthority: [UInt8]? = nil, clientCertificate: [UInt8]? = nil, clientKey: [UInt8]? = nil,
        insecureSkipVerify: Bool = false, serverName: String? = nil
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.insecureSkipVerify = insecureSkipVerify
        self.serverName = serverName
    }

    package static let system = TrustSettings()
}

extension TrustSettings: CustomStringConvertible {
    /// What is configured, without any of it.
    package var description: String {
        var parts = [certificateAuthority == nil ? "system certificates" : "own certificate authority"]
        if clientCertificate != nil { parts.append("client certificate") }
        if insecureSkipVerify { parts.append("no verification") }
        if let serverName { parts.append("server name \(serverName)") }
        return parts.joined(separator: ", ")
    }
}
