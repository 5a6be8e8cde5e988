// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests

/// The keys by which readable Secrets are kept: sealed in the database, and named there by digests that give nothing away.
///
/// The file has one key per line; empty lines and those that begin with `#` are passed over. The first key seals, all of them open, and the
/// last one makes the salts, so that a new first key changes no digest and with it nothing in any cluster.
struct SealingKeys: Sendable {
    private struct Key: Sendable {
        /// Says in what was sealed which key did it.
        let name: [UInt8]
        let sealing: SymmetricKey
        let salting: SymmetricKey

        init(_ secret: SymmetricKey) {
            func derive(_ purpose: String, _ count: Int) -> SymmetricKey {
                HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: secret, info: Array("flotilla.dev/sealing/v1 \(purpose)".utf8), outputByteCount: count)
            }
            name = derive("name", SealingKeys.nameBytes).withUnsafeBytes { Array($0) }
            sealing = derive("seal", 32)
            salting = derive("salt", 32)
        }
    }

    enum Failure: Error, Equatable, CustomStringConvertible {
        case noKey
        case tooManyKeys
        /// Counted from 1.
        case malformedLine(Int)
        /// Sealed by a key that is not here, changed since, or something else in its place.
        case cannotOpen

        var description: String {
            switch self {
            case .noKey: "holds no key; a key is a line of 64 hexadecimal digits"
            case .tooManyKeys: "holds more than \(SealingKeys.countMax) keys"
            case .malformedLine(let line): "line \(line): a key is 64 hexadecimal digits"
            case .cannotOpen:
                "it is sealed by a key that keys/sealing.key does not hold: put the earlier key back, as a further line, or make a new release"
            }
        }
    }

    /// More would only make opening slow.
    static let countMax = 16
    private static let version: UInt8 = 1
    private static let nameBytes = 8

    private let keys: [Key]
    private let first: Key
    private let last: Key

    /// Reads a file of keys; errors never have any of its text.
    init(parsing text: String) throws(Failure) {
        var keys: [Key] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.filter { !$0.isWhitespace }
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let bytes = Manifests.Digest(hex: line.lowercased())?.bytes else { throw .malformedLine(index + 1) }
            keys.append(Key(SymmetricKey(data: bytes)))
        }
        guard let first = keys.first, let last = keys.last else { throw .noKey }
        guard keys.count <= Self.countMax else { throw .tooManyKeys }
        self.keys = keys
        self.first = first
        self.last = last
    }

    /// A file with a new key.
    static func newFile(_ bytes: [UInt8]) -> String {
        """
        # Seals the readable Secrets in Flotilla's database. A new key goes above this one: the first line seals, every line opens.
        \(KeyFolder.hex(bytes))

        """
    }

    // MARK: - Digests

    /// What an object with these canonical bytes carries so that its digest gives nothing away; see `SecretSalt`.
    func salt(_ canonical: [UInt8]) -> String {
        KeyFolder.hex(HMAC<SHA256>.authenticationCode(for: canonical, using: last.salting))
    }

    /// What a file's content is called in the trace of a render; equal for equal object ids, and nothing to find them by.
    func contentName(_ objectID: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("content \(objectID)".utf8), using: last.salting)
        return "content:\(KeyFolder.hex(code.prefix(20)))"
    }

    /// Changes when the key does that makes the salts.
    var saltName: String { KeyFolder.hex(last.name) }

    // MARK: - Sealing

    /// What begins everything that the first key seals.
    var sealPrefix: [UInt8] { [Self.version] + first.name }

    /// Encrypts and authenticates, bound to the digest that it is kept under: version, name of the key, nonce, ciphertext, tag.
    func seal(_ bytes: [UInt8], as digest: Manifests.Digest) throws -> [UInt8] {
        let prefix = sealPrefix
        let box = try AES.GCM.seal(bytes, using: first.sealing, authenticating: prefix + digest.bytes)
        return prefix + Array(box.nonce) + box.ciphertext + box.tag
    }

    /// What was sealed under a digest.
    func open(_ sealed: [UInt8], as digest: Manifests.Digest) throws(Failure) -> [UInt8] {
        let start = 1 + Self.nameBytes
        guard sealed.first == Self.version, sealed.count > start else { throw .cannotOpen }
        let prefix = Array(sealed[..<start])
        for key in keys where key.name.elementsEqual(sealed[1..<start]) {
            if let box = try? AES.GCM.SealedBox(combined: sealed[start...]),
                let bytes = try? AES.GCM.open(box, using: key.sealing, authenticating: prefix + digest.bytes)
            {
                return Array(bytes)
            }
        }
        throw .cannotOpen
    }
}
