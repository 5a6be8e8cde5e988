// SPDX-License-Identifier: Apache-2.0
import Crypto

/// One encrypted value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.
struct EncryptedText {
    enum Kind: String {
        case string = "str"
        case integer = "int"
        case float
        case bool
        case bytes
        case time
        case comment
    }

    var data: [UInt8]
    var nonce: [UInt8]
    var tag: [UInt8]
    var kind: Kind

    static let marker = "ENC[AES256_GCM,"
    static let pattern = BytePattern(marker)
    /// The marker in base64, as a Secret's `data` would hold a value that was encoded after it was encrypted.
    static let encodedMarker = Base64.encode(Array(marker.utf8), padded: false)

    static func looksEncrypted(_ text: String) -> Bool { text.utf8.starts(with: marker.utf8) && text.utf8.last == UInt8(ascii: "]") }

    /// `nil` where the text has another form, or a type that is not known.
    init?(_ text: String) {
        guard Self.looksEncrypted(text) else { return nil }
        let parts = text.dropFirst(Self.marker.count).dropLast().split(separator: ",", omittingEmptySubsequences: false)
        func part(_ index: Int, _ name: String) -> Substring? { parts[index].hasPrefix(name) ? parts[index].dropFirst(name.count) : nil }
        guard parts.count == 4, let data = part(0, "data:"), let nonce = part(1, "iv:"), let tag = part(2, "tag:"),
            let kind = part(3, "type:").flatMap({ Kind(rawValue: String($0)) }),
            let data = Base64.decode(Array(data.utf8), padded: true), !data.isEmpty,
            let nonce = Base64.decode(Array(nonce.utf8), padded: true), (12...64).contains(nonce.count),
            let tag = Base64.decode(Array(tag.utf8), padded: true), tag.count == 16
        else { return nil }
        self.data = data
        self.nonce = nonce
        self.tag = tag
        self.kind = kind
    }

    /// The plaintext; `nil` where the key or the additional data is another, or anything was changed.
    func open(_ key: SymmetricKey, authenticating additional: String) -> [UInt8]? {
        guard let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: data, tag: tag),
            let plaintext = try? AES.GCM.open(box, using: key, authenticating: Array(additional.utf8))
        else { return nil }
        return Array(plaintext)
    }

    static func seal(
        _ plaintext: [UInt8], as kind: Kind, key: SymmetricKey, authenticating additional: String,
        using random: inout some RandomNumberGenerator
    ) throws(SecretsError) -> String {
        let nonce = [UInt8].random(32, using: &random)
        do {
            let box = try AES.GCM.seal(
                plaintext, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: Array(additional.utf8))
            func text(_ bytes: some Collection<UInt8>) -> String { Base64.encode(bytes, padded: true) }
            return "\(marker)data:\(text(box.ciphertext)),iv:\(text(nonce)),tag:\(text(box.tag)),type:\(kind.rawValue)]"
        } catch {
            throw SecretsError(.failed, "sealing a value failed")
        }
    }
}
