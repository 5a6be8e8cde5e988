// SPDX-License-Identifier: Apache-2.0
import Crypto
import Manifests

/// Seals what a browser or a program carries for the coordinator while it signs in, so that nothing is kept here: it can be neither read
/// nor changed by whoever carries it, and is good for one purpose only.
struct FlowSeal: Sendable {
    private let key: SymmetricKey

    static let textMax = 16 << 10

    init(_ secret: SymmetricKey) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Array("flotilla.dev/identity-flow/v1".utf8), outputByteCount: 32)
    }

    func seal(_ value: Value, as purpose: String, until: Timestamp) throws -> String {
        let whole: Value = .map(["until": .int(until.milliseconds), "value": value])
        let box = try AES.GCM.seal(JSON.write(whole), using: key, authenticating: Array(purpose.utf8))
        return Base64URL.encode(Array(box.nonce) + Array(box.ciphertext) + Array(box.tag))
    }

    /// `nil` for anything that was not sealed here for this purpose, or whose time is over.
    func open(_ text: String, as purpose: String, at now: Timestamp) -> Value? {
        guard text.utf8.count <= Self.textMax, let bytes = Base64URL.decode(text), let box = try? AES.GCM.SealedBox(combined: bytes),
            let opened = try? AES.GCM.open(box, using: key, authenticating: Array(purpose.utf8)), let whole = try? JSON.read(Array(opened)),
            let until = whole["until"]?.int, now.milliseconds < until
        else { return nil }
        return whole["value"]
    }
}
