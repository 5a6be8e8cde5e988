// SPDX-License-Identifier: Apache-2.0

/// The public key by which a signature was checked.
package enum SigningKey: Sendable, Hashable, CustomStringConvertible {
    case ssh(SSHPublicKey)
    /// The fingerprint in capital hexadecimal digits, of the key itself or of the subkey that signed.
    case openPGP(fingerprint: String)

    /// As `ssh-keygen -l` and `gpg --list-keys` name it.
    package var description: String {
        switch self {
        case .ssh(let key): key.fingerprint
        case .openPGP(let fingerprint): "OpenPGP key \(fingerprint)"
        }
    }
}

/// What a commit's signature is worth.
package enum SignatureVerdict: Sendable, Hashable, CustomStringConvertible {
    /// A listed key made it; `principals` as its line, or its user ID, names them.
    case good(principals: [String], key: SigningKey)
    case unsigned
    /// The signature does not fit the contents, or is not readable.
    case bad(reason: String)
    /// The signature fits, but the key may not sign this: for another purpose, expired, not valid yet, revoked.
    case notAllowed(key: SigningKey, reason: String)
    /// No such key is listed. What only a listed key can show, whether an OpenPGP signature fits, has not been looked at.
    case unknownKey(SigningKey)
    /// A kind of signature or key that cannot be checked here.
    case unsupported(reason: String)

    package var isGood: Bool {
        if case .good = self { true } else { false }
    }

    package var description: String {
        switch self {
        case .good(let principals, let key): "signed by \(principals.joined(separator: ", ")) (\(key))"
        case .unsigned: "not signed"
        case .bad(let reason): "bad signature: \(reason)"
        case .notAllowed(let key, let reason): "signed by \(key), which is not allowed: \(reason)"
        case .unknownKey(let key): "signed by \(key), which is not listed"
        case .unsupported(let reason): "cannot be checked: \(reason)"
        }
    }
}
