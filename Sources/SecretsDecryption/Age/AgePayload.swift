// SPDX-License-Identifier: Apache-2.0
import Crypto

/// The body of an age file: a nonce, then chunks of 64 KiB, each sealed with ChaCha20-Poly1305 (the STREAM construction).
enum AgePayload {
    private static let chunkBytes = 65_536
    private static let tagBytes = 16
    private static let nonceBytes = 16

    static func seal(
        _ plaintext: [UInt8], fileKey: SymmetricKey, using random: inout some RandomNumberGenerator
    ) throws(SecretsError) -> [UInt8] {
        let nonce = [UInt8].random(nonceBytes, using: &random)
        let key = Self.key(fileKey, nonce: nonce)
        var payload = nonce
        var start = 0
        var counter: UInt64 = 0
        do {
            repeat {
                let end = min(start + chunkBytes, plaintext.count)
                let chunkNonce = try ChaChaPoly.Nonce(data: Self.nonce(counter, isLast: end == plaintext.count))
                let box = try ChaChaPoly.seal(plaintext[start..<end], using: key, nonce: chunkNonce)
                payload.append(contentsOf: box.ciphertext)
                payload.append(contentsOf: box.tag)
                start = end
                counter += 1
            } while start < plaintext.count
        } catch {
            throw SecretsError(.failed, "sealing an age file failed")
        }
        return payload
    }

    static func open(_ payload: ArraySlice<UInt8>, fileKey: SymmetricKey) throws(SecretsError) -> [UInt8] {
        guard payload.count >= nonceBytes else { throw truncated }
        let key = Self.key(fileKey, nonce: Array(payload.prefix(nonceBytes)))
        var rest = payload.dropFirst(nonceBytes)
        var plaintext: [UInt8] = []
        plaintext.reserveCapacity(rest.count)
        var counter: UInt64 = 0
        while true {
            let sealed = rest.prefix(chunkBytes + tagBytes)
            rest = rest.dropFirst(sealed.count)
            guard sealed.count >= tagBytes else { throw truncated }
            // An empty chunk is only allowed as the whole of an empty file.
            guard sealed.count > tagBytes || counter == 0 else { throw AgeHeader.malformed("its last chunk is empty") }
            guard let chunk = open(chunk: sealed, key: key, nonce: nonce(counter, isLast: rest.isEmpty)) else {
                if rest.isEmpty, open(chunk: sealed, key: key, nonce: nonce(counter, isLast: false)) != nil { throw truncated }
                throw SecretsError(.tamperedFile, "the age file was changed or cut off: chunk \(counter + 1) is not what was sealed")
            }
            plaintext.append(contentsOf: chunk)
            if rest.isEmpty { return plaintext }
            counter += 1
        }
    }

    private static func open(chunk: ArraySlice<UInt8>, key: SymmetricKey, nonce: [UInt8]) -> [UInt8]? {
        guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
            let box = try? ChaChaPoly.SealedBox(nonce: nonce, ciphertext: chunk.dropLast(tagBytes), tag: chunk.suffix(tagBytes)),
            let plaintext = try? ChaChaPoly.open(box, using: key)
        else { return nil }
        return Array(plaintext)
    }

    private static var truncated: SecretsError { SecretsError(.malformedFile, "the age file is cut off") }

    private static func key(_ fileKey: SymmetricKey, nonce: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: fileKey, salt: nonce, info: Array("payload".utf8), outputByteCount: 32)
    }

    /// 11 bytes of big-endian counter, then whether it is the last chunk.
    private static func nonce(_ counter: UInt64, isLast: Bool) -> [UInt8] {
        [0, 0, 0] + withUnsafeBytes(of: counter.bigEndian) { Array($0) } + [isLast ? 1 : 0]
    }
}
