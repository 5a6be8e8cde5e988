// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// A detached SSH signature (openssh/PROTOCOL.sshsig).
struct SSHSignature: Sendable {
    enum Hash: String, Sendable {
        case sha256, sha512

        func digest(_ message: [UInt8]) -> [UInt8] {
            switch self {
            case .sha256: Array(SHA256.hash(data: message))
            case .sha512: Array(SHA512.hash(data: message))
            }
        }
    }

    let publicKey: SSHPublicKey
    let namespace: String
    let hash: Hash
    /// SSH's form: a type and the bytes.
    let signature: [UInt8]

    private static let magic = Array("SSHSIG".utf8)
    static let begin = "-----BEGIN SSH SIGNATURE-----"
    private static let end = "-----END SSH SIGNATURE-----"

    init(publicKey: SSHPublicKey, namespace: String, hash: Hash, signature: [UInt8]) {
        self.publicKey = publicKey
        self.namespace = namespace
        self.hash = hash
        self.signature = signature
    }

    /// Reads the armored form; `nil` where it is anything else.
    init?(armored text: String) {
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.count > 2, lines[0] == Self.begin, lines[lines.count - 1] == Self.end,
            let bytes = Base64.decode(lines.dropFirst().dropLast().joined())
        else { return nil }
        var reader = SSHReader(bytes)
        guard reader.skip(Self.magic), reader.number() == 1, let blob = reader.string(), let key = SSHPublicKey(blob: blob),
            let namespace = reader.text(), reader.string() != nil, let hash = reader.text().flatMap(Hash.init(rawValue:)),
            let signature = reader.string(), reader.isAtEnd, !namespace.isEmpty
        else { return nil }
        self.init(publicKey: key, namespace: namespace, hash: hash, signature: signature)
    }

    /// The text between `BEGIN` and `END SSH SIGNATURE`, without a line feed at its end.
    var armored: String {
        var writer = SSHWriter()
        writer.raw(Self.magic)
        writer.number(1)
        writer.string(publicKey.blob)
        writer.string(namespace)
        writer.string("")
        writer.string(hash.rawValue)
        writer.string(signature)
        return "\(Self.begin)\n\(Self.wrapped(Base64.encode(writer.bytes)))\n\(Self.end)"
    }

    /// What the key signs: never the message itself, so that no signature can be used in another place.
    static func signedData(_ message: [UInt8], namespace: String, hash: Hash) -> [UInt8] {
        var writer = SSHWriter()
        writer.raw(magic)
        writer.string(namespace)
        writer.string("")
        writer.string(hash.rawValue)
        writer.string(hash.digest(message))
        return writer.bytes
    }

    /// Whether the signature fits `message`; `nil` for a kind of key that cannot be checked here.
    func verifies(_ message: [UInt8]) -> Bool? {
        publicKey.verifies(signature: signature, message: Self.signedData(message, namespace: namespace, hash: hash))
    }

    /// Base 64 in lines of 70 characters, as OpenSSH writes it.
    static func wrapped(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: 70)
            .map { String(decoding: bytes[$0..<min($0 + 70, bytes.count)], as: UTF8.self) }
            .joined(separator: "\n")
    }
}
