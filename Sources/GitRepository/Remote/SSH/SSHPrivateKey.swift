// SPDX-License-Identifier: Apache-2.0

/// A private key that opens a repository over ssh. Nothing of it is in descriptions or errors.
package struct SSHPrivateKey: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The file as it is.
    let bytes: [UInt8]
    let passphrase: String?
    /// `ssh-ed25519`, …; `nil` where the file does not say it in the open.
    package let type: String?
    /// The public half; `nil` where the file does not show it in the open.
    package let publicKey: SSHPublicKey?

    private static let bytesMax = 65_536
    private static let openSSHLabel = "OPENSSH PRIVATE KEY"

    /// Reads a key in OpenSSH's form, or an RSA or ECDSA key in PEM form; `name` says in errors which key it is.
    ///
    /// Throws `GitError.invalid` for anything else, and for a key with a passphrase when none is given. Whether the passphrase fits shows
    /// only when the key is used.
    package init(_ bytes: [UInt8], passphrase: String? = nil, name: String = "the ssh key") throws(GitError) {
        func unusable(_ reason: String) -> GitError { .invalid(what: name, reason: reason) }
        guard bytes.count <= Self.bytesMax else { throw .tooLarge(what: "\(name) in bytes", limit: Self.bytesMax) }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map { line in
            String(line.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
        guard let start = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") && $0.hasSuffix("-----") }) else {
            throw unusable("is not a private key: expected a text that begins with -----BEGIN OPENSSH PRIVATE KEY-----")
        }
        let label = String(lines[start].dropFirst("-----BEGIN ".count).dropLast(5))
        guard let stop = lines.firstIndex(of: "-----END \(label)-----"), start < stop else { throw unusable("is cut off") }
        let body = lines[(start + 1)..<stop]
        let isEncrypted: Bool
        switch label {
        case Self.openSSHLabel:
            var reader = SSHReader(Base64.decode(body.joined()) ?? [])
            guard reader.skip(Array("openssh-key-v1\0".utf8)), let cipher = reader.text(), reader.string() != nil, reader.string() != nil,
                reader.number() == 1, let blob = reader.string(), let key = SSHPublicKey(blob: blob)
            else { throw unusable("is a damaged OpenSSH private key") }
            guard Self.types.contains(key.type) else {
                throw unusable("is of type \(key.type); usable are \(Self.types.joined(separator: ", "))")
            }
            isEncrypted = cipher != "none"
            publicKey = key
            type = key.type
        case "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
            isEncrypted = label.hasPrefix("ENCRYPTED") || body.contains { $0.hasPrefix("Proc-Type:") && $0.hasSuffix("ENCRYPTED") }
            publicKey = nil
            type = label.hasPrefix("RSA") ? Self.rsa : nil
        default: throw unusable("is no private key but '\(label)'")
        }
        guard !isEncrypted || passphrase?.isEmpty == false else {
            throw unusable("is protected by a passphrase, and none is given")
        }
        self.bytes = bytes
        self.passphrase = passphrase
    }

    static let rsa = "ssh-rsa"
    private static let types = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", rsa]

    /// The key as people know it: its public half's fingerprint.
    package var description: String {
        if let publicKey { return "\(publicKey.type) key \(publicKey.fingerprint)" }
        return type.map { "\($0) key" } ?? "private key"
    }

    package var debugDescription: String { description }

    /// Without children, so that `dump` shows no secret either.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
