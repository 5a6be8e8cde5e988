// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests
import SecretsDecryption
import Synchronization

/// Hides secrets in whatever leaves the cluster: reports, events, log lines, answers to commands.
///
/// In place of a value stands `<hidden 9f3a2c71>`, the beginning of an HMAC-SHA-256 of it with a key that never leaves the cluster: equal
/// values look equal, changed ones differ, and nobody outside can try out which they are.
///
/// Plaintexts that the agent has worked with are known by codes, so that they are found in any text, raw, escaped as in JSON, in base64
/// (also as a part of something longer), in hexadecimal, and line by line. Those of 6 bytes and more are found anywhere; shorter ones
/// only in what is said of their own object, and where they stand alone. A plaintext that is also the name of something on the cluster is
/// no secret as a name, and stays.
final class SecretMask: Sendable {
    private struct State {
        var key: SymmetricKey
        var known: SecretIndex
        /// What was learnt before that: of a long life only the latest is remembered.
        var older: SecretIndex
        /// What is never forgotten: the agent's own secrets.
        var lasting = Plaintexts()
        var isName: @Sendable (String) -> Bool = { _ in false }

        mutating func insert(_ secrets: Plaintexts) {
            // Moved out, so that it changes in place.
            var index = known
            known = SecretIndex(key: key)
            for value in secrets.values where value.count >= SecretIndex.freeMin {
                index.insert(value, shown: SecretMask.shown(value, key))
            }
            known = index
        }
    }

    private let state: Mutex<State>

    /// - Parameter key: one for this process where the cluster's is not known yet.
    init(key: SymmetricKey = SymmetricKey(size: .bits256)) {
        let none = SecretIndex(key: SymmetricKey(size: .bits256))
        state = Mutex(State(key: key, known: none, older: none))
    }

    /// Takes over the cluster's own key; what was known is forgotten.
    func use(_ key: SymmetricKey) {
        state.withLock { state in
            state.key = key
            state.known = SecretIndex(key: SymmetricKey(size: .bits256))
            state.older = state.known
            state.insert(state.lasting)
        }
    }

    /// Says what is a name on this cluster.
    func use(names isName: @escaping @Sendable (String) -> Bool) { state.withLock { $0.isName = isName } }

    // MARK: Codes

    /// What is shown in place of a value.
    func shown(_ bytes: [UInt8]) -> String { Self.shown(bytes, state.withLock { $0.key }) }

    fileprivate static func shown(_ bytes: [UInt8], _ key: SymmetricKey) -> String {
        let code = Manifests.Digest(bytes: Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key)))
        return "<hidden \((code?.hex ?? "").prefix(8))>"
    }

    /// A digest of an object that may hold secrets: who has not the key cannot try out what they are.
    func digest(of object: Value) -> Manifests.Digest { SOPS.plaintextDigest(of: object, keyedBy: state.withLock { $0.key }) }

    /// The same of what is only known by a digest that must not be stored.
    func keyed(_ digest: Manifests.Digest) -> Manifests.Digest {
        let key = state.withLock { $0.key }
        return Manifests.Digest(bytes: Array(HMAC<SHA256>.authenticationCode(for: digest.bytes, using: key))) ?? digest
    }

    // MARK: Texts

    /// Remembers, by codes, plaintexts that are about to be worked with.
    func learn(_ secrets: Plaintexts) {
        guard !secrets.values.isEmpty else { return }
        state.withLock { state in
            if state.known.isFull {
                state.older = state.known
                state.known = SecretIndex(key: SymmetricKey(size: .bits256))
                state.insert(state.lasting)
            }
            state.insert(secrets)
        }
    }

    /// Remembers secrets of the agent's own for as long as it runs, whatever else it learns.
    func keep(_ secrets: Plaintexts) {
        state.withLock { state in
            guard !secrets.values.isSubset(of: state.lasting.values) else { return }
            state.lasting.formUnion(secrets)
            state.insert(secrets)
        }
    }

    /// A text without any known plaintext.
    ///
    /// To be done before the text is cut: a part of a plaintext is known only at the end of a long text.
    /// - Parameter secrets: those of the object that the text is about, of whatever length.
    func redact(_ text: String, secrets: Plaintexts = Plaintexts()) -> String { Redaction(self, secrets).redact(text) }

    /// An object without the values of Secrets, without decrypted values, and without any known plaintext.
    ///
    /// What is below `data` and `stringData` of core Secrets is hidden, whoever wrote it; also in the copies that `kubectl apply` and others
    /// keep in annotations.
    /// - Parameter secrets: those that were filled into it.
    func masked(_ object: Value, secrets: Plaintexts = Plaintexts()) -> Value { MaskingWalk(self, secrets).masked(object) }

    /// What redaction works with at one time.
    fileprivate var snapshot: (key: SymmetricKey, known: [SecretIndex], isName: @Sendable (String) -> Bool) {
        state.withLock { state in (state.key, [state.known, state.older].filter { !$0.isEmpty }, state.isName) }
    }
}

/// Hides plaintexts in texts: those known to the mask and those of one object.
struct Redaction {
    let key: SymmetricKey
    private let indices: [SecretIndex]
    private let isName: @Sendable (String) -> Bool

    /// From this length on a text may have been cut.
    private static let cutFrom = 250

    init(_ mask: SecretMask, _ secrets: Plaintexts) {
        let snapshot = mask.snapshot
        key = snapshot.key
        isName = snapshot.isName
        var own = SecretIndex(key: snapshot.key)
        for value in secrets.values { own.insert(value, shown: mask.shown(value)) }
        indices = snapshot.known + (own.isEmpty ? [] : [own])
    }

    func redact(_ text: String) -> String {
        guard !indices.isEmpty, !text.isEmpty else { return text }
        let bytes = Array(text.utf8)
        let isCut = bytes.count >= Self.cutFrom || text.hasSuffix("…")
        var out: [UInt8] = []
        var (index, copied) = (0, 0)
        while index < bytes.count {
            let hits = indices.compactMap { $0.hit(in: bytes, at: index, isCut: isCut) }
            guard let hit = hits.max(by: { $0.length < $1.length }),
                !isName(String(decoding: bytes[index..<index + hit.length], as: UTF8.self))
            else {
                index += 1
                continue
            }
            out += bytes[copied..<index]
            out += Array(hit.shown.utf8)
            index += hit.length
            copied = index
        }
        guard copied > 0 else { return text }
        return String(decoding: out + bytes[copied...], as: UTF8.self)
    }
}
