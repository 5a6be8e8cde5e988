// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// Which algorithms are used over ssh: those of libssh2's that rest on no broken hash or cipher.
///
/// Names that the installed libssh2 does not know are passed over by it: newer ones bring more.
enum SSHAlgorithms {
    static let keyExchange = [
        "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha256",
    ]
    static let ciphers = ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"]
    static let authentication = [
        "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512",
    ]
    /// Without `ssh-rsa`, which signs with SHA-1; the RSA algorithms with SHA-2 exist from libssh2 1.11 on.
    private static let hostKeys = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
    ]

    /// The host key algorithms, those first whose keys are known: a host shows one key only, and it should be one that can be compared.
    static func hostKeys(known types: [String]) -> [String] {
        let known = hostKeys.filter { types.contains($0.hasPrefix("rsa-") ? SSHPrivateKey.rsa : $0) }
        return known + hostKeys.filter { !known.contains($0) }
    }

    /// Whether the installed libssh2 signs with RSA keys as servers want it since OpenSSH 8.8: with SHA-2.
    static var hasModernRSA: Bool { libssh2_version(0x01_0B00) != nil }

    /// Sets all preferences before the handshake.
    static func prepare(_ session: OpaquePointer, knownTypes: [String]) -> Bool {
        let preferences: [(Int32, [String])] = [
            (LIBSSH2_METHOD_KEX, keyExchange), (LIBSSH2_METHOD_HOSTKEY, hostKeys(known: knownTypes)),
            (LIBSSH2_METHOD_CRYPT_CS, ciphers), (LIBSSH2_METHOD_CRYPT_SC, ciphers),
            (LIBSSH2_METHOD_MAC_CS, authentication), (LIBSSH2_METHOD_MAC_SC, authentication),
        ]
        return preferences.allSatisfy { libssh2_session_method_pref(session, $0, $1.joined(separator: ",")) == 0 }
    }
}
