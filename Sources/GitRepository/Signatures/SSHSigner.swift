// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// An Ed25519 key that signs as `ssh-keygen -Y sign` does; stock Git and OpenSSH read its files.
package struct SSHSigner: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    /// What stands behind the key in its files.
    package let comment: String

    private init(key: Curve25519.Signing.PrivateKey, comment: String) {
        self.key = key
        self.comment = comment
    }

    /// A new key from the system's random numbers.
    package static func generate(comment: String) -> SSHSigner {
        SSHSigner(key: Curve25519.Signing.PrivateKey(), comment: comment)
    }

    /// Reads an OpenSSH private key file of an Ed25519 key without a passphrase; blocks on the disk.
    package static func load(path: String) throws(GitError) -> SSHSigner {
        guard let bytes = try LocalFiles.read(path, limit: 65_536) else { throw .notFound(what: path) }
        return try SSHSigner(privateKeyFile: String(decoding: bytes, as: UTF8.self), name: path)
    }

    /// Writes the private key to `path` (mode 0600, never over another file) and the public one to `path.pub`; blocks on the disk.
    package func save(path: String) throws(GitError) {
        try LocalFiles.write(Array(privateKeyFile.utf8), to: path, mode: 0o600, replacing: false)
        try LocalFiles.write(Array("\(publicKeyLine)\n".utf8), to: "\(path).pub")
    }

    package var publicKey: SSHPublicKey { SSHPublicKey(ed25519: Array(key.publicKey.rawRepresentation)) }

    /// `ssh-ed25519 <base64> comment`.
    package var publicKeyLine: String { comment.isEmpty ? "\(publicKey)" : "\(publicKey) \(comment)" }

    /// A line for an allowed-signers file that trusts this key for Git commits of `principal`.
    package func allowedSignersLine(principal: String) -> String { "\(principal) namespaces=\"git\" \(publicKey)" }

    /// The armored signature of `message` under `namespace` (`git` for commits), with no line break at its end.
    package func sign(_ message: [UInt8], namespace: String) throws(GitError) -> String {
        let signature: [UInt8]
        do {
            signature = Array(try key.signature(for: SSHSignature.signedData(message, namespace: namespace, hash: .sha512)))
        } catch {
            throw .failed(what: "signing", reason: "\(error)")
        }
        var writer = SSHWriter()
        writer.string(SSHPublicKey.ed25519)
        writer.string(signature)
        return SSHSignature(publicKey: publicKey, namespace: namespace, hash: .sha512, signature: writer.bytes).armored
    }
}

// The file format: openssh/PROTOCOL.key.
extension SSHSigner {
    private static let magic = Array("openssh-key-v1\0".utf8)
    private static let begin = "-----BEGIN OPENSSH PRIVATE KEY-----"
    private static let end = "-----END OPENSSH PRIVATE KEY-----"

    /// The private key in OpenSSH's own format, not encrypted.
    package var privateKeyFile: String {
        let publicBytes = Array(key.publicKey.rawRepresentation)
        var secret = SSHWriter()
        // Two equal numbers tell OpenSSH that the passphrase was right; without one their value says nothing.
        secret.number(0x464C_4F54)
        secret.number(0x464C_4F54)
        secret.string(SSHPublicKey.ed25519)
        secret.string(publicBytes)
        secret.string(Array(key.rawRepresentation) + publicBytes)
        secret.string(comment)
        var padding: UInt8 = 1
        while secret.bytes.count % 8 != 0 {
            secret.raw([padding])
            padding += 1
        }
        var writer = SSHWriter()
        writer.raw(Self.magic)
        writer.string("none")
        writer.string("none")
        writer.string("")
        writer.number(1)
        writer.string(publicKey.blob)
        writer.string(secret.bytes)
        return "\(Self.begin)\n\(SSHSignature.wrapped(Base64.encode(writer.bytes)))\n\(Self.end)\n"
    }

    /// Reads OpenSSH's private key format; `name` says in errors which key it is.
    package init(privateKeyFile text: String, name: String = "the signing key") throws(GitError) {
        func unusable(_ reason: String) -> GitError { .invalid(what: name, reason: reason) }
        let lines = text.split(whereSeparator: \.isNewline)
        guard let start = lines.firstIndex(where: { $0 == Self.begin }), let stop = lines.firstIndex(where: { $0 == Self.end }),
            start < stop, let bytes = Base64.decode(lines[(start + 1)..<stop].joined())
        else { throw unusable("is not an OpenSSH private key") }
        var reader = SSHReader(bytes)
        guard reader.skip(Self.magic), let cipher = reader.text(), reader.string() != nil, reader.string() != nil,
            let count = reader.number(), reader.string() != nil, let section = reader.string()
        else { throw unusable("is a damaged OpenSSH private key") }
        guard cipher == "none" else { throw unusable("is protected by a passphrase; a service needs a key without one") }
        guard count == 1 else { throw unusable("holds \(count) keys, expected one") }
        var secret = SSHReader(section)
        guard let first = secret.number(), let second = secret.number(), first == second, let type = secret.text() else {
            throw unusable("is a damaged OpenSSH private key")
        }
        guard type == SSHPublicKey.ed25519 else { throw unusable("is of type \(type), expected \(SSHPublicKey.ed25519)") }
        guard let publicBytes = secret.string(), let both = secret.string(), both.count == 64, let comment = secret.text(),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(both.prefix(32))),
            Array(key.publicKey.rawRepresentation) == publicBytes
        else { throw unusable("is a damaged OpenSSH private key") }
        self.init(key: key, comment: comment)
    }
}
